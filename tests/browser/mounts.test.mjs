// A mount that hangs: the button that remounts it stands beside it and where attention is asked for, for those who may, as far as the node's
// policy allows it. A file system whose server is really dead; of other machines the stand-in tells.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from '../system/lib/hydrad.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { accessibility, openBrowser, openContext, openPage } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

const dir = scratchFolder(), point = path.join(dir, 'media'), policy = path.join(dir, 'agent.yaml');
const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
let hydrad, browser, admin, agent, vera, mount, played;
const signedIn = who => openContext(browser, hydrad.base, { cookie: who.auth.cookie });
const button = (where, name) => where.getByRole('button', { name, exact: true });

before(async () => {
    fs.mkdirSync(point);
    fs.writeFileSync(policy, `allow:\n- do: mount.remount\n  on: ["${point}"]\n`);
    mount = spawn(path.join(root, 'tests/system/hanging-mount'), [point], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => { mount.stdout.once('data', resolve); mount.once('exit', code => reject(new Error(`hanging-mount ended with ${code}`))); });
    hydrad = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await hydrad.setUp();
    const { token } = (await admin.post('/api/web/enrolments', { node: 'tower' })).json;
    const enrolled = await run(program, ['enroll', '-', '--state', dir], { input: `${token}\n` });
    assert.equal(enrolled.code, 0, enrolled.err);
    agent = spawn(program, ['run', '--state', dir, '--policy', policy, '--docker', 'unix:///nonexistent'], { env: plainEnvironment(), stdio: 'ignore' });
    vera = await hydrad.person(admin, 'vera', 'viewer');
    await until(async () => (await admin.get('/api/web/overview')).json.attention.some(a => a.node === 'tower' && a.mount === point), 60000, 'the mount where attention is asked for');
    browser = await openBrowser();
    played = await StandIn.start();
});
after(async () => {
    await browser?.close();
    played?.done();
    agent?.kill('SIGKILL');
    await hydrad?.done();
    mount.stdin.end();
    await new Promise(resolve => mount.once('exit', resolve));
    fs.rmSync(dir, { recursive: true, force: true });
});

test('from where attention is asked for: what will happen is said, then it is ordered', async () => {
    const page = await openPage(await signedIn(admin));
    await page.goto(hydrad.base);
    const item = page.getByRole('listitem').filter({ hasText: `${point} on tower does not answer` });
    await button(item, `Remount ${point}`).click();
    const dialog = page.getByRole('dialog', { name: `Remount ${point}?` });
    await dialog.getByText(/is unmounted, by force when it does not answer, and mounted again/).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await button(dialog, 'Remount').click();
    const job = await until(async () => (await admin.get('/api/web/jobs')).json.jobs.find(j => j.verb === 'mount.remount'), 60000, 'the job');
    assert.deepEqual([job.node, job.target, job.title], ['tower', point, `Remount ${point} on tower`]);
    await until(async () => (await admin.get(`/api/web/jobs/${job.id}`)).json.ended, 60000, 'its end');
    assert.deepEqual(page.complaints, []);
});

test('beside the mount on the page of its node', async () => {
    const page = await openPage(await signedIn(admin));
    await page.goto(`${hydrad.base}/node?id=tower`);
    const row = page.getByRole('row').filter({ hasText: point });
    await row.getByText('Does not answer').waitFor();
    await button(row, `Remount ${point}`).waitFor();
    fs.writeFileSync(policy, 'allow:\n- do: "*"\n');
    await until(async () => !(await admin.get(`/api/web/actions/tower?mount=${encodeURIComponent(point)}`)).json.actions[0].allowed, 60000, 'the policy');
    await page.reload();
    const held = button(row, `Remount ${point}`);
    await held.waitFor();
    assert.ok(await held.isDisabled());
    await until(async () => /does not name the mount/.test(await held.getAttribute('data-tip')), 60000, 'why it is not offered');
});

test('a viewer sees the trouble and no button', async () => {
    const page = await openPage(await signedIn(vera));
    await page.goto(hydrad.base);
    await page.getByText(`${point} on tower does not answer`).first().waitFor();
    assert.equal(await page.getByRole('button', { name: /^Remount/ }).count(), 0);
});

test('Storage lists what is mounted over the network, what is not, and who uses it', async () => {
    const page = await openPage(await openContext(browser, played.base));
    await page.goto(`${played.base}/node?id=hydra-ai&tab=storage`);
    const card = page.getByRole('region', { name: 'Network mounts' });
    const models = card.getByRole('listitem', { name: '/mnt/models' }), media = card.getByRole('listitem', { name: '/mnt/media' });
    await models.getByText('Files of it are open in ollama (3012).').waitFor();
    await media.getByText('Not mounted').waitFor();
    await until(() => button(models, 'Remount /mnt/models').isEnabled(), 60000, 'what can be done');
    assert.ok(await button(media, 'Remount /mnt/media').isDisabled());
    assert.deepEqual(await accessibility(page), []);
});
