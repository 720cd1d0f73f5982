// The audit log and the events: what is typed is never lost, the filter holds for the downloads, and the chain can be proved.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

let hydrad, browser, admin, context, page;
before(async () => {
    hydrad = await Hydrad.start();
    admin = await hydrad.setUp();
    await admin.post('/api/web/services', { name: 'Router' });
    for (const name of ['vera', 'mira']) await admin.post('/api/web/users', { name, password: 'violet horse battery', role: 'viewer' });
    await (await hydrad.signIn('vera', 'violet horse battery')).post('/api/web/services', { name: 'Mine' });
    browser = await openBrowser();
    context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
    page = await openPage(context);
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
});

const lines = () => page.locator('.audit-row').allInnerTexts();

async function download(name) {
    const waiting = page.waitForEvent('download');
    await page.getByRole('link', { name }).click();
    return fs.readFileSync(await (await waiting).path(), 'utf8');
}

test('entries read as sentences and open to their details', async () => {
    await page.goto(`${hydrad.base}/audit`);
    await page.getByText('ada added the user vera').waitFor();
    await page.getByRole('button', { name: /vera was refused/ }).click();
    await page.getByText('access.refused').waitFor();
    await page.getByText('services:write').first().waitFor();
    assert.deepEqual(page.complaints, []);
});

test('the filter holds for the list, the address and both downloads', async () => {
    await page.goto(`${hydrad.base}/audit`);
    await page.getByLabel('Action').selectOption('user.');
    await until(async () => { const all = await lines(); return all.length === 2 && all.every(l => /the user/.test(l)); }, 60000, 'only users');
    assert.equal(new URL(page.url()).searchParams.get('action'), 'user.');
    const csv = (await download('CSV')).trim().split('\n');
    assert.equal(csv.length, 3);
    assert.ok(csv.slice(1).every(l => l.includes('user.add')), csv.join('\n'));
    const json = JSON.parse(await download('JSON'));
    assert.deepEqual(json.map(e => e.target).sort(), ['mira', 'vera']);
    await page.getByLabel('Action').selectOption('');
    await page.getByRole('radio', { name: 'Refused' }).click();
    await until(async () => { const all = await lines(); return all.length === 1 && /vera/.test(all[0]); }, 60000, 'only what was refused');
    await page.reload();
    await until(async () => (await lines()).length === 1, 60000, 'the same after a reload');
    assert.deepEqual(page.complaints, []);
});

test('the chain is verified on request', async () => {
    await page.goto(`${hydrad.base}/audit`);
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText(/Whole: \d+ entries, none changed/).waitFor();
});

for (const [where, name] of [['/audit', 'Search the audit log'], ['/events', 'Search events']])
    test(`no letter is lost while typing with rests, ${where}`, async () => {
        await page.goto(hydrad.base + where);
        const box = page.getByRole('searchbox', { name });
        await box.click();
        const text = 'nobody types evenly at all';
        let typed = '';
        for (const [i, letter] of [...text].entries()) {
            await page.keyboard.type(letter);
            typed += letter;
            await page.waitForTimeout([20, 255, 130, 262, 300][i % 5]); // around the rest after which the field tells the address
            assert.equal(await box.inputValue(), typed);
        }
        await until(() => new URL(page.url()).searchParams.get('text') === text, 60000, 'the address');
        assert.equal(await box.inputValue(), text);
        await page.getByRole('button', { name: 'Clear the filter' }).click();
        await until(async () => await box.inputValue() === '', 60000, 'an empty field');
        assert.deepEqual(page.complaints, []);
    });
