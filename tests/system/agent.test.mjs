// hydra-agent against a hub of another implementation: enrolment, reports, links that break, what was missed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hub, makeHubKey, makeToken } from './lib/hub.mjs';
import { plainEnvironment, root, run, scratchFolder, sleep, until } from './lib/hydrad.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const dir = scratchFolder();
const ends = [];
let first, second, foreign;

before(async () => {
    [first, second, foreign] = await Promise.all(['first', 'second', 'foreign'].map(n => makeHubKey(dir, n)));
});
after(async () => {
    for (const end of ends) await end();
    fs.rmSync(dir, { recursive: true, force: true });
});

let folders = 0;
const stateFolder = () => path.join(dir, `state-${folders++}`);

async function hub(keys = [first]) {
    const h = new Hub(fs.mkdtempSync(path.join(dir, 'hub-')));
    await h.start(keys);
    ends.push(() => h.stop());
    return h;
}

const enroll = (token, state, options) => run(program, ['enroll', token, '--state', state], options);

/** A running agent: {process, err, stop(signal)}. */
function agent(state, args = []) {
    const a = { err: '' };
    const p = spawn(program, ['--state', state, '--docker', 'unix:///nonexistent', ...args], { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    a.process = p;
    p.stderr.on('data', d => { a.err += d; });
    a.exited = new Promise(r => p.on('exit', (code, signal) => r({ code, signal })));
    a.stop = (signal = 'SIGTERM') => { p.kill(signal); return a.exited; };
    ends.push(() => a.stop('SIGKILL'));
    return a;
}

/** A hub and an agent that is up. */
async function connected({ keys, args } = {}) {
    const h = await hub(keys);
    const state = stateFolder();
    const made = await enroll(h.token('tower'), state);
    assert.equal(made.code, 0, made.err);
    const a = agent(state, args);
    await h.message('frame');
    return { hub: h, state, agent: a, again: more => agent(state, more ?? args) };
}

test('enrolling keeps a key that nobody else can read, and a token works once', async () => {
    const h = await hub();
    const state = stateFolder(), token = h.token('tower');
    const made = await enroll(token, state);
    assert.deepEqual([made.code, made.err], [0, '']);
    assert.match(made.out, /This machine is the node tower of the Hydra at 127\.0\.0\.1:\d+\./);
    assert.equal(fs.statSync(path.join(state, 'key.pem')).mode & 0o777, 0o600);
    assert.equal(fs.statSync(state).mode & 0o777, 0o700);
    assert.deepEqual(JSON.parse(fs.readFileSync(path.join(state, 'hub.json'))), { address: `127.0.0.1:${h.port}`, node: 'tower', pins: [first.pin.toString('hex')] });
    assert.equal(h.enrolled[0].agentVersion.length > 0 && h.enrolled[0].hostname.length > 0, true);
    const again = await enroll(token, stateFolder());
    assert.deepEqual([again.code, again.err], [1, 'hydra-agent: This token was used already, or its time is over: make a new one.\n']);
});

test('a token comes from standard input or a file, too', async () => {
    const h = await hub();
    const file = path.join(dir, 'token');
    fs.writeFileSync(file, `${h.token('a')}\n`);
    assert.equal((await enroll(`@${file}`, stateFolder())).code, 0);
    assert.equal((await enroll('-', stateFolder(), { input: `\n  ${h.token('b')}\n` })).code, 0);
    const none = await run(program, ['enroll', '--state', stateFolder()]);
    assert.equal(none.code, 2);
    assert.match(none.err, /enroll needs a token/);
    assert.match((await enroll('hyn_AQIDBA', stateFolder())).err, /This is no token, or not all of it/);
});

test('an agent that nobody asks has three threads', async () => {
    const { agent: a } = await connected();
    assert.equal(fs.readdirSync(`/proc/${a.process.pid}/task`).length, 3);
    await a.stop();
});

test('a hub that shows another key gets nothing', async () => {
    const h = await hub([foreign]);
    const state = stateFolder();
    const made = await enroll(makeToken(first.pin, `127.0.0.1:${h.port}`), state);
    assert.equal(made.code, 1);
    assert.match(made.err, /is not the hub that this token or node belongs to/);
    assert.equal(h.enrolled.length, 0);
    assert.equal(fs.existsSync(path.join(state, 'hub.json')), false);
});

test('an answer that was lost burns no token: the same machine comes again, by itself or when told to', async () => {
    const h = await hub();
    h.losesAnswers = () => h.restart();
    const state = stateFolder(), token = h.token('tower');
    const made = await enroll(token, state);
    assert.equal(made.code, 0, made.err);
    assert.deepEqual([h.enrolled.length, h.enrolled[0].publicKey.equals(h.enrolled[1].publicKey)], [2, true]);
    assert.equal(fs.existsSync(path.join(state, 'key-enrol.pem')), false);

    h.losesAnswers = () => h.stop();
    const later = stateFolder(), second = h.token('attic');
    assert.equal((await enroll(second, later)).code, 1);
    assert.equal(fs.existsSync(path.join(later, 'hub.json')), false);
    await h.start([first], h.port);
    const again = await enroll(second, later);
    assert.deepEqual([again.code, h.enrolled[2].publicKey.equals(h.enrolled[3].publicKey)], [0, true], again.err);
    assert.equal((await enroll(second, stateFolder())).code, 1, 'another machine');
});

test('what is no node, no state folder, no hub is said', async () => {
    const none = await run(program, ['--state', path.join(dir, 'nothing')]);
    assert.equal(none.code, 1);
    assert.match(none.err, /is no node of Hydra yet/);
    const nobody = await enroll(makeToken(first.pin, '127.0.0.1:1'), stateFolder());
    assert.match(nobody.err, /127\.0\.0\.1:1 can't be reached: .*connection refused/);
    assert.match((await run(program, ['rum'])).err, /did you mean run\?/);
    assert.match((await run(program, ['--stat', 'x'])).err, /did you mean --state\?/);
    const { state, agent: a } = await connected();
    assert.match((await run(program, ['--state', state])).err, /Another hydra-agent already uses/);
    assert.deepEqual(await a.stop(), { code: 0, signal: null });
});

test('a link begins with hello, then everything that lasts, then a frame each second', async () => {
    const { hub: h, agent: a } = await connected();
    const m = h.link.messages;
    assert.equal(m[0].body, 'hello');
    assert.ok(['commands', 'policy'].every(f => m[0].hello.features.includes(f)));
    await h.message('policy', p => p.rules.length > 0);
    assert.ok(m[0].hello.session && m[0].hello.bootId && m[0].hello.features.includes('spool'));
    await h.message('facts', f => f.hostname);
    const table = await h.message('series', t => t.first === 0);
    assert.ok(table.series.series.some(s => s.name === 'node_load1' || s.name === 'node_memory_MemTotal_bytes'), 'known names');
    await h.message('source', s => s.name === 'systemd' || s.name === 'docker');
    await until(() => h.link.messages.filter(x => x.body === 'frame').length > 3, 60000, 'frames');
    const frames = m.filter(x => x.body === 'frame' && !x.replayed);
    assert.ok(frames.every((f, i) => i === 0 || f.frame.timeMs > frames[i - 1].frame.timeMs), 'in order');
    assert.ok(frames.some(f => f.sequence === 0), 'most need no acknowledgement');
    assert.match(a.err, /connected hub=127/);
});

test('samples come as often as the hub says, unless it was said here, and within reason', async () => {
    const gap = async (intervalMs, args = []) => {
        const h = await hub();
        h.intervalMs = intervalMs;
        const state = stateFolder();
        assert.equal((await enroll(h.token('tower'), state)).code, 0);
        const a = agent(state, args);
        const times = () => h.link?.messages.filter(m => m.frame).map(m => m.frame.timeMs) ?? [];
        await until(() => times().length >= 8, 60000, 'frames');
        await a.stop();
        const t = times().slice(2);
        return (t.at(-1) - t[0]) / (t.length - 1); // by the agent's clock: its ticks are of the wall clock
    };
    const [often, own, odd] = await Promise.all([gap(250), gap(250, ['--interval', '1000']), gap(3)]);
    assert.ok(often < 600, `every ${often} ms`);
    assert.ok(own > 600, `every ${own} ms`);
    assert.ok(odd > 600, `every ${odd} ms`);
});

test('checks that the hub orders are carried out; commands are answered', async () => {
    const { hub: h } = await connected();
    const server = net.createServer(c => c.end()).listen(0, '127.0.0.1');
    ends.push(() => server.close());
    await until(() => server.listening, 60000, 'a port');
    h.link.send({ checks: { checks: [{ service: 'tower/it', kind: 'TCP', target: `127.0.0.1:${server.address().port}`, intervalMs: 1000, timeoutMs: 2000 }] } });
    const up = await h.message('check', c => c.service === 'tower/it');
    assert.deepEqual([up.check.state, up.sequence > 0], ['UP', true]);
    h.link.send({ command: { id: 'c1', node: 'other', verb: 'unit.restart', target: 'systemd/x.service' } });
    const no = await h.message('outcome', o => o.id === 'c1');
    assert.deepEqual([no.outcome.state, no.sequence > 0], ['REFUSED', true]);
    assert.match(no.outcome.text, /another node/);
    h.link.send({ command: { id: 'c2', node: 'tower', verb: 'container.remove', target: 'docker/nothing', sequence: 1, expiresMs: Date.now() + 60000 } });
    assert.equal((await h.message('outcome', o => o.id === 'c2')).outcome.state, 'REFUSED');
    h.link.send({ commandQuery: { id: 'c2' } });
    await until(() => h.link.messages.filter(x => x.outcome?.id === 'c2').length === 2, 60000, 'the same outcome');
    h.link.send({ commandQuery: { id: 'never' } });
    assert.equal((await h.message('outcome', o => o.id === 'never')).outcome.state, 'UNKNOWN');
});

test('services are told as they come and go', async () => {
    const { hub: h } = await connected();
    const p = spawn(process.execPath, ['-e', "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); })"], { stdio: ['ignore', 'pipe', 'ignore'] });
    ends.push(() => p.kill('SIGKILL'));
    const port = Number(await new Promise(r => p.stdout.once('data', d => r(String(d)))));
    const come = await h.message('service', s => s.ports.some(x => x.port === port), { ms: 40000 });
    assert.deepEqual([come.service.kind, come.sequence > 0], ['PROCESS', true]);
    p.kill('SIGKILL');
    const gone = await h.message('serviceGone', id => id === come.service.id, { ms: 40000 });
    assert.ok(gone.sequence > come.sequence);
});

/** The times of frames of these links, replayed or live, without those that came twice. */
const frameTimes = links => [...new Set(links.flatMap(l => l.messages).filter(m => m.body === 'frame').map(m => m.frame.timeMs))].sort((a, b) => a - b);

function gapless(times) {
    for (let i = 1; i < times.length; i++) assert.ok(times[i] - times[i - 1] < 1900, `a gap of ${times[i] - times[i - 1]} ms at ${i} of ${times.length}`);
}

test('what a hub missed while it was away comes in order, beside live frames', async () => {
    const { hub: h, agent: a } = await connected();
    await sleep(1500);
    h.stop();
    await until(() => /lost the hub/.test(a.err), 60000, 'the loss');
    a.err = '';
    await sleep(4500);
    await h.start([first], h.port);
    await until(() => h.links.length > 1, 60000, 'a new link');
    await until(() => /told what it missed/.test(a.err), 60000, 'the replay');
    const l = h.link.messages;
    const replayed = l.filter(m => m.replayed);
    assert.equal(l[0].body, 'hello');
    assert.ok(l.find(m => m.body === 'facts') && l.find(m => m.body === 'series' && m.series.first === 0), 'a full picture');
    assert.ok(replayed.filter(m => m.body === 'frame').length >= 4, `${replayed.length} were replayed`);
    assert.ok(replayed.every((m, i) => m.sequence > 0 && (i === 0 || m.sequence > replayed[i - 1].sequence)), 'in order');
    await h.message('frame', (f, m) => !m.replayed);
    gapless(frameTimes(h.links));
    await until(() => h.link.messages.some(m => m.body === 'frame' && m.sequence > replayed.at(-1).sequence), 60000, 'a numbered frame');
});

test('what was not acknowledged is told again, also after kill -9; what was is not', async () => {
    const { hub: h, state, agent: a, again } = await connected();
    const check = service => ({ checks: { checks: [{ service, kind: 'TCP', target: '127.0.0.1:1', intervalMs: 60000, timeoutMs: 1000 }] } });
    h.link.send(check('kept'));
    const kept = await h.message('check', c => c.service === 'kept');
    await sleep(300); // the acknowledgement is on its way
    h.acknowledges = false;
    h.link.send(check('lost'));
    const lost = await h.message('check', c => c.service === 'lost');
    assert.ok(lost.sequence > kept.sequence);
    await a.stop('SIGKILL');
    h.acknowledges = true;
    const n = h.links.length;
    const b = again();
    await until(() => h.links.length > n, 60000, 'a new link');
    const replayed = await h.message('check', c => c.service === 'lost');
    assert.deepEqual([replayed.replayed, replayed.sequence, replayed.check.timeMs], [true, lost.sequence, lost.check.timeMs]);
    await h.message('frame', (f, m) => m.sequence > lost.sequence);
    assert.equal(h.link.messages.some(m => m.check?.service === 'kept'), false);
    await b.stop();
    const files = fs.readdirSync(path.join(state, 'spool'));
    assert.ok(files.includes('acknowledged'), files.join(' '));
});

test('frames of an earlier run are replayed under their names', async () => {
    const { hub: h, agent: a, again } = await connected();
    h.stop();
    await until(() => /lost the hub/.test(a.err), 60000, 'the loss');
    await sleep(3500);
    await a.stop('SIGKILL');
    await h.start([first], h.port);
    const b = again();
    await until(() => /told what it missed/.test(b.err), 60000, 'the replay');
    const frames = h.link.messages.filter(m => m.body === 'frame' && m.replayed);
    assert.ok(frames.length >= 2, `${frames.length} frames`);
    const tables = h.link.messages.filter(m => m.body === 'series');
    let next = 0;
    for (const t of tables) { assert.equal(t.series.first, next); next += t.series.series.length; }
    const names = tables.flatMap(t => t.series.series.map(s => `${s.name}{${s.labels}}`));
    assert.equal(new Set(names).size, names.length, 'no series twice');
    assert.ok(frames.every(f => f.frame.n <= next));
});

test('a hub that changes its key is known when it has told so before', async () => {
    const { hub: h, state, agent: a } = await connected();
    await h.restart([first, second]);
    await until(() => JSON.parse(fs.readFileSync(path.join(state, 'hub.json'))).pins.length === 2, 60000, 'both keys');
    await h.restart([second]);
    await until(() => JSON.parse(fs.readFileSync(path.join(state, 'hub.json'))).pins.join() === second.pin.toString('hex'), 60000, 'the new key');
    const n = h.links.length;
    await h.restart([foreign]);
    await until(() => /is not the hub that this token or node belongs to/.test(a.err), 60000, 'the refusal');
    assert.equal(h.links.length, n);
});

test('a node that was removed does not hammer, and says what to do', async () => {
    const { hub: h, agent: a, state } = await connected();
    h.refuses = [7, 'The node tower was removed from Hydra.'];
    await h.restart();
    await until(() => /refused by the hub/.test(a.err), 60000, 'the refusal');
    assert.match(a.err, /refused by the hub hub=\S+ why="The node tower was removed from Hydra\." again_in="\d+ (min|h).*enrol it again/);

    h.refuses = null;
    const made = await enroll(h.token('attic'), state);
    assert.equal(made.code, 0, made.err);
    await until(() => /was enrolled anew node=attic/.test(a.err) && h.link.node === 'attic', 60000, 'the new identity, without a restart');
    await h.message('frame');
    assert.equal(h.link.messages.some(m => m.replayed), false);
    assert.deepEqual(await a.stop(), { code: 0, signal: null });
});

test('a certificate is renewed over the link, for a new key, when a third of its time is left', async () => {
    const h = await hub();
    Object.assign(h, { days: 0, welcomes: 'tower' }); // over at once: due
    const state = stateFolder();
    assert.equal((await enroll(h.token('tower'), state)).code, 0);
    const files = ['key.pem', 'certificate.pem'].map(f => path.join(state, f)), before_ = files.map(f => fs.readFileSync(f, 'utf8'));
    h.days = 30;
    const a = agent(state);
    const q = await h.message('certificateRequest', () => true, { ms: 40000 });
    h.welcomes = null; // by the new certificate alone
    h.link.send({ certificate: { certificate: await h.certify('tower', q.certificateRequest.publicKey), notAfterMs: Date.now() + 1e9 } });
    await until(() => fs.readFileSync(files[1], 'utf8') !== before_[1] && fs.readFileSync(files[0], 'utf8') !== before_[0], 60000, 'the new files');
    await until(() => h.links.length === 2, 60000, 'a new link, at once');
    assert.equal(new crypto.X509Certificate(h.link.certificate.raw).toString(), new crypto.X509Certificate(fs.readFileSync(files[1])).toString());
    await h.message('frame');
    assert.equal(h.link.messages.some(m => m.body === 'certificateRequest'), false);
    assert.doesNotMatch(a.err, /lost the hub/);
    assert.equal(fs.existsSync(path.join(state, 'key-next.pem')), false);
});

test('an agent that is up takes up what was enrolled anew, and leaves its files alone', async () => {
    const { hub: h, agent: a, state } = await connected();
    const other = await hub([second]);
    const made = await enroll(other.token('attic'), state);
    assert.equal(made.code, 0, made.err);
    const files = ['key.pem', 'certificate.pem', 'hub.json'].map(f => fs.readFileSync(path.join(state, f), 'utf8'));
    await until(() => other.link?.node === 'attic', 60000, 'the other hub');
    await other.message('frame');
    await until(() => h.link.ended, 60000, 'the end of the link before');
    assert.match(a.err, /was enrolled anew node=attic/);
    assert.equal(other.link.messages.some(m => m.replayed), false);
    assert.deepEqual(['key.pem', 'certificate.pem', 'hub.json'].map(f => fs.readFileSync(path.join(state, f), 'utf8')), files);
    assert.equal(JSON.parse(files[2]).node, 'attic');
});
