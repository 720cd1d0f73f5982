// The hub's key is changed: agents that are up, and one that was away meanwhile, know it by the next one without being enrolled anew.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, plainEnvironment, root, run, scratchFolder, sleep, until } from './lib/hydrad.mjs';
import { freePort, readToken } from './lib/machine.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const dir = scratchFolder(), agents = {};
let h, admin;

const stateOf = name => path.join(dir, name);
const pins = name => JSON.parse(fs.readFileSync(path.join(stateOf(name), 'hub.json'), 'utf8')).pins;
function start(name) {
    const p = spawn(program, ['--state', stateOf(name), '--docker', 'unix:///nonexistent'], { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    p.err = '';
    p.stderr.on('data', d => { p.err += d; });
    p.exited = new Promise(r => p.on('exit', r));
    agents[name] = p;
}
const stop = async name => { agents[name].kill('SIGTERM'); await agents[name].exited; };
const linked = name => until(async () => /connected .*node=/.test(agents[name].err) && (await admin.get('/api/web/nodes')).json?.nodes.find(n => n.id === name)?.state === 'online', 60000, `${name} online`);
async function add(name) {
    const token = await h.verb(['node', 'add', name]);
    assert.equal((await run(program, ['enroll', '-', '--state', stateOf(name)], { input: token.out })).code, 0);
    start(name);
    await linked(name);
}
const list = async () => Object.fromEntries((await h.verb(['keys', 'list'])).out.trim().split('\n').map(l => l.split(/\s+/)).map(([k, ...v]) => [k, v.join(' ')]));
const auditOf = async action => (await admin.get(`/api/web/audit?action=${action}`)).json.entries;

before(async () => {
    h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
    await add('tower');
    await add('attic');
});
after(async () => {
    for (const p of Object.values(agents)) p.kill('SIGKILL');
    await h?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

test('the next key takes over once everybody knows it, also who was away at first', async () => {
    const old = (await list()).present;
    assert.deepEqual(pins('tower'), [old]);
    await stop('attic');
    const begun = await h.verb(['keys', 'rotate', '--within', '1h']);
    assert.equal(begun.code, 0, begun.err);
    const { next } = await list();
    assert.match(next, /^[0-9a-f]{64}$/);
    assert.equal((await h.verb(['keys', 'rotate'])).code, 1);
    await until(() => pins('tower').length === 2, 60000, 'tower to know both');
    assert.deepEqual(pins('tower'), [old, next]);
    await until(async () => (await list()).known === 'by 1 of 2 nodes', 60000, 'the hub to know that');
    assert.equal((await list()).missing, 'attic');
    await h.restart(); // who was told is remembered
    await sleep(3000);
    assert.equal((await list()).present, old);
    start('attic');
    await until(async () => (await list()).present === next, 60000, 'the next key in place');
    for (const name of ['tower', 'attic']) {
        await until(() => pins(name).length === 1 && pins(name)[0] === next, 60000, `${name} to know the new one alone`);
        await linked(name);
        assert.doesNotMatch(agents[name].err, /refused by the hub/);
    }
    assert.equal((await list()).next, undefined);
    const [rotated] = await auditOf('keys.rotate'), [retired] = await auditOf('keys.retire');
    assert.equal(rotated.actor, 'local');
    assert.deepEqual([retired.actor, retired.outcome], ['hydrad', 'done']);
});

test('a token that waits keeps the key that it names until it is used', async () => {
    const { present } = await list();
    const token = await h.verb(['node', 'add', 'shed']);
    assert.equal(readToken(token.out.trim()).pin.toString('hex'), present);
    assert.equal((await h.verb(['keys', 'rotate', '--within', '1h'])).code, 0);
    await until(async () => (await list()).known === 'by 2 of 2 nodes', 60000, 'both to know');
    await sleep(2500);
    assert.equal((await list()).present, present);
    assert.equal((await run(program, ['enroll', '-', '--state', stateOf('shed')], { input: token.out })).code, 0);
    assert.equal(pins('shed').length, 2);
    start('shed');
    await until(async () => (await list()).present !== present, 60000, 'the next key in place');
    for (const name of ['tower', 'attic', 'shed']) await until(async () => pins(name).length === 1 && pins(name)[0] === (await list()).present, 60000, name);
});

test('an agent that can not keep the next key does not count as knowing it', async () => {
    const { present } = await list(), inTheWay = path.join(stateOf('tower'), 'hub.json.new');
    fs.mkdirSync(inTheWay); // as on a disk that is full
    assert.equal((await h.verb(['keys', 'rotate', '--within', '1h'])).code, 0);
    await until(() => (agents.tower.err.match(/new keys can't be kept/g) ?? []).length >= 2, 60000, 'tower to try again');
    await until(async () => (await list()).known === 'by 2 of 3 nodes', 60000, 'the others to know');
    assert.equal((await list()).missing, 'tower');
    fs.rmdirSync(inTheWay);
    await until(async () => (await list()).present !== present, 60000, 'the next key in place');
    await until(async () => pins('tower').length === 1 && pins('tower')[0] === (await list()).present, 60000, 'tower to know it alone');
});

test('bad durations are refused', async () => {
    for (const within of ['soon', '1s', '90d']) assert.equal((await h.verb(['keys', 'rotate', '--within', within])).code, 1, within);
});
