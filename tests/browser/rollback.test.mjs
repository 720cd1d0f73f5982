// A switch and a roll-back from the page to the machine: a real Nix store, systemd, generations and an agent that is a user of its own.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, scratchFolder, until } from '../system/lib/hydrad.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { NixosMachine } from '../system/lib/nixos-machine.mjs';
import { accessibility, openBrowser, openContext, openPage } from './lib/browser.mjs';

const dir = scratchFolder(), LONG = { timeout: 120000 };
let m, h, admin, bridge, browser, page;
const answers = port => new Promise(r => { const c = net.connect(port, '127.0.0.1', () => { c.destroy(); r(true); }).on('error', () => r(false)); });
before(async () => {
    m = NixosMachine.start(path.join(dir, 'machine'));
    await m.install([{ version: '25.05.1' }, { version: '25.11.2', units: { 'new.service': '/bin/sleep 30000' } }]);
    m.policy('allow:\n- do: [generation.switch, generation.rollback, logs]\n');
    const port = await freePort();
    h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${port}`] });
    admin = await h.setUp();
    const made = await admin.post('/api/web/enrolments', { node: 'ai' });
    await until(() => answers(port), 60000, 'the port');
    bridge = await m.reach(port);
    await m.ok('sh', '-c', 'rm -f /etc/os-release; printf "ID=nixos\\nNAME=NixOS\\nPRETTY_NAME=\\"NixOS 25.05\\"\\n" > /etc/os-release');
    await m.installAgent(made.json.token);
    await until(async () => (await admin.get('/api/web/nodes/ai/generations')).status === 200, 60000, 'the node');
    browser = await openBrowser();
    page = await openPage(await openContext(browser, h.base, { cookie: admin.auth.cookie }), { allow: [/409|503/] });
});
after(async () => {
    await browser?.close();
    bridge?.stop();
    await h?.done();
    m?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
});

const button = (where, name) => where.getByRole('button', { name, exact: true });
const card = () => page.getByRole('region', { name: 'Generations' });
const row = number => card().getByRole('listitem').filter({ has: page.locator('b', { hasText: new RegExp(`^${number}$`) }) });

test('a generation is switched to: its plan before, its steps meanwhile, confirmed when the node is well', async () => {
    await page.goto(`${h.base}/node?id=ai&tab=system`);
    await row(1).getByText('Current').waitFor();
    await page.getByRole('link', { name: 'What changed from 1 to 2' }).click();
    await page.getByRole('region', { name: 'What changed' }).getByText('25.05.1 → 25.11.2').first().waitFor();
    await button(row(2), 'Switch to 2').click();
    const dialog = page.getByRole('dialog', { name: 'Switch to 2?' });
    await dialog.getByText(/web\.service/).first().waitFor();
    assert.deepEqual(await accessibility(page), []);
    await button(dialog, 'Switch to 2').click();
    await card().getByRole('status', { name: 'The last switch' }).waitFor();
    await page.getByRole('region', { name: 'What is being done' }).getByText('Generation 2 runs, and starts next time.').waitFor(LONG);
    await row(2).getByText('Starts next time').waitFor();
    assert.deepEqual(m.stand(), { running: 2, boot: 2, profile: 2 });
    assert.ok(await button(card(), 'Clean up…').isDisabled()); // the policy of the node does not allow it
    assert.deepEqual(page.complaints, []);
});

test('a roll-back is one press and its plan away', async () => {
    await button(card(), 'Roll back to 1…').click();
    const dialog = page.getByRole('dialog', { name: 'Roll back to 1?' });
    await dialog.getByText(/web\.service/).first().waitFor();
    await button(dialog, 'Roll back to 1').click();
    await page.getByRole('region', { name: 'What is being done' }).getByText('Generation 1 runs, and starts next time.').waitFor(LONG);
    await row(1).getByText('Current').waitFor();
    assert.deepEqual(m.stand(), { running: 1, boot: 1, profile: 1 });
    assert.deepEqual(page.complaints, []);
});
