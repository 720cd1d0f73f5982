// Machines come and go: a token, the line to run, how far the machine has come, why it was refused, and how it is removed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../system/lib/hydrad.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

let hub, browser, context;
before(async () => {
    hub = await StandIn.start();
    browser = await openBrowser();
    context = await openContext(browser, hub.base);
});
after(async () => {
    await browser?.close();
    hub?.done();
});

const waiting = (page, name) => page.getByRole('region', { name: 'Waiting for machines' }).getByRole('listitem').filter({ hasText: name });

async function ask(page, name) {
    await page.goto(`${hub.base}/nodes`);
    await page.getByRole('button', { name: 'Add node' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('button', { name: 'Make token' }).click();
    return dialog;
}

test('a machine joins while its dialog is open, and is one click away', async () => {
    const page = await openPage(context);
    const dialog = await ask(page, 'attic');
    await dialog.getByText('Waiting for the agent').waitFor();
    assert.match(await dialog.getByLabel('Command').innerText(), /hyn_/);
    await dialog.getByRole('radio', { name: 'NixOS' }).click();
    assert.match(await dialog.getByLabel('Command').innerText(), /hydra-agent = \{\n/);
    assert.deepEqual(await accessibility(page), []);
    await dialog.getByText('Enrolled as attic from 192.168.1.5').waitFor();
    await dialog.getByText('Reporting: Debian 12, 32 threads').waitFor();
    await dialog.getByRole('link', { name: 'Open attic' }).click();
    await page.waitForURL(/\/node\?id=attic/);
    await page.getByRole('heading', { level: 1, name: /attic/ }).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a machine that is refused says why; its token still waits in the list, and can be cancelled there', async () => {
    const page = await openPage(context);
    const dialog = await ask(page, 'refused-box');
    await dialog.getByRole('alert').getByText(/clock that is 3 h behind/).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await waiting(page, 'refused-box').getByText(/A machine was refused/).waitFor();
    await page.reload();
    await waiting(page, 'refused-box').getByRole('button', { name: 'Cancel refused-box' }).click();
    await waiting(page, 'refused-box').waitFor({ state: 'detached' });
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a token that ran out is followed by a new one for the same name', async () => {
    const page = await openPage(context);
    const dialog = await ask(page, 'short');
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
    await page.close();
});

test('a name that is taken is replaced only when that is said', async () => {
    const page = await openPage(context, { allow: [/409/] });
    const dialog = await ask(page, 'tower');
    await dialog.getByRole('alert').getByText('There is a node tower already.').waitFor();
    await dialog.getByLabel('Name').fill('tower-2');
    await dialog.getByRole('button', { name: 'Make token' }).waitFor();
    await dialog.getByLabel('Name').fill('tower');
    await dialog.getByRole('button', { name: 'Replace tower' }).click();
    await dialog.getByText('Reporting: Debian 12').waitFor();
    await dialog.getByRole('button', { name: 'Add another' }).click();
    assert.equal(await dialog.getByLabel('Name').inputValue(), '');
    await dialog.getByLabel('Name').fill('-no-');
    await dialog.getByRole('button', { name: 'Make token' }).click();
    await dialog.getByLabel('Name').and(page.locator('[aria-invalid=true]')).waitFor().catch(() => assert.fail('the refusal stands at its field'));
    await page.close();
});

test('the palette and the key n add a node', async () => {
    const page = await openPage(context);
    await page.goto(`${hub.base}/services`);
    await page.getByRole('heading', { level: 1, name: 'Services' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill('add a node');
    await page.getByRole('option', { name: 'Add a node' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/nodes/);
    await page.getByRole('dialog').getByLabel('Name').waitFor();
    await page.keyboard.press('Escape');
    await until(() => !new URL(page.url()).search, 15000, 'the plain address');
    await page.keyboard.press('n');
    await page.getByRole('dialog').getByLabel('Name').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a node is removed with its services; the one that hydrad watches itself is not', async () => {
    const page = await openPage(context);
    await page.goto(`${hub.base}/node?id=hydra-ai`);
    await page.getByText('inside hydrad, on this machine').waitFor();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Reboot' }).waitFor();
    assert.equal(await page.getByRole('menuitem', { name: 'Remove node' }).count(), 0);
    await page.goto(`${hub.base}/node?id=hydra-compute`);
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Remove node' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/cut off at once/).waitFor();
    await dialog.getByRole('button', { name: 'Remove hydra-compute' }).click();
    await page.waitForURL(/\/nodes$/);
    await page.getByRole('link', { name: 'Node hydra-ai' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Node hydra-compute' }).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a viewer sees nodes and no way to change them; a phone has room for all of it', async () => {
    const theirs = await StandIn.start({ role: 'viewer', variant: 'away' });
    const other = await openContext(browser, theirs.base);
    const page = await openPage(other);
    await page.goto(`${theirs.base}/nodes?add`);
    await page.getByText(/Not heard from since/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Add node' }).count(), 0);
    assert.equal(await page.getByRole('dialog').count(), 0);
    await page.goto(`${theirs.base}/node?id=tower`);
    await page.getByText(/Not heard from since/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'More actions' }).count(), 0);
    assert.deepEqual(page.complaints, []);
    await other.close();
    theirs.done();

    const phone = await openContext(browser, hub.base, { width: 360 });
    const small = await openPage(phone);
    await ask(small, 'late-phone');
    await small.getByRole('dialog').getByText('Waiting for the agent').waitFor();
    assert.equal(await overflow(small), 0);
    await phone.close();
});
