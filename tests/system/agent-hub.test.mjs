// hydra-agent and hydrad, both the real ones: from the token to the screen, over restarts of either, to the end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const freePort = () => new Promise(r => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => r(port)); }); });
const dir = scratchFolder(), state = path.join(dir, 'agent');
let h, admin, agent;

before(async () => {
    h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
});
after(async () => {
    agent?.kill('SIGKILL');
    await h?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

function start() {
    agent = spawn(program, ['--state', state, '--docker', 'unix:///nonexistent'], { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    agent.err = '';
    agent.stderr.on('data', d => { agent.err += d; });
    agent.exited = new Promise(r => agent.on('exit', code => r(code)));
}

async function enroll(name, extra = []) {
    const added = await h.verb(['node', 'add', name, ...extra]);
    assert.equal(added.code, 0, added.err);
    return run(program, ['enroll', '-', '--state', state], { input: added.out });
}

const node = async id => (await admin.get('/api/web/nodes')).json?.nodes.find(n => n.id === id);
const online = id => until(async () => { const n = await node(id); return n?.state === 'online' && n.agent.address && n; }, 60000, `${id} online`);
const services = async () => (await admin.get('/api/web/services')).json.services.filter(s => s.id.startsWith('tower/'));

test('a token, an agent, a node on the screen with its services', async () => {
    const made = await enroll('tower');
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /This machine is the node tower/);
    start();
    const n = await online('tower');
    assert.equal(n.agent.kind, 'remote');
    await until(async () => (await services()).some(s => s.id.startsWith('tower/process/')), 60000, 'a service of tower');
    await until(async () => (await node('tower')).sources.some(s => s.name === 'collector/cpu' && s.state === 'ok'), 60000, 'its collectors');
});

test('an agent that starts anew, also after kill -9, is the same node', async () => {
    for (const [signal, code] of [['SIGTERM', 0], ['SIGKILL', null]]) {
        agent.kill(signal);
        assert.equal(await agent.exited, code);
        await until(async () => (await node('tower')).state !== 'online', 60000, 'its absence');
        start();
        await online('tower');
    }
});

test('a hub that was away is told what it missed, and shows the node again', async () => {
    await h.stop();
    await until(() => /lost the hub/.test(agent.err), 60000, 'the loss');
    agent.err = '';
    await h.start();
    await until(() => /connected .*node=tower/.test(agent.err) && /told what it missed/.test(agent.err), 60000, 'the replay');
    await online('tower');
    await until(async () => (await services()).length > 0, 60000, 'its services');
});

test('an agent that is up takes up a new name', async () => {
    const made = await enroll('loft');
    assert.equal(made.code, 0, made.err);
    await until(() => /was enrolled anew node=loft/.test(agent.err), 60000, 'the new identity');
    await online('loft');
    const back = await enroll('tower', ['--replace']);
    assert.equal(back.code, 0, back.err);
    await until(() => /was enrolled anew node=tower/.test(agent.err), 60000, 'the name before');
    await online('tower');
    assert.equal((await h.verb(['node', 'rm', 'loft'])).code, 0);
});

test('a token that waits to replace a node goes with it', async () => {
    const waiting = await h.verb(['node', 'add', 'shed', '--replace']);
    const there = await h.verb(['node', 'add', 'barn']);
    const barn = path.join(dir, 'barn');
    assert.equal((await run(program, ['enroll', '-', '--state', barn], { input: there.out })).code, 0);
    const replacing = await h.verb(['node', 'add', 'barn', '--replace']);
    assert.equal((await h.verb(['node', 'rm', 'barn'])).code, 0);
    const late = await run(program, ['enroll', '-', '--state', path.join(dir, 'late')], { input: replacing.out });
    assert.equal(late.code, 1);
    assert.match(late.err, /does not know this token/);
    const shed = await run(program, ['enroll', '-', '--state', path.join(dir, 'shed')], { input: waiting.out });
    assert.equal(shed.code, 0, shed.err);
});

test('a node that was removed is told so; enrolled again it is back under a running agent', async () => {
    const removed = await h.verb(['node', 'rm', 'tower']);
    assert.equal(removed.code, 0, removed.err);
    await until(() => /refused by the hub .*removed from Hydra/.test(agent.err), 60000, 'the refusal');
    await until(async () => !(await node('tower')), 60000, 'tower to be gone');
    const made = await enroll('attic');
    assert.equal(made.code, 0, made.err);
    await until(() => /was enrolled anew node=attic/.test(agent.err), 60000, 'the new identity');
    await online('attic');
});

test('a token that was used opens nothing', async () => {
    const added = await h.verb(['node', 'add', 'cellar']);
    const other = path.join(dir, 'other');
    const first = await run(program, ['enroll', '-', '--state', other], { input: added.out });
    assert.equal(first.code, 0, first.err);
    const second = await run(program, ['enroll', '-', '--state', path.join(dir, 'third')], { input: added.out });
    assert.equal(second.code, 1);
    assert.match(second.err, /^hydra-agent: .*used/);
});
