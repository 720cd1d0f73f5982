// Our hub and agents of another make (grpc-js): enrolment, reports, orders, and everything that must be refused.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ForeignAgent } from './lib/foreign-agent.mjs';
import { freePort } from './lib/machine.mjs';
import { Hydrad, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { grpc, now } from './lib/proto.mjs';

const PERMISSION_DENIED = 7, INVALID_ARGUMENT = 3, FAILED_PRECONDITION = 9, ABORTED = 10, UNIMPLEMENTED = 12, UNAUTHENTICATED = 16;
const programs = scratchFolder();
let hydrad, admin, port;

before(async () => {
    port = await freePort();
    fs.copyFileSync(path.join(root, 'build/hydra-agent'), path.join(programs, 'hydra-agent'));
    hydrad = await Hydrad.start({ args: ['--node', 'home', '--agents', `127.0.0.1:${port}`, '--agent-programs', programs] });
    admin = await hydrad.setUp();
});
after(async () => {
    await hydrad.stop();
    fs.rmSync(programs, { recursive: true, force: true });
});

async function newToken(node, replace = false) {
    const a = await admin.post('/api/web/enrolments', { node, replace });
    assert.equal(a.status, 201, a.text);
    return a.json.token;
}

async function newAgent(node) {
    const token = await newToken(node);
    const agent = await new ForeignAgent().meet(token);
    const { code, message } = await agent.enrol(token);
    assert.equal(code, 0, message);
    return agent;
}

const nodeOf = async id => (await admin.get('/api/web/nodes')).json.nodes.find(n => n.id === id);
const serviceOf = async id => (await admin.get('/api/web/services')).json.services.find(s => s.id === id);

test('nothing listens until somebody is waited for', async () => {
    const refused = await new Promise(r => net.connect(port, '127.0.0.1').on('error', e => r(e.code)).on('connect', () => r('connected')));
    assert.equal(refused, 'ECONNREFUSED');
});

test('an agent of another make enrols, reports, and is on the screen; checks go down, acknowledgements too', async () => {
    const agent = await newAgent('tower');
    const l = agent.link();
    const welcome = await l.heard('welcome');
    assert.equal(welcome.node, 'tower');
    assert.equal(welcome.hubKeys[0].toString('hex'), agent.pin.toString('hex'));
    l.send({ sequence: 1, facts: { hostname: 'tower', osName: 'Unraid 7.2', osId: 'unraid', cpuModel: 'A CPU', memoryTotal: 8e9, bootId: 'b', agentVersion: 'js' } });
    l.send({ series: { first: 0, series: [{ name: 'node_load1', labels: '', kind: 'GAUGE', help: '' }] } });
    l.frame(Date.now(), [2.5]);
    l.send({ sequence: 2, service: { id: 'docker/plex', kind: 'CONTAINER', engine: 'docker', name: 'plex', run: 'RUNNING', image: 'plexinc/pms-docker', ports: [{ address: '0.0.0.0', port: 32400 }] } });
    l.send({ source: { name: 'docker', state: 'OK', servicesComplete: true } });
    const n = await until(async () => { const x = await nodeOf('tower'); return x?.vitals?.load1 === 2.5 && x.os && x.agent.address && x; }, 60000, 'its numbers');
    assert.deepEqual([n.os, n.state, n.agent.kind, n.agent.version, n.agent.address], ['Unraid 7.2', 'online', 'remote', 'js', '127.0.0.1']);
    assert.ok(Date.parse(n.agent.certificate_expires) > Date.now());
    assert.ok(Date.parse(n.agent.connected) <= Date.now());
    const s = await until(() => serviceOf('tower/docker/plex'), 60000, 'its service');
    assert.equal(s.node, 'tower');
    const order = await until(() => l.said.findLast(m => m.body === 'checks')?.checks.checks.find(c => c.service === 'tower/docker/plex'), 60000, 'a check');
    l.send({ sequence: 3, check: { service: order.service, state: 'UP', timeMs: Date.now(), latencyUs: 900, code: 200, text: 'HTTP 200' } });
    await until(async () => (await serviceOf('tower/docker/plex')).state === 'healthy', 60000, 'healthy');
    await until(() => l.said.findLast(m => m.body === 'acknowledge')?.acknowledge.sequence === 3, 60000, 'acknowledged');
    l.send({ serviceGone: 'docker/plex' });
    await until(async () => !(await serviceOf('tower/docker/plex')), 60000, 'it is gone');
    await l.close();
});

test('what comes late fills the gap of the window, and a table that is told again keeps the past', async () => {
    const agent = await newAgent('late');
    const start = Date.now() - 20000;
    const table = { series: { first: 0, series: [{ name: 'node_load1', labels: '', kind: 'GAUGE', help: '' }] } };
    let l = agent.link();
    await l.heard('welcome');
    l.send(table);
    l.frame(start, [1]);
    const points = async () => { const w = (await admin.get('/api/web/nodes/late/window')).json; return w?.t?.map((t, i) => [t, w.values[0]?.[i]]); };
    await until(async () => (await points())?.length === 1, 60000, 'the first point');
    await l.close();
    l = agent.link();
    await l.heard('welcome');
    l.send(table);
    l.frame(start + 10000, [10]);
    for (let i = 1; i < 10; i++) l.frame(start + i * 1000, [i + 1], { sequence: i, replayed: true });
    await until(async () => (await points())?.length === 11, 60000, 'the gap is filled');
    assert.deepEqual((await points()).map(p => p[1]), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]);
    await l.close();
});

test('a token works once, for who has the key, and a used or unknown one says so', async () => {
    const token = await newToken('once');
    const a = await new ForeignAgent().meet(token), b = await new ForeignAgent().meet(token);
    const forged = await b.enrol(token, { proof: b.prove('something else') });
    assert.equal(forged.code, INVALID_ARGUMENT, forged.message);
    const both = await Promise.all([a.enrol(token), b.enrol(token)]);
    assert.deepEqual(both.map(x => x.code).toSorted((x, y) => x - y), [0, PERMISSION_DENIED]);
    const [first, second] = both[0].code === 0 ? [a, b] : [b, a]; // whichever came first
    const again = await second.enrol(token);
    assert.equal(again.code, PERMISSION_DENIED);
    assert.match(again.message, /used/);
    assert.equal((await first.enrol(token)).code, 0, 'whose answer was lost may ask again');
    const unknown = await b.enrol(token.replace(/.$/, c => (c === 'A' ? 'B' : 'A')));
    assert.ok([PERMISSION_DENIED, INVALID_ARGUMENT].includes(unknown.code));
    const nonsense = await b.enrol('hyn_x');
    assert.equal(nonsense.code, INVALID_ARGUMENT);
});

test('a link without a certificate, or with one of somebody else, is refused with a sentence', async () => {
    const agent = await newAgent('guarded');
    const without = await agent.link({ withCertificate: false }).ended;
    assert.equal(without.code, UNAUTHENTICATED);
    assert.match(without.details, /enrol/i);
    const other = await new ForeignAgent().meet(await newToken('someone'));
    const key = `${scratchFolder()}/key.pem`;
    fs.writeFileSync(key, other.keyPem);
    const made = await run('openssl', ['req', '-x509', '-key', key, '-days', '2', '-subj', '/CN=guarded']);
    other.certificate = made.out;
    const forged = await other.link().ended;
    assert.equal(forged.code, UNAUTHENTICATED, forged.details);
});

test('nonsense ends the link that it came by, and nothing else', async () => {
    const agent = await newAgent('odd');
    const early = agent.link({ hello: null });
    early.service('docker/x');
    assert.equal((await early.ended).code, FAILED_PRECONDITION);
    const garbage = agent.link();
    await garbage.heard('welcome');
    garbage.raw(Buffer.from([0xff, 0xff, 0xff]));
    assert.equal((await garbage.ended).code, INVALID_ARGUMENT);
    const senseless = agent.link();
    await senseless.heard('welcome');
    senseless.send({ frame: { timeMs: 1, n: 5, changes: Buffer.from([0, 9]) } });
    assert.equal((await senseless.ended).code, INVALID_ARGUMENT);
    const rows = agent.link(); // a megabyte of empty rows would be a hundred
    await rows.heard('welcome');
    rows.raw(Buffer.concat([Buffer.from([0x82, 0x01, 0xc0, 0x84, 0x3d]), Buffer.alloc(1000000, Buffer.from([0x2a, 0]))]));
    assert.deepEqual([(await rows.ended).code, rows.status.details], [INVALID_ARGUMENT, 'This is no message of an agent.']);
    const twice = agent.link();
    await twice.heard('welcome');
    twice.send({ hello: { agentVersion: 'js' } });
    assert.equal((await twice.ended).code, INVALID_ARGUMENT);
    const fine = agent.link();
    await fine.heard('welcome');
    await fine.close();
});

test('what comes compressed is not taken, whichever call it is', async () => {
    const agent = await newAgent('packer');
    const client = agent.client(true, { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
    for (const method of ['Link', 'Logs', 'Program', 'Enroll']) {
        const call = client.makeBidiStreamRequest(`/hydra.agent.v1.Agent/${method}`, b => b, b => b);
        call.on('data', () => {}).on('error', () => {});
        call.write(Buffer.alloc(1000));
        const status = await new Promise(r => call.on('status', r));
        assert.deepEqual([status.code, status.details], [UNIMPLEMENTED, 'Nothing is taken compressed here: send messages as they are.'], method);
    }
    client.close();
});

test('a second link of a node takes the place of the first', async () => {
    const agent = await newAgent('twice');
    const first = agent.link();
    await first.heard('welcome');
    const second = agent.link();
    await second.heard('welcome');
    assert.equal((await first.ended).code, ABORTED);
    assert.equal(second.status, null);
    await second.close();
});

/** Asks for the program that the hub has; `read` false: for all of it at once, and reads nothing. */
function fetchProgram(client, version, read = true) {
    const { encode, decode } = now;
    const call = client.makeBidiStreamRequest('/hydra.agent.v1.Agent/Program', encode('ProgramAsk'), decode('ProgramPart'));
    const f = { call, pieces: [], status: null };
    call.on('error', () => {});
    f.begun = new Promise(r => call.on('metadata', r));
    f.ended = new Promise(r => call.on('status', s => { f.status = s; r(s); }));
    if (read)
        call.on('data', m => {
            if (m.manifest) f.manifest = m.manifest;
            if (!m.piece.length) return;
            f.pieces.push(m.piece);
            f.left = (f.left ?? Number(f.manifest.size)) - m.piece.length;
            if (f.left > 0) call.write({ credit: 1 }); // after the last one the call is over
        });
    call.write({ version, arch: os.machine(), credit: read ? 2 : 1e6 });
    return f;
}

test('a node fetches one program at a time, and one that does not read it costs the hub little', async () => {
    const agent = await newAgent('greedy');
    const version = execFileSync(path.join(root, 'build/hydra-agent'), ['version'], { encoding: 'utf8' }).trim().split(' ')[1];
    const file = fs.readFileSync(path.join(programs, 'hydra-agent'));
    const clients = Array.from({ length: 10 }, () => agent.client());
    await until(async () => { const f = fetchProgram(clients[0], version); await f.ended; return f.status.code === 0; }, 60000, 'the program to be offered');
    const memory = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${hydrad.process.pid}/status`, 'utf8'))[1]) * 1024;
    const before = memory(), calls = [];
    for (const client of clients)
        for (let i = 0; i < 20; i++) calls.push(fetchProgram(client, version, false));
    await Promise.all(calls.map(f => f.begun));
    const reader = agent.client(), last = fetchProgram(reader, version);
    assert.equal((await last.ended).code, 0, last.status.details);
    assert.ok(memory() - before < 16 << 20, `${memory() - before} bytes more`);
    for (const f of calls) f.call.resume();
    for (const f of calls) assert.deepEqual([(await f.ended).code, f.status.details], [ABORTED, 'The node asked for a program again.']);
    assert.equal(last.manifest.size, file.length);
    assert.ok(Buffer.concat(last.pieces).equals(file));
    assert.equal(last.manifest.sha256.toString('hex'), crypto.createHash('sha256').update(file).digest('hex'));
    for (const client of [...clients, reader]) client.close();
});

test('a clock that is half an hour slow is told of, and put right', async () => {
    const agent = await newAgent('slow');
    const l = agent.link({ hello: { wallMs: Date.now() - 1800000 } });
    await l.heard('welcome');
    l.send({ series: { first: 0, series: [{ name: 'node_load1', labels: '', kind: 'GAUGE', help: '' }] } });
    l.frame(Date.now() - 1800000, [1]);
    const w = await until(async () => { const x = (await admin.get('/api/web/nodes/slow/window')).json; return x?.t?.length && x; }, 60000, 'its numbers');
    assert.ok(Math.abs(w.t[0] - Date.now()) < 60000);
    await until(async () => (await admin.get('/api/web/overview')).text.includes('clock of slow is 30 minutes slow'), 60000, 'the notice');
    l.frame(Date.now(), [2]); // put right while it is linked
    await until(async () => !(await admin.get('/api/web/overview')).text.includes('clock of slow'), 60000, 'the notice goes');
    await l.close();
    const odd = agent.link({ hello: { wallMs: -1 } });
    assert.equal((await odd.ended).code, INVALID_ARGUMENT);
});

test('a certificate is renewed over the link; once the new one is shown the old one counts no more', async () => {
    const agent = await newAgent('renews');
    const old = agent.certificate;
    let l = agent.link();
    await l.heard('welcome');
    l.send({ certificateRequest: { publicKey: agent.publicKey, proof: agent.prove('renews') } });
    const { certificate } = await l.heard('certificate');
    assert.notEqual(certificate, old);
    await l.close();
    l = agent.link(); // the new one was perhaps never kept: the old one still counts
    await l.heard('welcome');
    await l.close();
    agent.certificate = certificate;
    l = agent.link();
    await l.heard('welcome');
    await l.close();
    agent.certificate = old;
    assert.equal((await agent.link().ended).code, UNAUTHENTICATED);
});

test('a node that is removed loses its link and its services at once; replaced, the new machine takes its place', async () => {
    const agent = await newAgent('doomed');
    const l = agent.link();
    await l.heard('welcome');
    l.service('docker/app');
    await until(() => serviceOf('doomed/docker/app'), 60000, 'its service');
    assert.equal((await admin.delete('/api/web/nodes/doomed')).status, 204);
    const end = await l.ended;
    assert.equal(end.code, UNAUTHENTICATED);
    assert.match(end.details, /removed/);
    assert.equal(await nodeOf('doomed'), undefined);
    assert.equal(await serviceOf('doomed/docker/app'), undefined);
    assert.equal((await agent.link().ended).code, UNAUTHENTICATED);

    const first = await newAgent('swapped');
    const before = first.link();
    await before.heard('welcome');
    const token = await newToken('swapped', true);
    const second = await new ForeignAgent().meet(token);
    assert.equal((await second.enrol(token)).code, 0);
    assert.equal((await before.ended).code, UNAUTHENTICATED);
    const now = second.link();
    await now.heard('welcome');
    assert.equal((await first.link().ended).code, UNAUTHENTICATED);
    await now.close();
});

test('a method that a newer agent asks for is unimplemented; the hub killed and started again knows its nodes', async () => {
    const agent = await newAgent('steady');
    const client = agent.client();
    const code = await new Promise(r => client.makeUnaryRequest('/hydra.agent.v1.Agent/Dance', b => b, b => b, Buffer.alloc(0), e => r(e.code)));
    client.close();
    assert.equal(code, UNIMPLEMENTED);
    const l = agent.link();
    await l.heard('welcome');
    await hydrad.kill();
    await l.ended;
    await hydrad.start();
    admin = await hydrad.signIn('ada', 'correct horse battery');
    const again = agent.link();
    await again.heard('welcome');
    await until(async () => (await nodeOf('steady'))?.agent.kind === 'remote', 60000, 'the node');
    await again.close();
});
