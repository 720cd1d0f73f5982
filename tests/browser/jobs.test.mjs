// Jobs: what runs and what ran, by whom and how it ended; live, and for those who only look. Containers of a real engine.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine } from '../system/lib/engine.mjs';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';

let engine, hydrad, browser, admin, viewer;
before(async () => {
    engine = Engine.start();
    for (const name of ['plex', 'radarr']) await engine.run(name, 'exec sleep 100000', { StopTimeout: 0 });
    await engine.run('slow', "trap '' TERM; while :; do sleep 1; done", { StopTimeout: 6 });
    await engine.run('broken', 'echo port is already allocated; exit 1');
    hydrad = await Hydrad.start({ args: ['--node', 'tower', '--docker', `unix://${engine.socket}`] });
    admin = await hydrad.setUp();
    viewer = await hydrad.person(admin, 'vera', 'viewer');
    for (const name of ['plex', 'radarr', 'slow', 'broken'])
        await until(async () => (await admin.get(`/api/web/services/${id(name)}`)).status === 200, 60000, name);
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
    engine?.stop();
});

const id = name => `tower/docker/${name}`;
const line = (page, title) => page.getByRole('main').getByRole('listitem').filter({ hasText: title }).first();
const opened = async (who, look) => openPage(await openContext(browser, hydrad.base, { cookie: who.auth.cookie, ...look }));

async function order(body) {
    const a = await admin.post('/api/web/jobs', body);
    assert.equal(a.status, 202, a.text);
    return a.json;
}

async function openJobs(page) {
    await page.goto(`${hydrad.base}/jobs`);
    await page.getByText('Live', { exact: true }).first().waitFor();
}

test('nothing done yet is said', async () => {
    const page = await opened(admin);
    await openJobs(page);
    await page.getByRole('heading', { name: 'Nothing was done yet' }).waitFor();
    await order({ verb: 'container.restart', service: id('plex') });
    await line(page, 'Restart plex on tower').getByText(/^Restarted in/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('what others do appears by itself, step by step, and stays with how it ended', async () => {
    const page = await opened(admin);
    await openJobs(page);
    const { id: ordered } = await order({ verb: 'restart', service: id('slow') });
    const now = page.getByRole('region', { name: 'Now' });
    await now.getByText('Restart slow on tower').waitFor();
    await now.getByText(/restarting/).waitFor();
    await line(page, 'Restart slow').getByText(/^Restarted in/).waitFor();
    await now.waitFor({ state: 'detached' });
    assert.equal((await admin.get(`/api/web/jobs/${ordered}`)).json.state, 'done');
    await order({ verb: 'container.start', service: id('broken') });
    await line(page, 'Start broken').getByRole('button', { name: 'What it said' }).click();
    await page.getByLabel('Output').getByText(/port is already allocated/).waitFor();
    await order({ verb: 'container.rename', service: id('plex'), argument: 'films' });
    await line(page, 'Rename plex').getByText(/The policy of this node does not allow container.rename/).waitFor();
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('what has not begun is called off', async () => {
    const page = await opened(admin);
    await openJobs(page);
    await order({ verb: 'restart', services: [id('slow'), id('radarr')] });
    const all = line(page, 'Restart 2 services');
    await all.getByText(/1 of 2: /).waitFor();
    await all.getByRole('listitem').filter({ hasText: 'Restart radarr' }).getByText('waiting').waitFor();
    await page.getByRole('banner').getByRole('link', { name: /Restart 2 services/ }).waitFor();
    await all.getByRole('button', { name: /^Cancel: Restart 2/ }).click();
    await all.getByText(/Cancelled by ada/).first().waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('a viewer reads along and has nothing to press; a phone has room', async () => {
    const page = await opened(viewer);
    await openJobs(page);
    await line(page, 'Restart plex').waitFor();
    assert.equal(await page.getByRole('button', { name: /Cancel/ }).count(), 0);
    await page.goto(`${hydrad.base}/services`);
    await page.locator('.svc-row').first().waitFor();
    assert.equal(await page.getByRole('checkbox', { name: /^Select/ }).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();

    const small = await opened(admin, { width: 360, theme: 'light' });
    await small.goto(`${hydrad.base}/jobs`);
    await line(small, 'Restart plex').waitFor();
    assert.equal(await overflow(small), 0);
    await small.context().close();
});
