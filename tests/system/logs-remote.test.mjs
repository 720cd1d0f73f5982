// Logs of a node whose agent dials in: a real hydrad, a real hydra-agent, a real engine.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from './lib/engine.mjs';
import { ForeignAgent } from './lib/foreign-agent.mjs';
import { freePort } from './lib/machine.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { LogStream } from './lib/log-stream.mjs';
import { decode, decodeExact, encode } from './lib/proto.mjs';

const hydra = process.env.HYDRA ?? path.join(root, 'build/hydra');
const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const state = path.join(scratchFolder(), 'state');
const socket = path.join(path.dirname(state), 'run/hydra.sock');
const far = name => `service=nas/docker/${name}`;
let engine, h, admin, agent;

function startAgent() {
    agent = spawn(program, ['--state', state, '--docker', `unix://${engine.socket}`, '--socket', socket, '--socket-group', 'daemon'], { env: plainEnvironment(), stdio: 'ignore' });
    agent.gone = new Promise(r => agent.on('exit', r));
}

async function page(query) {
    const a = await admin.get(`/api/web/logs?${query}`);
    assert.equal(a.status, 200, a.text);
    return a.json;
}
/** Readers that a process has: a thread each. */
const readers = pid => fs.readdirSync(`/proc/${pid}/task`).filter(t => {
    try { return fs.readFileSync(`/proc/${pid}/task/${t}/comm`, 'utf8') === 'logs\n'; } catch { return false; }
}).length;
const texts = p => p.lines.map(l => l.text);

before(async () => {
    fs.mkdirSync(path.dirname(socket));
    engine = Engine.start();
    await engine.run('talker', 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done; echo "ERROR: last"; exec sleep 100000');
    await engine.run('ticker', 'i=0; while :; do i=$((i+1)); echo "tick $i"; sleep 0.2; done');
    await engine.keepLog('talker');
    h = await Hydrad.start({ args: ['--node', 'tower', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
});

after(async () => {
    agent?.kill('SIGKILL');
    await h?.done();
    engine?.stop();
});

test('a node is added', async () => {
    const made = await admin.post('/api/web/enrolments', { node: 'nas' });
    assert.equal(made.status, 201, made.text);
    const enrolled = await run(program, ['enroll', made.json.token, '--state', state]);
    assert.equal(enrolled.code, 0, enrolled.err);
    startAgent();
    await until(async () => {
        const { sources } = (await admin.get('/api/web/logs/sources')).json;
        return ['talker', 'ticker'].every(n => sources.some(s => s.service === `nas/docker/${n}`));
    }, 60000, 'the sources of the node');
});

test('pages, search and levels are as those of this machine', async () => {
    await until(async () => texts(await page(`${far('talker')}&limit=1`))[0] === 'ERROR: last');
    let lines = [], cursor = '';
    do {
        const p = await page(`${far('talker')}&limit=700${cursor && `&before=${cursor}`}`);
        lines = [...texts(p), ...lines];
        cursor = p.before;
    } while (cursor);
    assert.equal(lines.length, 3001);
    assert.deepEqual([lines[0], lines[2999], lines[3000]], ['line 0', 'line 2999', 'ERROR: last']);
    assert.equal((await page(`${far('talker')}&q=line+29&limit=1000`)).lines.length, 111);
    assert.deepEqual((await page(`${far('talker')}&level=err`)).lines.map(l => [l.level, l.node, l.service]), [['err', 'nas', 'nas/docker/talker']]);
});

test('a search ends with the client that asked', async () => {
    const token = await h.token(admin, ['logs:read']), tab = new AbortController(), env = { ...plainEnvironment(), HYDRA_URL: h.base, HYDRA_TOKEN: token.auth.token };
    await until(() => readers(agent.pid) === 0);
    engine.signal('SIGSTOP'); // so that nothing else ends it
    try {
        const left = assert.rejects(admin.get(`/api/web/logs?${far('talker')}&q=nowhere`, { signal: tab.signal }), { name: 'AbortError' });
        const cli = spawn(hydra, ['logs', 'nas/docker/talker', '--grep', 'nowhere'], { env, stdio: 'ignore' });
        await until(() => readers(agent.pid) === 2, 60000, 'both searches');
        tab.abort();
        await left;
        await until(() => readers(agent.pid) === 1, 60000, 'the end of the first');
        cli.kill('SIGINT');
        await until(() => readers(agent.pid) === 0, 60000, 'the end of the second');
    } finally {
        engine.signal('SIGCONT');
    }
});

test('a download that finds nothing ends with its client, a search at the socket of the node too', async () => {
    const { hostname, port } = new URL(admin.base);
    const asked = [
        { hostname, port, path: `/api/web/logs/download?${far('talker')}&q=nowhere`, headers: admin.headers('GET', {}) },
        { socketPath: socket, path: '/api/cli/logs?service=docker/talker&q=nowhere' },
    ];
    await until(() => readers(agent.pid) === 0);
    engine.signal('SIGSTOP');
    try {
        for (const options of asked) {
            const r = http.get({ ...options, agent: false }).on('error', () => {});
            await until(() => readers(agent.pid) === 1, 60000, 'the search');
            r.destroy();
            await until(() => readers(agent.pid) === 0, 60000, 'its end');
        }
    } finally {
        engine.signal('SIGCONT');
    }
});

test('the download has every line', async () => {
    const a = await admin.get(`/api/web/logs/download?${far('talker')}`);
    assert.equal(a.text.trimEnd().split('\n').length, 3001);
});

test('a tail goes on, and a flood stops nobody', async () => {
    const s = await LogStream.open(admin, `${far('ticker')}&limit=2`);
    await until(() => s.lines.length >= 6);
    const number = t => Number(t.slice(5));
    const seen = s.texts.map(number);
    assert.deepEqual(seen, seen.map((_, i) => seen[0] + i));
    await engine.run('flood', 'sleep 1; i=0; while [ $i -lt 100000 ]; do echo "flood $i"; i=$((i+1)); done; echo over; exec sleep 100000');
    await until(async () => (await admin.get('/api/web/logs/sources')).json.sources.some(x => x.service === 'nas/docker/flood'), 60000, 'the flood');
    const quick = await LogStream.open(admin, `${far('flood')}&limit=1`);
    const slow = await LogStream.open(admin, `${far('flood')}&limit=1`, { paused: true });
    await until(() => quick.texts.at(-1) === 'over', 60000, 'the end of the flood');
    const before = s.lines.length;
    await until(() => s.lines.length > before);
    for (const x of [s, quick, slow]) x.close();
});

test('a node that is away is said to be', async () => {
    const s = await LogStream.open(admin, `${far('ticker')}&limit=1`);
    await until(() => s.lines.length >= 1);
    agent.kill('SIGKILL');
    await agent.gone;
    await until(() => s.ended);
    const p = await page(`${far('ticker')}&node=tower&limit=1`);
    assert.deepEqual(p.partial.filter(t => t.service.startsWith('nas')), [{ service: 'nas/docker/ticker', text: 'nas is not connected.' }]);
    startAgent();
    await until(async () => (await page(`${far('ticker')}&limit=1`)).lines.length === 1, 60000, 'the node back');
});

test('an older agent that has come nowhere yet is asked again for the same', async () => {
    const { token } = (await admin.post('/api/web/enrolments', { node: 'old' })).json, old = await new ForeignAgent().meet(token);
    assert.equal((await old.enrol(token)).code, 0);
    const link = old.link({ hello: { features: ['logs'] } }), client = old.client(), from = Date.now() - 3600000;
    await link.heard('welcome');
    const answer = async (n, batch) => {
        const { bytes } = await until(() => link.said.filter(m => m.body === 'logOpen')[n]), { id } = decodeExact('FromHub')(bytes).logOpen;
        client.makeBidiStreamRequest('/hydra.agent.v1.Agent/Logs', encode('LogBatch'), decode('LogCredit')).on('error', () => {}).end({ id, ...batch });
    };
    const [first] = await Promise.all([page(`node=old&q=x&until=${from}`), answer(0, { reachedUs: '9223372036854775807' })]);
    assert.deepEqual([first.lines, first.reached], [[], from]);
    const [second] = await Promise.all([page(`node=old&q=x&before=${first.before}`), answer(1, { whole: true })]);
    assert.deepEqual([second.before, second.reached], [null, null]);
    const asked = link.said.filter(m => m.body === 'logOpen').map(m => m.logOpen.query);
    assert.ok(Math.abs(asked[1].fromUs - from * 1000) < 60e6, 'from where it had begun');
    client.close();
    await link.close();
});

test('a graceful end waits for nobody', async () => {
    const s = await LogStream.open(admin, `${far('ticker')}&limit=1`);
    await until(() => s.lines.length >= 1);
    const { code } = await h.stop();
    assert.equal(code, 0);
    await until(() => s.ended);
});
