// The palette and the keys: whatever the `?` sheet names does what it says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

let hydrad, browser, admin, context, page, node;
before(async () => {
    hydrad = await Hydrad.start();
    admin = await hydrad.setUp();
    for (const name of ['Anton', 'Berta']) await admin.post('/api/web/services', { name, group: 'A group', check: { kind: 'http', target: `${hydrad.base}/healthz` } });
    node = (await admin.get('/api/web/nodes')).json.nodes[0].id;
    browser = await openBrowser();
    context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
    page = await openPage(context);
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
});

const path = () => { const u = new URL(page.url()); return u.pathname + u.search; };
const at = where => until(() => path() === where, 60000, where);
const dialog = name => page.getByRole('dialog', { name });
const press = async keys => { for (const k of keys) await page.keyboard.press(k); };
const focused = () => page.evaluate(() => document.activeElement?.closest('[data-id]')?.dataset.id ?? null);
const theme = () => page.evaluate(() => document.documentElement.dataset.theme);

async function open(where) {
    await page.goto(hydrad.base + where);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText('Live', { exact: true }).first().waitFor();
}

/** The sheet as it is shown: title → the keys to press, one after the other. */
async function sheet() {
    await page.keyboard.press('?');
    await dialog('Keyboard').waitFor();
    const rows = await dialog('Keyboard').locator('dl > div').evaluateAll(all => all.map(d => [d.querySelector('dt').textContent, [...d.querySelectorAll('kbd')].map(k => k.textContent)]));
    await page.keyboard.press('Escape');
    await dialog('Keyboard').waitFor({ state: 'detached' });
    return rows.map(([title, keys]) => [title, keys[0] === 'Ctrl' ? [`Control+${keys[1].toLowerCase()}`] : keys]);
}

const places = { Overview: '/', Nodes: '/nodes', Services: '/services', Logs: '/logs', Events: '/events', Jobs: '/jobs', Settings: '/settings', 'Guard rails': '/guard', Users: '/users', 'Audit log': '/audit', 'API tokens': '/tokens' };
const closes = name => async keys => {
    await press(keys);
    await dialog(name).waitFor();
    await page.keyboard.press('Escape');
    await dialog(name).waitFor({ state: 'detached' });
};
const walks = async keys => {
    const before = await focused();
    for (let tries = 5; ; tries--) { // the row may be that of a program that has just ended
        await press(keys);
        if (await until(async () => await focused() !== before, 4000, 'another row').catch(e => { if (tries === 1) throw e; })) return;
    }
};
const effects = {
    ...Object.fromEntries(Object.entries(places).map(([title, where]) => [title, async keys => { await press(keys); await until(() => new URL(page.url()).pathname === where, 60000, where); }])),
    'Search or run a command': closes('Search or run a command'),
    'Show all keys': closes('Keyboard'),
    'Search on this page': async keys => {
        await press(keys);
        if (await page.locator('[data-search]').count()) {
            await until(() => page.evaluate(() => document.activeElement.matches('[data-search]')), 60000, 'the search box');
            await page.keyboard.type('gs');
            await page.keyboard.press('Escape');
            await page.keyboard.press('Escape');
            await until(() => page.evaluate(() => !document.activeElement.matches('input')), 60000, 'the keys again');
        } else await closes('Search or run a command')([]);
    },
    'Switch between dark and light': async keys => {
        const was = await theme();
        await press(keys);
        await until(async () => await theme() !== was, 60000, 'the other theme');
    },
    'Add a service': closes('Add a service'),
    'Next service': walks,
    'Previous service': async keys => { for (const step of [['j'], ['j'], keys]) await walks(step); },
    // Hand-added services can't be chosen; what these do to others is in actions.test.mjs.
    'Select a service': press,
    'Restart what is selected': press,
    'Select nothing': press,
    'Add a node': closes('Add a node'),
    'Pause live lists': async keys => {
        await press(keys);
        await page.getByText('paused', { exact: true }).waitFor();
        await press(keys);
        await page.getByText('paused', { exact: true }).waitFor({ state: 'detached' });
    },
    'Check Anton now': async keys => { await press(keys); await page.getByText(/^Checking Anton/).waitFor(); },
    'Edit Anton': closes('Edit Anton'),
};

for (const where of ['/', '/services', '/service?id=manual/anton', '/audit', '/node?id=NODE'])
    test(`every key of the sheet works, ${where}`, async () => {
        const place = where.replace('NODE', node);
        await open(place);
        const rows = await sheet();
        assert.ok(rows.length >= Object.keys(places).length + 3, JSON.stringify(rows));
        for (const [title, keys] of rows) {
            assert.ok(effects[title], `no test knows “${title}”`);
            if (places[title] && where !== '/') continue; // the ways are the same everywhere
            if (path() !== place) await open(place);
            await effects[title](keys);
        }
        assert.deepEqual(page.complaints, []);
    });

test('letters typed into a field are letters', async () => {
    await open('/services');
    await page.getByRole('searchbox').click();
    await page.keyboard.type('gst?n');
    assert.equal(await page.getByRole('searchbox').inputValue(), 'gst?n');
    assert.equal(new URL(page.url()).pathname, '/services');
    assert.equal(await page.getByRole('dialog').count(), 0);
});

test('the palette finds and goes, and gives the focus back', async () => {
    await open('/');
    await page.keyboard.press('Control+k');
    const box = page.getByPlaceholder('Search or run a command');
    await box.fill('bert');
    await page.getByRole('option', { name: /Berta/ }).waitFor();
    await page.keyboard.press('Enter');
    await at('/service?id=manual/berta');
    await page.getByRole('heading', { level: 1, name: /Berta/ }).waitFor();

    await page.keyboard.press('Control+k');
    await box.fill('audit');
    await page.getByRole('option', { name: /Audit log/ }).click();
    await at('/audit');

    await page.keyboard.press('Control+k');
    await box.fill('light theme');
    await page.getByRole('option', { name: /Use the light theme/ }).waitFor();
    await page.keyboard.press('Enter');
    await until(async () => await theme() === 'light', 60000, 'the light theme');

    await page.keyboard.press('Control+k');
    await box.fill('qqqqqq');
    await page.getByText('Nothing is called “qqqqqq”').waitFor();
    await page.keyboard.press('Escape');
    await box.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /Search or run/ }).first().click();
    await box.waitFor();
    await page.keyboard.press('Escape');
    await box.waitFor({ state: 'detached' });
    assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ''), /Search or run/);
    assert.deepEqual(page.complaints, []);
});

test('the menu of the person opens at the first press and works by keys', async () => {
    await open('/');
    await page.getByRole('button', { name: /: menu$/ }).first().click();
    await page.getByRole('menuitem', { name: 'Sessions' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menuitem', { name: 'Sessions' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /: menu$/ }).first().press('Enter');
    await page.getByRole('menuitem', { name: 'Sessions' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await until(() => page.evaluate(() => document.activeElement?.getAttribute('role') === 'menuitem'), 60000, 'an item with the focus');
    await page.getByRole('menuitem', { name: 'Sessions' }).click();
    await at('/sessions');
    assert.deepEqual(page.complaints, []);
});
