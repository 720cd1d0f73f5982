// Faults between a hub and an agent, both the real ones, in two network namespaces with a bad cable between them: packets lost, late,
// all gone, gone one way; the hub killed; the node's disk full; its clock wrong. After each: every second's numbers are there, every
// event in its order, every command done once.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from './lib/engine.mjs';
import { Hydrad, plainEnvironment, root, scratchFolder, sleep, until } from './lib/hydrad.mjs';
import { alone, Wire } from './lib/wire.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const LONG = 120000;
const CUT_MS = Number(process.env.HYDRA_TEST_CUT_S ?? 25) * 1000; // 300: as long as an outage may last

if (!process.env.HYDRA_TEST_ALONE) {
    test('faults between hub and agent, in a network of their own', { timeout: 900000 }, async () => {
        const { code, out } = await alone(import.meta.filename);
        assert.equal(code, 0, out);
    });
} else {
    inside();
}

function inside() {
    const dir = scratchFolder(), state = path.join(dir, 'state'), offset = path.join(dir, 'offset');
    let wire, engine, h, admin, agent, stopwatch = 0;

    const shift = seconds => fs.writeFileSync(offset, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s\n`);

    function startAgent() {
        agent = spawn(wire.prefix[0], [...wire.prefix.slice(1), program, '--state', state, '--docker', `unix://${engine.socket}`], {
            stdio: ['ignore', 'ignore', 'pipe'],
            env: plainEnvironment({ LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1', FAKETIME_TIMESTAMP_FILE: offset, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' }),
        });
        agent.err = '';
        agent.stderr.on('data', d => { agent.err += d; });
        agent.gone = new Promise(r => agent.on('exit', r));
    }

    before(async () => {
        shift(0);
        wire = await Wire.start();
        engine = Engine.start();
        for (const name of ['plex', 'redis']) await engine.run(name, 'exec sleep 100000', { StopTimeout: 0 });
        await engine.run('slow', "trap '' TERM; while :; do sleep 1; done", { StopTimeout: 5 });
        const port = await new Promise(r => { const s = net.createServer().listen(0, wire.here, () => { const p = s.address().port; s.close(() => r(p)); }); });
        h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `${wire.here}:${port}`] });
        admin = await h.setUp();
        const token = await h.verb(['node', 'add', 'tower']);
        fs.mkdirSync(state);
        execFileSync(wire.prefix[0], [...wire.prefix.slice(1), program, 'enroll', token.out.trim(), '--state', state], { env: plainEnvironment() });
        startAgent();
        await linked();
        await until(async () => (await Promise.all(['plex', 'redis', 'slow'].map(service))).every(x => x?.state === 'unchecked'), LONG, 'its containers');
        stopwatch = (await times())[0];
    });
    after(async () => {
        agent?.kill('SIGKILL');
        await h?.done();
        engine?.stop();
        wire?.stop();
        for (const where of ['state', 'small']) spawnSync('umount', ['-l', path.join(dir, where)], { stdio: 'ignore' });
        fs.rmSync(dir, { recursive: true, force: true });
    });

    const node = async () => (await admin.get('/api/web/nodes')).json?.nodes.find(n => n.id === 'tower');
    const online = () => until(async () => { const n = await node(); return n?.state === 'online' && n.agent.address; }, LONG, 'tower online');
    const linked = () => until(() => /connected hub/.test(agent.err), LONG, 'a link').then(online);
    const service = async name => (await admin.get('/api/web/services')).json?.services.find(s => s.id === `tower/docker/${name}`);
    const times = async () => (await admin.get('/api/web/nodes/tower/window')).json?.t ?? [];
    const newest = async () => (await times()).at(-1) ?? 0;

    /** The first gap in the numbers since the start, "" when there is none up to now. */
    async function gap(since = stopwatch) {
        const t = (await times()).filter(x => x >= since);
        const now = Date.now();
        if (!t.length || now - t.at(-1) > 5000) return `nothing since ${t.at(-1)}`;
        for (let i = 1; i < t.length; i++) if (t[i] <= t[i - 1] || t[i] - t[i - 1] > 1900) return `${t[i] - t[i - 1]} ms at ${i} of ${t.length}`;
        return '';
    }
    async function assertGapless(since) {
        let what = '';
        await until(async () => !(what = await gap(since)), LONG, 'numbers without a gap').catch(e => { throw new Error(`${e.message}: ${what}`); });
    }

    const feed = async (name, since) => (await admin.get(`/api/web/events?limit=200&service=tower/docker/${name}`)).json.entries
        .filter(e => Date.parse(e.time) >= since).sort((x, y) => Date.parse(x.time) - Date.parse(y.time));
    const ask = (verb, name) => admin.post('/api/web/jobs', { verb, service: `tower/docker/${name}` });
    const job = async id => (await admin.get(`/api/web/jobs/${id}`)).json;
    const end = id => until(async () => { const j = await job(id); return !['waiting', 'running'].includes(j.state) && j; }, LONG, 'the end of a job');

    /** How often the engine was told to end it since then. */
    function kills(name, sinceMs) {
        const filters = encodeURIComponent(JSON.stringify({ container: [name], event: ['kill'] }));
        const out = execFileSync('curl', ['-s', '--unix-socket', engine.socket, `http://d/v1.41/events?since=${(sinceMs / 1000).toFixed(3)}&until=${(Date.now() / 1000).toFixed(3)}&filters=${filters}`], { encoding: 'utf8' });
        return out.split('\n').filter(l => l && JSON.parse(l).Actor.Attributes.signal === '15').length;
    }

    test('a fifth of all packets lost: numbers, events and commands arrive', async () => {
        await wire.is('loss 20');
        const begun = Date.now();
        const a = await ask('container.restart', 'slow');
        assert.equal(a.status, 202, a.text);
        assert.equal((await end(a.json.id)).state, 'done');
        assert.equal(kills('slow', begun), 1);
        await assertGapless();
        await wire.is('whole');
    });

    test('300 ms each way: the same', async () => {
        await wire.is('delay 300');
        const begun = Date.now();
        const a = await ask('container.restart', 'plex');
        assert.equal((await end(a.json.id)).state, 'done');
        assert.equal(kills('plex', begun), 1);
        await assertGapless();
        await wire.is('whole');
    });

    test('a cut: the node is late, then what happened meanwhile comes in its order', async () => {
        const begun = Date.now();
        await wire.is('cut');
        await engine.call('POST', '/containers/plex/stop?t=0');
        await until(async () => (await node()).state !== 'online', LONG, 'late');
        await engine.call('POST', '/containers/plex/start');
        await engine.call('POST', '/containers/redis/stop?t=0');
        await sleep(Math.max(0, CUT_MS - (Date.now() - begun)));
        assert.notEqual((await service('plex')).state, 'down', 'nobody knows, so nobody says that it is down');
        await wire.is('whole');
        await online();
        await assertGapless();
        await until(async () => (await service('redis')).state === 'stopped' && (await service('plex')).state === 'unchecked', LONG, 'how they are now');
        const lines = async name => (await feed(name, begun - 1000)).map(e => e.text.replace(/ on tower/, ''));
        const meanwhile = ['plex was stopped while the node was out of reach', 'plex was started again'];
        await until(async () => (await lines('plex')).slice(-2).join() === meanwhile.join(), LONG, 'what happened to plex');
        await until(async () => (await lines('redis')).join() === 'redis was stopped', LONG, 'what happened to redis');
        await engine.call('POST', '/containers/redis/start');
    });

    test('a command whose answer was lost is asked for, not given again', async () => {
        const begun = Date.now();
        const a = await ask('container.restart', 'slow');
        assert.equal(a.status, 202, a.text);
        await until(async () => (await job(a.json.id)).state === 'running' && kills('slow', begun) === 1, LONG, 'its begin');
        await wire.is('cut');
        await until(() => /lost the hub/.test(agent.err), LONG, 'the loss');
        await until(async () => (await engine.call('GET', '/containers/slow/json')).State.StartedAt > new Date(begun).toISOString(), LONG, 'the restart');
        await wire.is('whole');
        const j = await end(a.json.id);
        assert.equal(j.state, 'done', j.text);
        assert.equal(kills('slow', begun), 1);
        await online();
        await assertGapless();
    });

    for (const way of ['here', 'there'])
        test(`half open: what the ${way === 'here' ? 'hub' : 'node'} says does not arrive`, async () => {
            agent.err = '';
            await wire.is(`mute ${way}`);
            await until(() => /lost the hub/.test(agent.err), LONG, 'the loss');
            await wire.is('whole');
            await online();
            await assertGapless();
        });

    test('the hub is killed with -9 and started again', async () => {
        const begun = Date.now();
        const a = await ask('container.restart', 'slow');
        await until(async () => (await job(a.json.id)).state === 'running' && kills('slow', begun) === 1, LONG, 'its begin');
        agent.err = '';
        await h.kill();
        await until(() => /lost the hub/.test(agent.err), LONG, 'the loss');
        const away = Date.now();
        await sleep(3000);
        await h.start();
        admin.close();
        admin = h.client(admin.auth);
        await online();
        const j = await end(a.json.id);
        assert.equal(j.state, 'done', j.text);
        assert.equal(kills('slow', begun), 1);
        await assertGapless(away + 1000); // the hub's own window began anew
        stopwatch = away + 1000;
    });

    test('the disk of the node is full while the hub is away: what fitted is there, and it goes on', async () => {
        const small = path.join(dir, 'small');
        fs.mkdirSync(small);
        agent.kill('SIGTERM');
        await agent.gone;
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small]);
        fs.cpSync(state, small, { recursive: true });
        execFileSync('mount', ['--bind', small, state]);
        startAgent();
        await linked();
        const begun = Date.now();
        await wire.is('cut');
        await until(() => /lost the hub/.test(agent.err), LONG, 'the loss');
        await sleep(3000);
        const filler = fs.openSync(path.join(small, 'filler'), 'w');
        assert.throws(() => { for (;;) fs.writeSync(filler, Buffer.alloc(4096, 1)); }, { code: 'ENOSPC' });
        const full = Date.now();
        await engine.call('POST', '/containers/plex/restart?t=0');
        await sleep(4000);
        assert.equal(agent.exitCode, null, 'it goes on');
        fs.closeSync(filler);
        fs.rmSync(path.join(small, 'filler'));
        const roomy = Date.now();
        await sleep(2500);
        await wire.is('whole');
        await online();
        await until(async () => { // as one would see it: only while the disk was full is there a gap
            const t = (await times()).filter(x => x > begun && (x < full - 1500 || x > roomy + 3000));
            return t.at(-1) > roomy + 3000 && t.every((x, i) => !i || x - t[i - 1] < 1900 || (t[i - 1] < full && x > roomy));
        }, LONG, 'what fitted');
        const a = await ask('container.restart', 'plex');
        assert.equal((await end(a.json.id)).state, 'done');
        stopwatch = roomy + 3000;
        await assertGapless();
        agent.kill('SIGTERM');
        await agent.gone;
        execFileSync('umount', [state]);
        execFileSync('umount', [small]);
        startAgent();
        await linked();
    });

    test('the clock of the node jumps an hour ahead and back: it stays, in order, and does what it is told', async () => {
        for (const seconds of [3600, 0, -3600, 0]) {
            shift(seconds);
            const at = Date.now();
            await until(async () => (await newest()) > at + 3000 && (await node()).state === 'online', LONG, 'numbers after the jump');
            const t = await times();
            assert.ok(t.every((x, i) => !i || x > t[i - 1]), 'in order');
            assert.ok(t.at(-1) < Date.now() + 5000, 'no time to come');
            const a = await ask('container.restart', 'plex');
            assert.equal(a.status, 202, a.text);
            const j = await end(a.json.id);
            assert.equal(j.state, 'done', `${seconds}: ${j.text}`);
            assert.equal(kills('plex', at), 1);
        }
    });
}
