// Jobs: what runs and what ran, by whom and how it ended; live, and for those who only look.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

let hub, browser;
before(async () => {
    hub = await StandIn.start();
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    hub?.done();
});

const order = body => fetch(`${hub.base}/api/web/jobs`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then(a => a.json());
const line = (page, title) => page.getByRole('main').getByRole('listitem').filter({ hasText: title }).first();

test('what others do appears by itself, step by step, and stays with how it ended', async () => {
    const page = await openPage(await openContext(browser, hub.base));
    await page.goto(`${hub.base}/jobs`);
    await line(page, 'Restart plex on tower').getByText('restarted in 1.2 s').waitFor();
    await line(page, 'Stop immich on tower').getByRole('img', { name: 'Outcome unknown' }).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.getByText('Live', { exact: true }).waitFor();
    await order({ verb: 'restart', service: 'tower/docker/vaultwarden' });
    const now = page.getByRole('region', { name: 'Now' });
    await now.getByText('Restart vaultwarden on tower').waitFor();
    await line(page, 'Restart vaultwarden').getByText('restarted in 1.4 s').waitFor();
    await now.waitFor({ state: 'detached' });
    await line(page, 'Restart sonarr').getByRole('button', { name: 'What it said' }).click();
    await page.getByLabel('Output').getByText(/port is already allocated/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('what has not begun is called off', async () => {
    const page = await openPage(await openContext(browser, hub.base));
    await page.goto(`${hub.base}/jobs`);
    await page.getByText('Live', { exact: true }).waitFor();
    await order({ verb: 'restart', services: ['tower/docker/radarr', 'tower/docker/overseerr'] });
    const all = line(page, 'Restart 2 services');
    await all.getByText('1 of 2: radarr').waitFor();
    await all.getByRole('listitem').filter({ hasText: 'Restart overseerr' }).getByText('waiting').waitFor();
    await all.getByRole('button', { name: /^Cancel/ }).click();
    await all.getByText('cancelled by shaun').waitFor();
    await page.getByRole('banner').getByRole('link', { name: /Restart 2 services/ }).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('a viewer reads along and has nothing to press; a phone has room', async () => {
    const theirs = await StandIn.start({ role: 'viewer' });
    const page = await openPage(await openContext(browser, theirs.base));
    await page.goto(`${theirs.base}/jobs`);
    await line(page, 'Restart plex').waitFor();
    assert.equal(await page.getByRole('button', { name: /Cancel/ }).count(), 0);
    await page.goto(`${theirs.base}/service?id=tower/docker/plex`);
    await page.getByRole('link', { name: 'Open' }).waitFor();
    assert.equal(await page.getByRole('button', { name: /Restart|More actions/ }).count(), 0);
    await page.goto(`${theirs.base}/services`);
    await page.locator('.svc-row').first().waitFor();
    assert.equal(await page.getByRole('checkbox').count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    theirs.done();

    const small = await openPage(await openContext(browser, hub.base, { width: 360, theme: 'light' }));
    await small.goto(`${hub.base}/jobs`);
    await line(small, 'Restart plex').waitFor();
    assert.equal(await overflow(small), 0);
    await small.context().close();
});

test('nothing done yet is said', async () => {
    const none = await StandIn.start({ variant: 'empty' });
    const page = await openPage(await openContext(browser, none.base));
    await page.goto(`${none.base}/jobs`);
    await page.getByRole('heading', { name: 'Nothing was done yet' }).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    none.done();
});
