// What somebody prefers follows to another browser; who wants no motion gets none; what a role may not do is said by name.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

let hydrad, browser, admin;
before(async () => {
    hydrad = await Hydrad.start();
    admin = await hydrad.setUp();
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
});

const theme = page => page.evaluate(() => document.documentElement.dataset.theme);
const prefers = () => admin.get('/api/web/session').then(a => a.json.preferences);

test('theme, temperature and time zone are kept, and follow to another browser', async () => {
    const context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
    const page = await openPage(context);
    await page.goto(`${hydrad.base}/settings`);
    await page.getByRole('radio', { name: 'Light' }).click();
    await until(async () => await theme(page) === 'light', 60000, 'the light theme');
    await page.getByRole('radio', { name: '°F' }).click();
    await page.getByLabel('Time zone').selectOption('Pacific/Kiritimati');
    await until(async () => { const p = await prefers(); return p.theme === 'light' && p.temperature === 'fahrenheit' && p.time_zone === 'Pacific/Kiritimati'; }, 60000, 'the server to know');
    await context.close();

    const other = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
    const again = await openPage(other);
    await again.goto(`${hydrad.base}/settings`);
    await until(async () => await theme(again) === 'light', 60000, 'the light theme elsewhere');
    assert.ok(await again.getByRole('radio', { name: '°F' }).isChecked());
    assert.equal(await again.getByLabel('Time zone').inputValue(), 'Pacific/Kiritimati');
    const there = () => new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'Pacific/Kiritimati' }).format(Date.now());
    await until(async () => await again.getByText(`now ${there()}`).count() === 1, 60000, 'the clock of that zone');
    await again.goto(`${hydrad.base}/audit`);
    const entry = (await admin.get('/api/web/audit?limit=1')).json.entries[0];
    const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: 'Pacific/Kiritimati' }).format(Date.parse(entry.time));
    await again.locator('.audit-row').first().getByText(clock).waitFor();
    assert.deepEqual([...page.complaints, ...again.complaints], []);
    await other.close();
});

test('the name that others see is changed', async () => {
    const context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
    const page = await openPage(context);
    await page.goto(`${hydrad.base}/settings`);
    await page.getByLabel('Shown as').fill('Ada L.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: /^Ada L\., Admin: menu/ }).first().waitFor();
    await page.reload();
    await page.getByRole('button', { name: /^Ada L\., Admin: menu/ }).first().waitFor();
    assert.deepEqual(page.complaints, []);
    await context.close();
});

for (const reducedMotion of ['reduce', 'no-preference'])
    test(`motion: ${reducedMotion}`, async () => {
        const context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie, reducedMotion });
        const page = await openPage(context);
        await page.goto(hydrad.base);
        await page.getByRole('heading', { level: 1 }).waitFor();
        const moving = await page.evaluate(() => {
            const probe = Object.assign(document.createElement('div'), { className: 'float-in' });
            const button = document.querySelector('.pop');
            document.body.append(probe);
            const { animationName } = getComputedStyle(probe), { transitionDuration } = getComputedStyle(button);
            probe.remove();
            return animationName !== 'none' || transitionDuration.split(',').some(d => parseFloat(d) > 0);
        });
        assert.equal(moving, reducedMotion !== 'reduce');
        assert.deepEqual(page.complaints, []);
        await context.close();
    });

test('a page that a role may not see says which right is missing and who has it', async () => {
    const vera = await hydrad.person(admin, 'vera', 'viewer');
    const context = await openContext(browser, hydrad.base, { cookie: vera.auth.cookie });
    const page = await openPage(context, { allow: [/403/] });
    for (const [where, right] of [['/users', 'users:read'], ['/audit', 'audit:read']]) {
        await page.goto(hydrad.base + where);
        await page.getByRole('heading', { level: 1, name: /^You can.t / }).waitFor();
        await page.getByText(right).waitFor();
        await page.getByText(/role Admin/).waitFor();
    }
    await page.goto(`${hydrad.base}/services?add`);
    await page.getByRole('heading', { level: 1, name: 'Services' }).waitFor();
    await page.keyboard.press('n');
    assert.equal(await page.getByRole('dialog').count(), 0);
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Search or run a command').fill('add a service');
    await page.getByText(/Nothing is called/).waitFor();
    assert.equal(await page.getByRole('option', { name: /Add a service/ }).count(), 0);
    assert.deepEqual(page.complaints, []);
    await context.close();
});

test('lost connection: the banner says since when, what changes things waits, and all comes back', async () => {
    const LOST = /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to fetch|50[0-9]/;
    await admin.post('/api/web/services', { name: 'Router' });
    const context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
    const page = await openPage(context, { allow: [LOST] });
    await page.goto(`${hydrad.base}/service?id=manual/router`);
    const edit = page.getByRole('button', { name: 'Edit' });
    await until(() => edit.isEnabled(), 60000, 'a page that can be used');
    await page.getByText('Live', { exact: true }).waitFor();
    await hydrad.kill();
    await page.getByText(/No live data for/).waitFor();
    await page.getByText(/What you see is from \d\d:\d\d:\d\d\./).waitFor();
    await until(() => edit.isDisabled(), 60000, 'the button to wait');
    assert.equal(await page.locator('.shell').getAttribute('data-stale'), 'true');
    await hydrad.start();
    await page.getByRole('button', { name: 'Try now' }).click({ timeout: 5000 }).catch(() => {}); // it may have come back by itself
    await page.getByText(/No live data for/).waitFor({ state: 'detached', timeout: 60000 });
    await until(() => edit.isEnabled(), 60000, 'the button to come back');
    assert.deepEqual(page.complaints, []);
    await context.close();
});
