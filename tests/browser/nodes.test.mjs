// Machines come and go: a token, the line to run, how far the machine has come, why it was refused, and how it is removed. hydrad and
// hydra-agent are real; a wrong clock, a token that runs out and a machine that is away are played by the stand-in.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from '../system/lib/hydrad.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const LONG = { timeout: 60000 };
const dir = scratchFolder(), agents = [];
let hydrad, browser, admin, context, attic;
before(async () => {
    hydrad = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await hydrad.setUp();
    browser = await openBrowser();
    context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
});
after(async () => {
    await browser?.close();
    agents.forEach(a => a.kill('SIGKILL'));
    await hydrad?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

const waiting = (page, name) => page.getByRole('region', { name: 'Waiting for machines' }).getByRole('listitem').filter({ hasText: name });

async function ask(page, name, base = hydrad.base) {
    await page.goto(`${base}/nodes`);
    await page.getByRole('button', { name: 'Add node' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('button', { name: 'Make token' }).click();
    return dialog;
}

const tokenIn = async dialog => /hyn_[A-Za-z0-9_-]+/.exec(await dialog.getByLabel('Command').innerText())[0];
const enroll = (token, state) => run(program, ['enroll', '-', '--state', path.join(dir, state)], { input: `${token}\n` });

function startAgent(state) {
    const a = spawn(program, ['--state', path.join(dir, state), '--docker', 'unix:///nonexistent'], { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    a.err = '';
    a.stderr.on('data', d => { a.err += d; });
    agents.push(a);
    return a;
}

test('a machine joins while its dialog is open, and is one click away', async () => {
    const page = await openPage(context);
    const dialog = await ask(page, 'attic');
    await dialog.getByText('Waiting for the agent').waitFor();
    const token = await tokenIn(dialog);
    await dialog.getByRole('radio', { name: 'NixOS' }).click();
    assert.match(await dialog.getByLabel('Command').innerText(), /hydra-agent = \{\n/);
    assert.deepEqual(await accessibility(page), []);
    const made = await enroll(token, 'attic');
    assert.equal(made.code, 0, made.err);
    await dialog.getByText(/^Enrolled as attic/).waitFor();
    const other = await openPage(context);
    await other.goto(`${hydrad.base}/node?id=attic`);
    await other.getByRole('heading', { name: 'It has not reported yet' }).waitFor();
    attic = startAgent('attic');
    await dialog.getByText(/^Reporting: \w+.*, \d+ threads?/).waitFor(LONG);
    await other.getByRole('region', { name: 'Facts' }).waitFor(LONG);
    assert.deepEqual(other.complaints, []);
    await other.close();
    await dialog.getByRole('link', { name: 'Open attic' }).click();
    await page.waitForURL(/\/node\?id=attic/);
    await page.getByRole('heading', { level: 1, name: /attic/ }).waitFor();
    await page.getByRole('link', { name: 'Agent', exact: true }).click();
    await page.getByText('on the machine, reports over the network').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a token waits in the list; cancelled there, it lets nobody in', async () => {
    const page = await openPage(context);
    const dialog = await ask(page, 'shed');
    const token = await tokenIn(dialog);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.reload();
    await waiting(page, 'shed').getByRole('button', { name: 'Cancel shed' }).click();
    await waiting(page, 'shed').waitFor({ state: 'detached' });
    assert.equal((await enroll(token, 'shed')).code, 1);
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a name that is taken is replaced only when that is said', async () => {
    const page = await openPage(context, { allow: [/4(00|09|22)/] });
    const dialog = await ask(page, 'attic');
    await dialog.getByRole('alert').getByText('There is a node attic already.').waitFor();
    await dialog.getByLabel('Name').fill('attic-2');
    await dialog.getByRole('button', { name: 'Make token' }).waitFor();
    await dialog.getByLabel('Name').fill('attic');
    await dialog.getByRole('button', { name: 'Replace attic' }).click();
    await dialog.getByText('Waiting for the agent').waitFor();
    const made = await enroll(await tokenIn(dialog), 'attic-anew');
    assert.equal(made.code, 0, made.err);
    const anew = startAgent('attic-anew');
    await dialog.getByText(/^Reporting: /).waitFor(LONG);
    await until(() => /refused by the hub/.test(attic.err), 60000, 'the agent that was attic to be refused');
    attic.kill('SIGKILL');
    attic = anew;
    await dialog.getByRole('button', { name: 'Add another' }).click();
    assert.equal(await dialog.getByLabel('Name').inputValue(), '');
    await dialog.getByLabel('Name').fill('-no-');
    await dialog.getByRole('button', { name: 'Make token' }).click();
    await dialog.getByLabel('Name').and(page.locator('[aria-invalid=true]')).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('the palette and the key n add a node', async () => {
    const page = await openPage(context);
    await page.goto(`${hydrad.base}/services`);
    await page.getByRole('heading', { level: 1, name: 'Services' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill('add a node');
    await page.getByRole('option', { name: 'Add a node' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/nodes/);
    await page.getByRole('dialog').getByLabel('Name').waitFor();
    await page.keyboard.press('Escape');
    await until(() => !new URL(page.url()).search, 60000, 'the plain address');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('n');
    await page.getByRole('dialog').getByLabel('Name').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});


test('a viewer sees nodes and no way to change them', async () => {
    const viewer = await hydrad.person(admin, 'vera', 'viewer');
    const page = await openPage(await openContext(browser, hydrad.base, { cookie: viewer.auth.cookie }));
    await page.goto(`${hydrad.base}/nodes?add`);
    await page.getByRole('link', { name: 'Node attic' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Add node' }).count(), 0);
    assert.equal(await page.getByRole('dialog').count(), 0);
    await page.goto(`${hydrad.base}/node?id=attic&tab=agent`);
    await page.getByText('on the machine, reports over the network').waitFor();
    assert.equal(await page.getByRole('button', { name: 'More actions' }).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('a phone has room for all of it', async () => {
    const small = await openPage(await openContext(browser, hydrad.base, { cookie: admin.auth.cookie, width: 360 }));
    const dialog = await ask(small, 'late-phone');
    await dialog.getByText('Waiting for the agent').waitFor();
    assert.equal(await overflow(small), 0);
    assert.deepEqual(small.complaints, []);
    await small.context().close();
});

test('a node is removed with its services; the one that hydrad watches itself is not', async () => {
    const page = await openPage(context);
    await page.goto(`${hydrad.base}/node?id=hub&tab=agent`);
    await page.getByText('inside hydrad, on this machine').waitFor();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Reboot' }).waitFor();
    assert.equal(await page.getByRole('menuitem', { name: 'Remove node' }).count(), 0);
    await page.goto(`${hydrad.base}/node?id=attic`);
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Remove node' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/cut off at once/).waitFor();
    await dialog.getByRole('button', { name: 'Remove attic' }).click();
    await page.waitForURL(/\/nodes$/);
    await page.getByRole('link', { name: /^Node (?!attic)/ }).waitFor();
    await until(async () => await page.getByRole('link', { name: 'Node attic' }).count() === 0, 60000, 'attic to leave the list');
    await until(() => /refused by the hub .*removed from Hydra/.test(attic.err), 60000, 'the agent to be told');
    assert.deepEqual((await admin.get('/api/web/services')).json.services.filter(x => x.node === 'attic'), []);
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('played: a wrong clock, a token that ran out, a machine that is away', async t => {
    const played = await StandIn.start(), away = await StandIn.start({ role: 'viewer', variant: 'away' });
    t.after(() => { played.done(); away.done(); });
    const page = await openPage(await openContext(browser, played.base));
    let dialog = await ask(page, 'refused-box', played.base);
    await dialog.getByRole('alert').getByText(/clock that is 3 h behind/).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await waiting(page, 'refused-box').getByText(/A machine was refused/).waitFor();
    await page.reload();
    await waiting(page, 'refused-box').getByRole('button', { name: 'Cancel refused-box' }).click();
    await waiting(page, 'refused-box').waitFor({ state: 'detached' });
    dialog = await ask(page, 'short', played.base);
    await dialog.getByText('The token ran out').waitFor();
    await dialog.getByRole('button', { name: 'New token' }).click();
    assert.equal(await dialog.getByLabel('Name').inputValue(), 'short');
    await dialog.getByLabel('Name').fill('late-box');
    await dialog.getByRole('button', { name: 'Make token' }).click();
    await dialog.getByText('Waiting for the agent').waitFor();
    await page.keyboard.press('Escape');
    await waiting(page, 'late-box').waitFor();
    await waiting(page, 'short').getByText(/ran out/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();

    const theirs = await openPage(await openContext(browser, away.base));
    await theirs.goto(`${away.base}/node?id=tower`);
    await theirs.getByText(/Not heard from since/).waitFor();
    assert.deepEqual(theirs.complaints, []);
    await theirs.context().close();
});
