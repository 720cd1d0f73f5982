// A node's Network: who listens on it and what it reaches, by hydrad and a real agent; empty, refused and away by the stand-in.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import path from 'node:path';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from '../system/lib/hydrad.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const dir = scratchFolder();
let hydrad, browser, admin, agent, played, server, port;

before(async () => {
    hydrad = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await hydrad.setUp();
    const { token } = (await admin.post('/api/web/enrolments', { node: 'attic' })).json;
    const enrolled = await run(program, ['enroll', '-', '--state', dir], { input: `${token}\n` });
    assert.equal(enrolled.code, 0, enrolled.err);
    agent = spawn(program, ['run', '--state', dir, '--docker', 'unix:///nonexistent'], { env: plainEnvironment(), stdio: 'ignore' });
    await until(async () => (await admin.get('/api/web/nodes/attic')).json?.facts, 60000, 'attic to report');
    server = net.createServer(s => s.destroy());
    port = await new Promise(r => { server.listen(0, '127.0.0.1', () => r(server.address().port)); });
    browser = await openBrowser();
    played = await StandIn.start();
});
after(async () => {
    await browser?.close();
    played?.done();
    server?.close();
    agent?.kill('SIGKILL');
    await hydrad?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

const signedIn = (who, more) => openContext(browser, hydrad.base, { cookie: who.auth.cookie, ...more });
const button = (where, name) => where.getByRole('button', { name, exact: true });
const region = (page, name) => page.getByRole('region', { name, exact: true });

async function ask(form, host, number) {
    await form.getByLabel('To').selectOption({ label: 'Another host…' });
    await form.getByLabel('Host').fill(host);
    await form.getByLabel('Port, if any').fill(number);
    await button(form, 'Ask').click();
}

test('who holds a port', async () => {
    const page = await openPage(await signedIn(admin));
    await page.goto(`${hydrad.base}/node?id=attic`);
    await page.getByRole('navigation', { name: 'Parts of this node' }).getByRole('link', { name: 'Network', exact: true }).click();
    const card = region(page, 'Who listens');
    await card.getByLabel('Filter ports').fill(String(port));
    const row = card.getByRole('row').filter({ hasText: String(port) });
    await row.getByText('Loopback only').waitFor();
    assert.match(await row.innerText(), new RegExp(`${port} TCP\\s+node ${process.pid}`));
    await card.getByLabel('Filter ports').fill('1');
    await card.getByText('Nobody listens on port 1.').waitFor();
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('what it reaches, one after another', async () => {
    const page = await openPage(await signedIn(admin), { allow: [/400/] });
    await page.goto(`${hydrad.base}/node?id=attic&tab=network`);
    const form = region(page, 'Reach from here');
    await ask(form, '127.0.0.1', String(port));
    const item = text => form.getByRole('listitem').filter({ hasText: text });
    await item(`127.0.0.1, port ${port}`).getByText('Reached', { exact: true }).waitFor();
    await item(`127.0.0.1, port ${port}`).getByText(/^3 of 3, /).waitFor();
    const closed = await freePort();
    await ask(form, '127.0.0.1', String(closed));
    await item(`port ${closed}`).getByText(/refuses connections, so the host is there/).waitFor();
    await ask(form, '169.254.169.254', '');
    await item('169.254.169.254').getByText(/is link-local: it is not asked from here/).waitFor();
    await form.getByLabel('Port, if any').fill('70000');
    await form.getByText('A number from 1 to 65535').waitFor();
    assert.equal(await button(form, 'Ask').isDisabled(), true);
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('a service, from its own node and from another', async () => {
    const id = await until(async () => (await admin.get('/api/web/services')).json.services.find(s => s.node === 'attic' && s.id.endsWith(`:${port}`))?.id, 60000, 'it as a service');
    const page = await openPage(await signedIn(admin));
    await page.goto(`${hydrad.base}/service?id=${id}`);
    const card = region(page, 'Ports');
    await button(card, 'Ask both').click();
    const asked = card.getByRole('list', { name: 'Asked from' });
    await asked.getByRole('listitem').filter({ hasText: 'attic' }).getByText('Reached', { exact: true }).waitFor();
    await asked.getByRole('listitem').filter({ hasText: 'hub' }).waitFor();
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('a viewer sees cables alone', async () => {
    const vera = await hydrad.person(admin, 'vera', 'viewer');
    const page = await openPage(await signedIn(vera));
    await page.goto(`${hydrad.base}/node?id=attic&tab=network`);
    await region(page, 'Network interfaces').waitFor();
    for (const name of ['Who listens', 'Reach from here']) assert.equal(await region(page, name).count(), 0, name);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('every other node with one press, on a phone; nobody listens; no answer', async () => {
    for (const theme of ['dark', 'light']) {
        const page = await openPage(await openContext(browser, played.base, { theme, width: 360 }), { allow: [/503/] });
        await page.goto(`${played.base}/node?id=tower&tab=network`);
        await page.evaluate(t => { document.documentElement.dataset.theme = t; }, theme);
        const form = region(page, 'Reach from here');
        await button(form, 'Ask').click();
        await until(async () => (await form.getByText('Reached', { exact: true }).count()) === 2, 60000, 'both nodes');
        await region(page, 'Who listens').getByText('192.168.1.20', { exact: true }).waitFor();
        assert.equal(await overflow(page), 0);
        assert.deepEqual(await accessibility(page), []);
        await page.goto(`${played.base}/node?id=hydra-ai&tab=network`);
        await region(page, 'Who listens').getByText('Nobody listens here.').waitFor();
        await page.goto(`${played.base}/node?id=hydra-compute&tab=network`);
        await region(page, 'Who listens').getByText(/can't be read: Permission denied/).waitFor();
        assert.deepEqual(page.complaints, []);
        await page.context().close();
    }
});
