// A service added by hand lives through reloads and restarts; the list is searched, filtered and grouped, and its address says how.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

const RESTART = /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to fetch|50[0-9]/;
const OTHERS = [['Anton web', 'Rooms'], ['Berta web', 'Rooms'], ['Caesar mail', 'Cellar']];

let hydrad, browser, admin, context;
before(async () => {
    hydrad = await Hydrad.start();
    admin = await hydrad.setUp();
    for (const [name, group] of OTHERS) await admin.post('/api/web/services', { name, group });
    await admin.post('/api/web/services', { name: 'Dora', group: 'Cellar', check: { kind: 'tcp', target: '127.0.0.1:9', interval_ms: 1000, retries: 0 } });
    await until(async () => (await admin.get('/api/web/services/manual/dora')).json.state === 'down', 60000, 'a service that is down');
    browser = await openBrowser();
    context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
});

const title = (page, name) => page.getByRole('heading', { level: 1, name });
const row = (page, id) => page.locator(`[data-id="${id}"]`);
const more = async (page, item) => {
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: item }).click();
};
const names = page => page.locator('[data-id] .svc-link').allInnerTexts().then(all => all.map(t => t.split('\n').at(-1).trim()));
const shown = (page, id, count) => until(async () => await row(page, id).count() === count, 60000, `${id} ${count} times`);

test('a service is added, edited, hidden and removed in the page, and stays so after a reload and a restart', async () => {
    const page = await openPage(context, { allow: [RESTART, /404/] });
    await page.goto(`${hydrad.base}/services`);
    await page.getByRole('button', { name: 'Add service' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Address').fill(`${hydrad.base}/healthz`);
    await dialog.getByLabel('Name').fill('Router');
    await dialog.getByLabel('Group').fill('Network');
    await dialog.getByRole('button', { name: 'Add service' }).click();
    await page.waitForURL(/\/service\?id=manual/);
    await title(page, /Router/).waitFor();
    await page.getByText(/^Healthy for/).waitFor();

    await page.getByRole('button', { name: 'Edit' }).click();
    await dialog.getByLabel('Name').fill('Main router');
    await dialog.getByLabel('Description').fill('The way out');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await title(page, /Main router/).waitFor();
    await page.reload();
    await title(page, /Main router/).waitFor();
    await page.getByText('The way out').waitFor();

    await more(page, 'Hide from lists');
    await title(page, /Hidden/).waitFor();
    await hydrad.restart();
    await page.goto(`${hydrad.base}/services`);
    await page.getByRole('button', { name: /Show 1 hidden service/ }).waitFor();
    assert.equal(await row(page, 'manual/router').count(), 0);
    await page.getByRole('button', { name: /Show 1 hidden service/ }).click();
    await row(page, 'manual/router').getByRole('link', { name: 'Main router', exact: true }).click();
    await title(page, /Hidden/).waitFor();
    await more(page, 'Show in lists');
    await until(async () => await title(page, /Hidden/).count() === 0, 60000, 'the chip to go');

    await more(page, /Remove/);
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.waitForURL(/\/services$/);
    await shown(page, 'manual/router', 0);
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await shown(page, 'manual/router', 1);
    await row(page, 'manual/router').getByRole('link', { name: 'Main router', exact: true }).click();
    await more(page, /Remove/);
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.waitForURL(/\/services$/);
    await shown(page, 'manual/router', 0);
    await hydrad.restart();
    await page.goto(`${hydrad.base}/service?id=manual/router`);
    await title(page, 'There is no such service').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('what the server refuses stands at its field, and nothing typed is lost', async () => {
    const page = await openPage(context, { allow: [/4(00|22)/] });
    await page.goto(`${hydrad.base}/services?add`);
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Address').fill('http://');
    await dialog.getByLabel('Name').fill('Nowhere');
    await dialog.getByRole('button', { name: 'Add service' }).click();
    await dialog.getByLabel('Address').and(page.locator('[aria-invalid=true]')).waitFor();
    assert.equal(await dialog.getByLabel('Name').inputValue(), 'Nowhere');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('search, filter and grouping are kept by the address, a reload and the way back', async () => {
    const page = await openPage(context);
    await page.goto(`${hydrad.base}/services`);
    await row(page, 'manual/anton-web').waitFor();
    await page.getByRole('searchbox', { name: 'Search services' }).pressSequentially('web', { delay: 60 });
    await until(async () => (await names(page)).join() === 'Anton web,Berta web', 60000, 'two found');
    assert.equal(new URL(page.url()).searchParams.get('q'), 'web');
    await page.getByLabel('Group by').selectOption('kind');
    await page.getByRole('rowheader', { name: 'Added by hand' }).waitFor();
    await row(page, 'manual/berta-web').getByRole('link', { name: 'Berta web', exact: true }).click();
    await title(page, /Berta web/).waitFor();
    await page.goBack();
    await until(async () => (await names(page)).join() === 'Anton web,Berta web', 60000, 'the same two after the way back');
    await page.reload();
    await until(async () => (await names(page)).join() === 'Anton web,Berta web', 60000, 'the same two after a reload');
    assert.equal(await page.getByLabel('Group by').inputValue(), 'kind');
    assert.equal(await page.getByRole('searchbox').inputValue(), 'web');

    await page.goto(`${hydrad.base}/services?group=Cellar`);
    await until(async () => (await names(page)).join() === 'Caesar mail,Dora', 60000, 'one group');
    await page.getByRole('radio', { name: /Down/ }).click();
    await until(async () => (await names(page)).join() === 'Dora', 60000, 'what is down');
    assert.equal(new URL(page.url()).searchParams.get('state'), 'down');
    await page.getByRole('searchbox').fill('no such thing');
    await page.getByRole('heading', { name: /No service matches “no such thing”/ }).waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await row(page, 'manual/anton-web').waitFor();
    assert.equal(new URL(page.url()).search, '');
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a title of a column sorts by it and says so', async () => {
    const page = await openPage(context);
    await page.goto(`${hydrad.base}/services?group=Cellar`);
    await until(async () => (await names(page)).join() === 'Caesar mail,Dora', 60000, 'by name');
    const state = page.getByRole('columnheader', { name: 'State' });
    await state.getByRole('button').click();
    await until(async () => (await names(page)).join() === 'Dora,Caesar mail', 60000, 'worst first');
    assert.equal(await state.getAttribute('aria-sort'), 'descending');
    await page.close();
});
