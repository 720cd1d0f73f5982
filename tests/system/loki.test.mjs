// Logs pushed to Loki: by hydra-agent from a real Docker engine, by hydrad from a real journal. Loki is a server of ours that decodes
// what comes by the documented format (lib/loki.mjs) and answers well, badly, late, or not at all.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from './lib/engine.mjs';
import { Hub, makeHubKey } from './lib/hub.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { kept, Loki } from './lib/loki.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const startSystemd = path.join(root, 'tests/system/start-systemd');
const machine = path.join(os.tmpdir(), `hydra-loki-${randomUUID().slice(0, 8)}`);
const scratch = scratchFolder();
const PATIENT = 90000;
let engine, hub, loki, agents = [];

/** `tick N` from 1 on, some fifty a second. */
const TICKER = 'i=0; while :; do i=$((i+1)); echo "tick $i"; usleep 20000; done';

class Agent {
    constructor(name, args = []) { Object.assign(this, { name, args, state: path.join(scratch, name), err: '' }); agents.push(this); }

    async enrol() {
        const r = await run(program, ['enroll', hub.token(this.name), '--state', this.state]);
        assert.equal(r.code, 0, r.err);
        return this;
    }

    start() {
        this.process = spawn(program, ['--state', this.state, '--docker', `unix://${engine.socket}`, ...this.args], { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
        this.process.stderr.on('data', d => { this.err += d; });
        this.gone = new Promise(r => this.process.on('exit', r));
        return this;
    }

    async end(signal = 'SIGTERM') { this.process?.kill(signal); await this.gone; }
    get folder() { return path.join(this.state, 'loki'); }
    get waiting() { return fs.existsSync(this.folder) ? fs.readdirSync(this.folder).filter(f => f.endsWith('.push')) : []; }
    maps() { return fs.readFileSync(`/proc/${this.process.pid}/maps`, 'utf8'); }
}

before(async () => {
    engine = Engine.start();
    hub = await new Hub(scratch).start([await makeHubKey(scratch, 'hub')]);
    loki = await Loki.start();
});
after(async () => {
    for (const a of agents) await a.end('SIGKILL');
    hub?.stop();
    await loki?.stop();
    engine?.stop();
    execFileSync(startSystemd, ['--stop', machine]);
    fs.rmSync(scratch, { recursive: true, force: true });
});

const numbers = lines => lines.map(l => Number(l.split(' ')[1]));
const upTo = n => Array.from({ length: n }, (_, i) => i + 1);
const ticks = (name, l = loki) => numbers(kept(l.of('container', name)).map(x => x.line));

/** Every tick from the first to the last came, in order; those that came twice are equal and of few batches. */
function assertWhole(name, { twice = 0 } = {}) {
    const all = loki.of('container', name), once = kept(all);
    assert.deepEqual(numbers(once.map(l => l.line)), upTo(once.length));
    assert.ok(all.length - once.length <= twice, `${all.length - once.length} lines came twice`);
}

test('off by default: nothing is loaded, nothing is written', async () => {
    const a = (await new Agent('off').enrol()).start();
    await until(() => hub.links.some(l => l.node === 'off' && l.messages.some(m => m.body === 'frame')));
    assert.doesNotMatch(a.maps(), /libsnappy|libstdc/);
    assert.ok(!fs.existsSync(a.folder));
    await a.end();
});

test('a wrong address is refused at the start', async () => {
    for (const [address, says] of [['loki:3100', /http:\/\/HOST:3100/], ['http://ada:secret@loki', /--loki-auth/]]) {
        const r = await run(program, ['--loki', address, '--state', scratch]);
        assert.notEqual(r.code, 0);
        assert.match(r.err, says);
        assert.doesNotMatch(r.err, /ada:secret/);
    }
});

test('lines of containers come with their labels, times and levels; a tenant and credentials go along', async () => {
    const file = path.join(scratch, 'credentials');
    fs.writeFileSync(file, 'ada:correct horse\n');
    await engine.run('old', 'echo "before anybody asked"; exec sleep 100000');
    await new Promise(r => setTimeout(r, 50));
    const a = (await new Agent('tower', ['--loki', loki.url, '--loki-tenant', 'home', '--loki-auth', file]).enrol()).start();
    await until(() => /pushing logs/.test(a.err), 60000, 'the start');
    const begun = BigInt(Date.now()) * 1000000n;
    await engine.run('sorts', 'echo "ERROR: bad"; echo "{\\"level\\":\\"warn\\",\\"msg\\":\\"hm\\"}"; echo plain; printf "bytes \\377 end\\n"; echo; echo "token=hunter2hunter2"; echo over; exec sleep 100000');
    await until(() => loki.texts('container', 'sorts').includes('over'), PATIENT, 'its lines');
    const lines = kept(loki.of('container', 'sorts'));
    assert.deepEqual(lines.map(l => [l.labels.level, l.line]), [['err', 'ERROR: bad'], ['warning', '{"level":"warn","msg":"hm"}'],
        ['unknown', 'plain'], ['unknown', 'bytes \ufffd end'], ['unknown', ''], ['unknown', 'token=***'], ['unknown', 'over']]);
    for (const l of lines) {
        assert.deepEqual(Object.keys(l.labels), ['container', 'host', 'level']);
        assert.equal(l.labels.host, 'tower');
        assert.ok(l.ns > begun - 60000000000n && l.ns < BigInt(Date.now()) * 1000000n, `${l.ns}`);
    }
    const { headers } = loki.requests[0];
    assert.equal(headers['content-type'], 'application/x-protobuf');
    assert.equal(headers['x-scope-orgid'], 'home');
    assert.equal(headers.authorization, `Basic ${Buffer.from('ada:correct horse').toString('base64')}`);
    assert.match(headers['user-agent'], /^hydra\//);
    fs.writeFileSync(file, 'a-bearer-token\n');
    await engine.run('later', 'echo later; exec sleep 100000');
    await until(() => loki.texts('container', 'later').length, PATIENT, 'a container that came later');
    assert.equal(loki.requests.at(-1).headers.authorization, 'Bearer a-bearer-token');
    assert.deepEqual(loki.of('container', 'old'), [], 'what was there before the first start stays where it is');
    await until(() => !a.waiting.length, PATIENT, 'an empty folder');
    await a.end();
});

test('killed with -9 in the middle, again and again: no line is lost, and at most the batches under way come twice', async () => {
    const a = (await new Agent('killed', ['--loki', loki.url]).enrol()).start();
    await until(() => /pushing logs/.test(a.err));
    await engine.run('beat', TICKER);
    let seen = 0;
    for (let i = 0; i < 3; i++) {
        await until(() => ticks('beat').length > seen + 60, PATIENT, 'more ticks');
        seen = ticks('beat').length;
        await a.end('SIGKILL');
        a.start();
    }
    await until(() => ticks('beat').length > seen + 60, PATIENT, 'ticks after the last kill');
    const batches = loki.requests.map(r => r.lines.filter(l => l.labels.container === 'beat').length);
    assertWhole('beat', { twice: 3 * Math.max(...batches) });
    await a.end();
    const at = ticks('beat').length;
    await until(async () => (await engine.call('GET', '/containers/beat/json')).State.Running);
    a.start();
    await until(() => ticks('beat').length > at + 60, PATIENT, 'what was written while nobody ran');
    assertWhole('beat', { twice: 4 * Math.max(...batches) });
    await engine.call('POST', '/containers/beat/stop?t=0');
    await a.end();
});

test('what Loki does not take at once waits and comes in order: 429, 500, an answer that never comes, a connection that breaks', async () => {
    const a = (await new Agent('patient', ['--loki', loki.url]).enrol()).start();
    await until(() => /pushing logs/.test(a.err));
    const from = loki.requests.length;
    const bad = [429, 500, 503, 'cut', 'hang', 429];
    loki.answer = i => bad[i - from] ?? 204;
    await engine.run('drip', TICKER);
    await until(() => ticks('drip').length > 200, PATIENT, 'ticks after the trouble');
    assertWhole('drip');
    assert.match(a.err, /logs can't be pushed.*HTTP 429/);
    assert.match(a.err, /logs are pushed again/);
    assert.equal(a.err.match(/HTTP 500/g)?.length, 1, 'said once');
    loki.answer = 204;
    await engine.call('POST', '/containers/drip/stop?t=0');
    await a.end();
});

test('before Loki has taken anything a 400 of somebody else loses nothing: http:// to a port that wants TLS', async () => {
    const a = (await new Agent('mistaken', ['--loki', loki.url]).enrol()).start();
    await until(() => /pushing logs/.test(a.err));
    loki.answer = 400;
    await engine.run('kept', TICKER);
    await until(() => /HTTP 400.*https:/.test(a.err), PATIENT, 'the advice');
    loki.answer = 204;
    await until(() => ticks('kept').length > 100, PATIENT, 'all that waited');
    assertWhole('kept');
    await engine.call('POST', '/containers/kept/stop?t=0');
    await a.end();
});

test('a batch that Loki refuses (400) is dropped, said once, and the next ones go on', async () => {
    const a = (await new Agent('refused', ['--loki', loki.url]).enrol()).start();
    await until(() => /pushing logs/.test(a.err));
    await engine.run('good', 'echo good; exec sleep 100000');
    await until(() => loki.texts('container', 'good').length, PATIENT, 'a batch that is taken');
    loki.answer = 400;
    await engine.run('bad', TICKER);
    await until(() => loki.refused(400).filter(r => r.lines.some(l => l.labels.container === 'bad')).length >= 3, PATIENT, 'three refusals');
    loki.answer = 204;
    await until(() => loki.of('container', 'bad').length > 30, PATIENT, 'what came after');
    assert.equal(a.err.match(/Loki refuses lines/g).length, 1);
    const dropped = loki.refused(400).flatMap(r => r.lines.filter(l => l.labels.container === 'bad').map(l => l.line));
    const all = numbers([...dropped, ...loki.texts('container', 'bad')]);
    assert.deepEqual(all, upTo(all.length), 'none was asked twice');
    await engine.call('POST', '/containers/bad/stop?t=0');
    await a.end();
});

test('while Loki is down lines wait on disk, over a kill and a start, within their bound; then all of them come', async () => {
    await loki.stop();
    const a = (await new Agent('lasting', ['--loki', loki.url, '--loki-spool', '4']).enrol()).start();
    await until(() => /pushing logs/.test(a.err));
    // 12 MB that do not compress: more than may wait
    await engine.run('flood', 'i=0; while [ $i -lt 12000 ]; do i=$((i+1)); echo "line $i $(head -c 700 /dev/urandom | base64 -w 0)"; done; echo over; exec sleep 100000');
    const size = () => a.waiting.reduce((n, f) => n + (fs.statSync(path.join(a.folder, f), { throwIfNoEntry: false })?.size ?? 0), 0);
    await until(() => size() > 1 << 20, PATIENT, 'lines that wait');
    await a.end('SIGKILL');
    a.start();
    await until(async () => (await engine.call('GET', '/containers/flood/json')).State.Running && /pushing logs.*waiting\S*[1-9]/.test(a.err), PATIENT, 'the second start');
    await until(() => size() > 2 << 20, PATIENT, 'a folder that is full');
    await new Promise(r => setTimeout(r, 3000)); // it would grow
    assert.ok(size() <= 4 << 20, `${size()} bytes`);
    await loki.back();
    await until(() => loki.texts('container', 'flood').includes('over'), PATIENT, 'the last line');
    const lines = kept(loki.of('container', 'flood')).map(l => l.line);
    assert.equal(lines.pop(), 'over');
    assert.deepEqual(numbers(lines), upTo(12000));
    await until(() => !a.waiting.length, PATIENT, 'an empty folder');
    await a.end();
});

test('a certificate that nobody vouches for gets no lines', async () => {
    const { key, certificate } = await makeHubKey(scratch, 'loki');
    const secret = await Loki.start({ tls: { key: fs.readFileSync(key), cert: fs.readFileSync(certificate) } });
    const a = (await new Agent('careful', ['--loki', secret.url]).enrol()).start();
    await until(() => /pushing logs/.test(a.err));
    await engine.run('whisper', 'echo secret; exec sleep 100000');
    await until(() => /logs can't be pushed.*certificate/i.test(a.err), PATIENT, 'a refusal');
    assert.deepEqual(secret.requests, []);
    await a.end();
    await secret.stop();
});

test('the journal of hydrad: units and levels; killed in the middle, no line is lost', async () => {
    fs.mkdirSync(`${machine}/units`, { recursive: true });
    fs.writeFileSync(`${machine}/units/talk.service`, `[Service]
ExecStart=/bin/bash -c 'i=0; while :; do i=$((i+1)); echo "tick $i"; echo "tick $i"; [ $((i %% 10)) = 0 ] && echo "<3>bad $i"; sleep 0.02; done'
`);
    const [bus, journal] = execFileSync(startSystemd, [machine], { encoding: 'utf8' }).trim().split(' ');
    const h = await Hydrad.start({ args: ['--node', 'house', '--journal', journal, '--loki', loki.url, '--agents', 'none'], env: { DBUS_SYSTEM_BUS_ADDRESS: bus } });
    await until(() => /pushing logs/.test(h.err));
    execFileSync('busctl', [`--address=${bus}`, 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'StartUnit', 'ss', 'talk.service', 'replace']);
    const of = () => kept(loki.of('unit', 'talk.service'));
    const told = () => of().filter(l => l.line.startsWith('tick'));
    for (let i = 0, seen = 0; i < 3; i++) {
        await until(() => told().length > seen + 60, PATIENT, 'lines of the unit');
        seen = told().length;
        await h.kill();
        await h.start();
    }
    const last = told().length;
    await until(() => told().length > last + 60, PATIENT, 'lines after the last kill');
    const lines = told();
    // each number twice: equal lines of one moment stay two
    assert.deepEqual(numbers(lines.map(l => l.line)), upTo(lines.length).map(i => Math.ceil(i / 2)));
    assert.ok(of().some(l => l.line === 'bad 10' && l.labels.level === 'err'));
    assert.ok(lines.every(l => l.labels.host === 'house' && l.labels.unit === 'talk.service' && !l.labels.container));
    await h.done();
});
