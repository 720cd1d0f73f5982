// Connecting a container to a network of its engine: the dialog lists those that it can join, and those that it can leave; where the node does
// not say, the name is typed. A container of a real engine; an agent that is too old is played.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from '../system/lib/engine.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from '../system/lib/hydrad.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

const dir = scratchFolder(), net = `hydra-${randomUUID().slice(0, 8)}`;
const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
let engine, hydrad, browser, admin, agent;
const button = (where, name) => where.getByRole('button', { name, exact: true });
const networks = async () => Object.keys((await engine.call('GET', '/containers/plex/json')).NetworkSettings.Networks);

before(async () => {
    engine = Engine.start();
    await engine.call('POST', '/networks/create', { Name: net, Driver: 'bridge', Internal: true });
    await engine.call('POST', '/containers/create?name=plex', { Image: 'hydra-test:1', Cmd: ['sleep', '100000'], StopTimeout: 0, HostConfig: { NetworkMode: 'bridge' } });
    fs.writeFileSync(path.join(dir, 'agent.yaml'), 'allow:\n- do: ["container.*"]\n');
    hydrad = await Hydrad.start({ args: ['--node', 'hub', '--docker', 'unix:///nonexistent', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await hydrad.setUp();
    const { token } = (await admin.post('/api/web/enrolments', { node: 'tower' })).json;
    const enrolled = await run(program, ['enroll', '-', '--state', dir], { input: `${token}\n` });
    assert.equal(enrolled.code, 0, enrolled.err);
    agent = spawn(program, ['run', '--state', dir, '--policy', path.join(dir, 'agent.yaml'), '--docker', `unix://${engine.socket}`], { env: plainEnvironment(), stdio: 'ignore' });
    await until(async () => (await admin.get('/api/web/services/tower/docker/plex')).status === 200, 60000, 'plex');
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    agent?.kill('SIGKILL');
    await hydrad?.done();
    await engine?.call('DELETE', `/networks/${net}`).catch(() => {});
    engine?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
});

async function choose(page, item) {
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: item, exact: true }).click();
}

for (const [theme, width] of [['dark', 1440], ['light', 360]])
    test(`what it can join is listed, then what it can leave: ${theme} ${width}`, async () => {
        await admin.put('/api/web/profile', { preferences: { theme } });
        const page = await openPage(await openContext(browser, hydrad.base, { cookie: admin.auth.cookie, theme, width }));
        await page.goto(`${hydrad.base}/service?id=tower/docker/plex`);
        await choose(page, 'Connect…');
        const dialog = page.getByRole('dialog', { name: 'Connect plex?' });
        const field = dialog.getByLabel('Network', { exact: true });
        await until(async () => (await field.locator('option').allTextContents()).length > 1, 60000, 'the networks');
        assert.deepEqual(await field.locator('option').allTextContents(), ['Choose one', `${net}: bridge, leads nowhere else`], 'neither host nor none, nor what it is in');
        assert.ok(await button(dialog, 'Connect').isDisabled());
        assert.deepEqual(await accessibility(page), []);
        assert.equal(await overflow(page), 0);
        await field.selectOption(net);
        await button(dialog, 'Connect').click();
        await until(async () => (await networks()).includes(net), 60000, 'the network');
        await page.getByText(/Connected in/).first().waitFor();

        await choose(page, 'Disconnect…');
        const leave = page.getByRole('dialog', { name: 'Disconnect plex?' });
        await until(async () => (await leave.getByLabel('Network', { exact: true }).locator('option').allTextContents()).includes(`${net}: bridge, leads nowhere else`), 60000, 'what it is in');
        await leave.getByLabel('Network', { exact: true }).selectOption(net);
        await button(leave, 'Disconnect').click();
        await until(async () => !(await networks()).includes(net), 60000, 'that it left');
        assert.deepEqual(page.complaints, []);
        await page.context().close();
    });

test('of a node that does not say, the name is typed', async () => {
    const played = await StandIn.start();
    try {
        const page = await openPage(await openContext(browser, played.base), { allow: [/409.*networks/] });
        await page.goto(`${played.base}/service?id=hydra-compute/docker/n8n`);
        await choose(page, 'Connect…');
        const dialog = page.getByRole('dialog', { name: /^Connect / });
        await dialog.getByText(/By its name: hydra-compute does not say which there are\. The agent on .* is too old/).waitFor();
        await dialog.getByRole('textbox', { name: 'Network' }).fill('media');
        const order = page.waitForRequest(r => r.method() === 'POST' && r.url().endsWith('/api/web/jobs'));
        await button(dialog, 'Connect').click();
        assert.equal((await order).postDataJSON().argument, 'media');
        assert.deepEqual(page.complaints, []);
        await page.context().close();
    } finally {
        played.done();
    }
});
