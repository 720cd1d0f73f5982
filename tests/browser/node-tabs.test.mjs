// The parts of a node's page: processes and their signals, what the node allows and the file that would change it, by hydrad and a real
// agent with a policy of its own. What takes other hardware (disks that fail, a full engine) is played by the stand-in.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from '../system/lib/hydrad.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

const agent = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const dir = scratchFolder(), policy = path.join(dir, 'agent.yaml'), children = [];
let hydrad, browser, admin, played;
const runs = (program, args) => {
    const p = spawn(program, args, { env: plainEnvironment(), stdio: 'ignore' });
    children.push(p);
    return p;
};
before(async () => {
    hydrad = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await hydrad.setUp();
    const made = await admin.post('/api/web/enrolments', { node: 'attic' });
    fs.writeFileSync(policy, 'allow:\n  - do: [process.signal, logs]\n  - do: container.restart\n    on: docker/plex\ndeny:\n  - do: "*"\n    on: docker/database\n');
    const enrolled = await run(agent, ['enroll', '-', '--state', dir], { input: `${made.json.token}\n` });
    assert.equal(enrolled.code, 0, enrolled.err);
    runs(agent, ['run', '--state', dir, '--policy', policy, '--docker', 'unix:///nonexistent']);
    await until(async () => (await admin.get('/api/web/nodes/attic')).json?.facts, 60000, 'attic to report');
    browser = await openBrowser();
    played = await StandIn.start();
});
after(async () => {
    await browser?.close();
    played?.done();
    children.forEach(p => p.kill('SIGKILL'));
    await hydrad?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

const signedIn = (who, more) => openContext(browser, hydrad.base, { cookie: who.auth.cookie, ...more });
const button = (where, name) => where.getByRole('button', { name, exact: true });
const tab = (page, name) => page.getByRole('navigation', { name: 'Parts of this node' }).getByRole('link', { name, exact: true });
/* A process that the table of the busiest shows for the memory it holds. */
async function large() {
    const p = runs(process.execPath, ['-e', 'globalThis.b = Buffer.alloc(700e6, 1); setInterval(() => {}, 1e6)']);
    await until(async () => (await admin.get('/api/web/nodes/attic/processes')).json.rows.some(r => r.pid === p.pid && r.start_ticks > 0), 60000, 'it in the table');
    return p;
}

test('each part has an address, and the way back leads to the one before', async () => {
    const page = await openPage(await signedIn(admin));
    await page.goto(`${hydrad.base}/node?id=attic`);
    await page.getByRole('region', { name: 'Facts' }).waitFor();
    assert.equal(await tab(page, 'Overview').getAttribute('aria-current'), 'page');
    await tab(page, 'Agent').click();
    await page.waitForURL(/\/node\?id=attic&tab=agent$/);
    await page.getByRole('region', { name: 'What it allows' }).waitFor();
    await page.goBack();
    await page.getByRole('region', { name: 'Facts' }).waitFor();
    await page.goto(`${hydrad.base}/node?id=attic&tab=agent`);
    await page.getByRole('region', { name: 'Agent', exact: true }).waitFor();
    await page.getByRole('heading', { name: /attic/ }).getByText(/calls itself/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('a process is ended by a signal, after it was said what that does', async () => {
    const page = await openPage(await signedIn(admin)), victim = await large();
    await page.goto(`${hydrad.base}/node?id=attic`);
    await button(page.getByRole('region', { name: 'Processes' }), `Signals for node (${victim.pid})`).click();
    await page.getByRole('menuitem', { name: /End… TERM/ }).waitFor();
    await until(async () => await page.getByRole('menuitem', { name: /End… TERM/ }).getAttribute('aria-disabled') !== 'true', 60000, 'what the node allows');
    assert.deepEqual(await accessibility(page), []);
    await page.getByRole('menuitem', { name: /End… TERM/ }).click();
    const dialog = page.getByRole('dialog', { name: `Send signal TERM to node (${victim.pid})?` });
    await dialog.getByText(/is asked to end, and may save what it holds first/).waitFor();
    await button(dialog, 'Send TERM').click();
    await page.getByRole('region', { name: 'What is being done' }).getByText(/node ended .* after SIGTERM/).waitFor();
    await until(() => victim.signalCode === 'SIGTERM', 60000, 'its end');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('every process stands below the one that started it, by the node’s own word', async () => {
    const page = await openPage(await signedIn(admin), { allow: [/409|503|404/] }), child = runs('/bin/sh', ['-c', 'sleep 54321; true']);
    await page.goto(`${hydrad.base}/node?id=attic&tab=processes`);
    const card = page.getByRole('region', { name: 'Processes' });
    await card.getByRole('searchbox').fill('54321');
    await card.getByRole('row').filter({ hasText: 'sleep 54321; true' }).waitFor();
    await card.getByRole('row').filter({ hasText: 'sleep 54321; true' }).getByRole('button', { name: `Signals for sh (${child.pid})` }).click();
    await until(async () => await page.getByRole('menuitem', { name: /KILL/ }).getAttribute('aria-disabled') !== 'true', 60000, 'what the node allows');
    await page.getByRole('menuitem', { name: /KILL/ }).click();
    await button(page.getByRole('dialog', { name: `Send signal KILL to sh (${child.pid})?` }), 'Send KILL').click();
    await until(() => child.signalCode === 'SIGKILL', 60000, 'its end');
    await card.getByRole('row').filter({ hasText: 'sleep 54321; true' }).waitFor({ state: 'detached' });
    await page.goto(`${hydrad.base}/node?id=attic&tab=system`);
    await page.getByRole('region', { name: 'Clock' }).getByText('Time zone').waitFor();
    await page.getByRole('region', { name: 'Errors of the kernel' }).getByText(/./).first().waitFor();
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('what the node does not allow is said where the signal would be; others have no signals at all', async () => {
    const page = await openPage(await signedIn(admin)), kept = await large();
    await page.goto(`${hydrad.base}/node?id=hub`); // the same machine, seen by hydrad: the default policy
    await button(page.getByRole('region', { name: 'Processes' }), `Signals for node (${kept.pid})`).click();
    await page.getByText(/The policy of this node does not allow process.signal/).waitFor();
    assert.equal(await page.getByRole('menuitem', { name: /KILL/ }).getAttribute('aria-disabled'), 'true');
    assert.deepEqual(page.complaints, []);
    await page.context().close();

    const operator = await openPage(await signedIn(await hydrad.person(admin, 'oscar', 'operator')));
    await operator.goto(`${hydrad.base}/node?id=attic`);
    await operator.getByRole('region', { name: 'Processes' }).getByRole('row').nth(3).waitFor();
    assert.equal(await operator.getByRole('button', { name: /^Signals for/ }).count(), 0);
    assert.deepEqual(operator.complaints, []);
    await operator.context().close();

    const viewer = await openPage(await signedIn(await hydrad.person(admin, 'vera', 'viewer')));
    await viewer.goto(`${hydrad.base}/node?id=attic`);
    await tab(viewer, 'Agent').waitFor();
    assert.equal(await tab(viewer, 'Processes').count(), 0);
    await viewer.goto(`${hydrad.base}/node?id=attic&tab=processes`);
    await viewer.getByText(/You can't see processes/).waitFor();
    assert.deepEqual(viewer.complaints, []);
    await viewer.context().close();
    kept.kill();
});

test('what a node allows is told, with the file that would allow more; a broken file is told with its line', async () => {
    const page = await openPage(await signedIn(admin, { theme: 'light' }));
    await page.goto(`${hydrad.base}/node?id=attic&tab=agent`);
    const card = page.getByRole('region', { name: 'What it allows' });
    await card.getByText(policy).waitFor();
    await card.getByRole('region', { name: 'Containers' }).getByText('only docker/plex').waitFor();
    await card.getByText(/Never touched, whatever is asked: docker\/database/).waitFor();
    await card.getByRole('region', { name: 'The machine' }).getByRole('img', { name: 'Not allowed' }).first().waitFor();
    assert.deepEqual(await accessibility(page), []);
    await button(card, 'Change').click();
    const dialog = page.getByRole('dialog', { name: 'Change what attic allows' });
    await dialog.getByRole('checkbox', { name: 'reboot' }).check();
    const text = await dialog.getByLabel(`The file ${policy}`).innerText();
    assert.match(text, /- do: machine\.reboot\n/);
    assert.deepEqual(await accessibility(page), []);
    fs.writeFileSync(policy, text); // as somebody would who copied it
    await page.keyboard.press('Escape');
    await until(async () => { await page.reload(); return card.getByRole('region', { name: 'The machine' }).getByRole('img', { name: 'Allowed', exact: true }).first().waitFor({ timeout: 2000 }).then(() => true, () => false); }, 60000, 'the reboot to be allowed');
    await card.getByText(/Never touched, whatever is asked: docker\/database/).waitFor();

    fs.writeFileSync(policy, 'allow:\n  - doo: logs\n');
    await until(async () => { await page.reload(); return card.getByRole('alert').waitFor({ timeout: 2000 }).then(() => true, () => false); }, 60000, 'the trouble to be told');
    assert.match(await card.getByRole('alert').innerText(), /allows nothing until its file is mended[\s\S]*line 2/);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

const kinds = { processes: 'Processes', storage: 'Health of disks', system: 'Clock', agent: 'What it allows' };
for (const look of [{ theme: 'dark', width: 1440 }, { theme: 'light', width: 360 }])
    test(`played: every part is sound, ${look.theme}, ${look.width} px`, async () => {
        const page = await openPage(await openContext(browser, played.base, look), { allow: [/409/] });
        for (const [part, region] of Object.entries(kinds)) {
            await page.goto(`${played.base}/node?id=tower&tab=${part}`);
            await page.getByRole('region', { name: region }).getByText(/./).first().waitFor();
            await page.waitForTimeout(600);
            assert.deepEqual(await accessibility(page), [], part);
            assert.ok(await overflow(page) <= 0, `${part} is wider than the window`);
        }
        assert.deepEqual(page.complaints, []);
        await page.context().close();
    });

test('played: processes as a tree that folds and is searched', async () => {
    const page = await openPage(await openContext(browser, played.base));
    await page.goto(`${played.base}/node?id=tower&tab=processes`);
    const row = text => page.getByRole('row').filter({ hasText: text });
    await row('Plex Transcoder').waitFor();
    assert.equal(await row('kswapd0').count(), 0);
    await page.getByRole('switch', { name: /Threads of the kernel/ }).check();
    await row('kswapd0').waitFor();
    await button(page, '3 processes below s6-svscan (2231)').click();
    await row('Plex Transcoder').waitFor({ state: 'detached' });
    await page.getByRole('searchbox', { name: 'Filter processes' }).fill('transcoder');
    await row('Plex Transcoder').waitFor();
    await row('s6-svscan').waitFor();
    assert.equal(await row('journald').count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('played: what protects a service is said before a signal to a process of it', async () => {
    const page = await openPage(await openContext(browser, played.base));
    await page.goto(`${played.base}/node?id=tower&tab=processes`);
    const sendTo = async name => {
        await page.getByRole('searchbox', { name: 'Filter processes' }).fill(name);
        await page.getByRole('button', { name: new RegExp(`^Signals for ${name} `) }).click();
        await page.getByRole('menuitem', { name: /End… TERM/, disabled: false }).click();
        return page.getByRole('dialog', { name: `Send signal TERM to ${name} ` });
    };
    const dialog = await sendTo('Plex Transcoder');
    await dialog.getByText('tower/docker/plex is protected by the guard rails: it must not be interrupted.').waitFor();
    assert.ok(await button(dialog, 'Send TERM').isDisabled());
    assert.deepEqual(await accessibility(page), []);
    await dialog.getByRole('checkbox', { name: /Do it all the same/ }).check();
    await until(() => button(dialog, 'Send TERM').isEnabled(), 60000, 'the button');
    await button(dialog, 'Cancel').click();
    await button(await sendTo('sonarr'), 'Send TERM').waitFor();
    assert.equal(await page.getByText(/protected by the guard rails/).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('played: a menu is locked only by what can\'t run beside it, and says by what', async () => {
    const page = await openPage(await openContext(browser, played.base));
    const order = async body => assert.equal((await fetch(`${played.base}/api/web/jobs`, { method: 'POST', headers: { 'content-type': 'application/json', origin: played.base }, body: JSON.stringify(body) })).status, 202);
    const menu = async node => {
        await page.goto(`${played.base}/node?id=${node}`);
        await button(page, 'More actions').click();
        return page.getByRole('menuitem', { name: /^Reboot/ });
    };
    await (await menu('tower')).click();
    const dialog = page.getByRole('dialog', { name: 'Reboot tower?' });
    await dialog.getByText(/will be away for some minutes/).waitFor();
    await order({ verb: 'docker.prune', node: 'tower', target: 'radarr' }); // takes a while there; the dialog learns of it
    await dialog.getByText(/What is under way there is cut off: Clean up radarr on tower\./).waitFor();
    const reboot = await menu('hydra-ai');
    await reboot.waitFor();
    await order({ verb: 'generation.rebuild', node: 'hydra-ai', argument: 'x' });
    await reboot.getByText('Rebuild hydra-ai is under way, ordered by shaun: wait until it is over.').waitFor();
    assert.equal(await reboot.getAttribute('aria-disabled'), 'true');
    assert.deepEqual(await accessibility(page), []);
    await page.getByRole('menuitem', { name: /^Reboot/, disabled: false }).waitFor(); // as soon as it is over, in the open menu
    await order({ verb: 'container.restart', service: 'tower/docker/radarr' });
    await page.goto(`${played.base}/service?id=tower/docker/radarr`);
    await button(page, 'More actions').click();
    await page.getByText('Restart radarr on tower is under way', { exact: true }).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('played: a services card that is cut short leads to all of them', async () => {
    const crowd = await StandIn.start({ variant: 'crowd' }), page = await openPage(await openContext(browser, crowd.base));
    await page.goto(`${crowd.base}/node?id=tower`);
    await page.getByRole('region', { name: 'Services' }).getByRole('link', { name: 'All 224 services' }).click();
    await page.waitForURL(/\/services\?node=tower$/);
    await page.getByText('All 224').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    crowd.done();
});

test('played: a clean-up says what is won before, and red is for data', async () => {
    const page = await openPage(await openContext(browser, played.base));
    await page.goto(`${played.base}/node?id=tower&tab=storage`);
    const card = page.getByRole('region', { name: 'Space taken by containers' });
    await card.getByText('41.3 GB of it used by nothing').waitFor();
    await page.getByRole('region', { name: 'Health of disks' }).getByText('24 sectors wait to be written anew.').waitFor();
    await card.getByRole('button', { name: 'Clean up…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Clean up docker?' });
    await button(dialog, 'Remove, win 20.1 GB').waitFor();
    await dialog.getByRole('checkbox', { name: /Volumes with a name/ }).check();
    await button(dialog, 'Remove, win 41.1 GB').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await dialog.getByRole('checkbox', { name: /Volumes with a name/ }).uncheck();
    await button(dialog, 'Remove, win 20.1 GB').click();
    await page.getByRole('region', { name: 'What is being done' }).getByText('done').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('played: a node that is too old, and one that has no engine, say so', async () => {
    const page = await openPage(await openContext(browser, played.base), { allow: [/409/] });
    await page.goto(`${played.base}/node?id=hydra-compute&tab=storage`);
    await page.getByRole('region', { name: 'Space taken by containers' }).getByText(/is too old for that: upgrade it/).waitFor();
    await page.getByRole('link', { name: 'Its agent' }).click();
    await page.getByRole('region', { name: 'What it allows' }).getByRole('alert').getByText(/line 7/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('played: a newer agent is offered where the hub can bring it, else how it comes', async () => {
    const page = await openPage(await openContext(browser, played.base));
    await page.goto(`${played.base}/node?id=tower&tab=agent`);
    await button(page, 'Upgrade…').click();
    const dialog = page.getByRole('dialog', { name: 'Upgrade agent to 0.2.0 on tower?' });
    await dialog.getByText(/the present one goes on/).waitFor();
    await button(dialog, 'Upgrade agent to 0.2.0').click();
    await page.getByRole('region', { name: 'What is being done' }).getByText('Upgrade the agent of tower').waitFor();
    await page.goto(`${played.base}/node?id=hydra-compute&tab=agent`);
    await page.getByText('NixOS brings it: rebuild the machine with a newer Hydra.').waitFor();
    assert.equal(await button(page, 'Upgrade…').count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('played: a controller is set, and the node switched by it; a dialog says what is lost', async () => {
    const page = await openPage(await openContext(browser, played.base));
    await page.goto(`${played.base}/node?id=hydra-ai`);
    await button(page, 'More actions').click();
    assert.equal(await page.getByRole('menuitem', { name: 'Power cycle…' }).count(), 0);
    await page.getByRole('menuitem', { name: 'Management controller…' }).click();
    const setting = page.getByRole('dialog', { name: /^Management controller of / });
    await setting.getByLabel('Address').fill('192.168.1.9');
    await setting.getByLabel('User').fill('admin');
    assert.equal(await button(setting, 'Save').isDisabled(), true, 'not without a password');
    await setting.getByLabel('Password', { exact: true }).fill('s3cret');
    await button(setting, 'Save').click();
    await setting.waitFor({ state: 'detached' });
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Switch on…' }).waitFor();
    await page.getByRole('menuitem', { name: 'Power cycle…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Power cycle: hydra-ai?' });
    await dialog.getByText(/hydra-ai will lose its power at once: what is not written yet is lost/).waitFor();
    await button(dialog, 'Power cycle').click();
    await page.getByText('Power: cycle hydra-ai, by its controller from hydra-ai').first().waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('played: a controller\'s dialog shows what is set now, and who asked it once', async () => {
    const page = await openPage(await openContext(browser, played.base));
    const opened = async () => {
        await button(page, 'More actions').click();
        await page.getByRole('menuitem', { name: 'Management controller…' }).click();
        const d = page.getByRole('dialog', { name: 'Management controller of hydra-compute' });
        await d.getByLabel('Address').waitFor();
        return d;
    };
    await page.goto(`${played.base}/node?id=hydra-compute`);
    let d = await opened();
    await d.getByLabel('Address').fill('192.168.1.7');
    await d.getByLabel('User').fill('admin');
    await d.getByLabel('Password', { exact: true }).fill('s3cret');
    await button(d, 'Save').click();
    await d.waitFor({ state: 'detached' });
    d = await opened();
    assert.deepEqual([await d.getByLabel('Address').inputValue(), await d.getByLabel('User').inputValue()], ['192.168.1.7', 'admin']);
    await button(d, 'Forget it').click();
    await d.waitFor({ state: 'detached' });
    d = await opened();
    assert.deepEqual([await d.getByLabel('Address').inputValue(), await d.getByLabel('User').inputValue()], ['', '']);
    assert.equal(await button(d, 'Forget it').count(), 0);
    await button(d, 'Cancel').click();

    const headers = { 'content-type': 'application/json', origin: played.base };
    const set = await page.request.put(`${played.base}/api/web/nodes/hydra-compute/bmc`, { headers, data: { address: '192.168.1.7', user: 'admin', password: 's3cret', via: 'attic' } });
    assert.equal(set.status(), 200);
    d = await opened();
    const by = d.getByLabel('Asked by');
    assert.equal(await by.inputValue(), 'attic');
    assert.equal(await by.locator('option:checked').innerText(), 'attic (removed)');
    assert.deepEqual(await accessibility(page), []);
    await by.selectOption('tower');
    await button(d, 'Save').click();
    await d.waitFor({ state: 'detached' });
    d = await opened();
    assert.equal(await by.inputValue(), 'tower');
    assert.equal(await by.getByRole('option', { name: /removed/ }).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});

test('played: the only node is told what its controller needs: another one', async () => {
    const single = await StandIn.start({ variant: 'single' });
    const page = await openPage(await openContext(browser, single.base));
    await page.goto(`${single.base}/node?id=debian`);
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Management controller…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Management controller of debian' });
    await dialog.getByText('Once debian is off, another node has to ask its controller.').waitFor();
    assert.equal(await button(dialog, 'Save').count(), 0);
    assert.deepEqual(await accessibility(page), []);
    await dialog.getByRole('link', { name: 'Add a node' }).click();
    await page.getByRole('dialog', { name: 'Add a node' }).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    single.done();
});

test('played: a node that is away is asked nothing, and can be woken', async () => {
    const away = await StandIn.start({ variant: 'away' });
    const page = await openPage(await openContext(browser, away.base));
    await page.goto(`${away.base}/node?id=tower&tab=system`);
    await page.getByRole('region', { name: 'Clock' }).getByText('tower is away: it is asked when it is back.').waitFor();
    await button(page, 'Wake…').click();
    const dialog = page.getByRole('dialog', { name: 'Wake tower?' });
    await dialog.getByText(/by another node in its network/).waitFor();
    await button(dialog, 'Wake').click();
    await page.getByText('Wake tower from hydra-ai: whether it wakes is seen when it reports').waitFor();
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    away.done();
});

test('played: a viewer can\'t wake a node that is away, nor switch it', async () => {
    const away = await StandIn.start({ variant: 'away', role: 'viewer' });
    const page = await openPage(await openContext(browser, away.base));
    await page.goto(`${away.base}/node?id=tower&tab=system`);
    await page.getByRole('region', { name: 'Clock' }).getByText('tower is away: it is asked when it is back.').waitFor();
    assert.equal(await page.getByRole('button', { name: /Wake|More actions|Remount/ }).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    away.done();
});

test('played: folders are walked into by their addresses, and an array says what is broken', async () => {
    const page = await openPage(await openContext(browser, played.base));
    await page.goto(`${played.base}/node?id=tower&tab=storage`);
    await page.getByRole('region', { name: 'Array' }).getByRole('row').filter({ hasText: 'disk1' }).getByText('disabled').waitFor();
    const card = page.getByRole('region', { name: 'Biggest folders' });
    await card.getByRole('link', { name: '/', exact: true }).click();
    await card.getByRole('link', { name: 'var', exact: true }).click();
    await page.waitForURL(/tab=storage&path=\/var$/);
    await card.getByRole('link', { name: 'lib', exact: true }).waitFor();
    await card.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: '/', exact: true }).click();
    await card.getByText('Another filesystem').waitFor();
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
});
