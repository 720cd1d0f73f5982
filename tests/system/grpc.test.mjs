// gRPC against another implementation, both ways: grpc-js calls our server, our client calls a server of grpc-js.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import readline from 'node:readline';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { root, run, scratchFolder, until } from './lib/hydrad.mjs';

const grpc = createRequire(path.join(root, 'web/package.json'))('@grpc/grpc-js');
const peer = path.join(root, 'build/tests/system/rpc-peer');
const same = bytes => bytes;
const method = (name, stream = true) => ({ path: `/t.T/${name}`, requestStream: stream, responseStream: stream, requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same });
const dir = scratchFolder(), key = path.join(dir, 'key.pem'), certificate = path.join(dir, 'certificate.pem');
const ends = [];

before(async () => {
    const made = await run('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']);
    assert.equal(made.code, 0, made.err);
});
after(async () => {
    for (const end of ends) await end();
    fs.rmSync(dir, { recursive: true, force: true });
});

/** Our server, in plain text, over TLS (true), or a tight one: {port, told: what it has told so far, stop()}. */
async function ours(how) {
    const p = spawn(peer, ['serve', ...(how ? [certificate, key] : []), ...(how === 'tight' ? [how] : [])], { stdio: ['ignore', 'pipe', 'inherit'] });
    const told = [];
    readline.createInterface(p.stdout).on('line', l => told.push(JSON.parse(l)));
    const ended = new Promise(r => p.on('exit', (code, signal) => r({ code, signal })));
    const stop = () => { p.kill('SIGTERM'); return ended; };
    ends.push(stop);
    await until(() => told.length, 60000, 'the server');
    return { port: told.shift().port, told, stop };
}

function theirClient(server, tls, options = {}) {
    const trust = tls ? grpc.credentials.createSsl(fs.readFileSync(certificate)) : grpc.credentials.createInsecure();
    const c = new grpc.Client(`localhost:${server.port}`, trust, { 'grpc.max_receive_message_length': 8 << 20, 'grpc.max_send_message_length': 8 << 20, ...options });
    ends.push(() => c.close());
    return c;
}

/** Calls with these messages; {code, message, got}. */
function call(client, name, messages, { deadline, cancelAfter, halfClose = true } = {}) {
    const c = client.makeBidiStreamRequest(`/t.T/${name}`, same, same, new grpc.Metadata(), { deadline: Date.now() + (deadline ?? 20000) });
    const got = [];
    for (const m of messages) c.write(Buffer.from(m));
    if (halfClose) c.end();
    if (cancelAfter) setTimeout(() => c.cancel(), cancelAfter);
    return new Promise(resolve => {
        c.on('data', d => got.push(d));
        c.on('error', () => {});
        c.on('status', s => resolve({ code: s.code, message: s.details, got }));
    });
}

for (const tls of [false, true]) {
    const how = tls ? 'over TLS' : 'in plain text';
    test(`their client, our server ${how}: messages both ways, large, compressed, many calls at once`, async () => {
        const s = await ours(tls);
        const client = theirClient(s, tls), packed = theirClient(s, tls, { 'grpc.default_compression_algorithm': 2 });
        const numbers = Array.from({ length: 1000 }, (_, i) => String(i));
        const many = await call(client, 'Echo', numbers);
        assert.deepEqual([many.code, many.got.map(String)], [0, numbers]);
        const large = 'y'.repeat(3 << 20);
        const big = await call(client, 'Echo', [large, '', large]);
        assert.deepEqual([big.code, big.got.map(g => g.length)], [0, [large.length, 0, large.length]]);
        const small = await call(packed, 'Echo', [large, 'a']);
        assert.deepEqual([small.code, small.got.map(g => g.length)], [0, [large.length, 1]]);
        const all = await Promise.all(Array.from({ length: 100 }, (_, i) => call(client, 'Echo', [`${i}`, 'x'])));
        all.forEach((a, i) => assert.deepEqual([a.code, String(a.got[0])], [0, String(i)]));
        assert.deepEqual(await s.stop(), { code: 0, signal: null });
    });
}

test('their client, our server: statuses, deadlines, cancelling, an over-large message, the end of the server', async () => {
    const s = await ours(true);
    const client = theirClient(s, true);
    const { code, message } = await call(client, 'Fail', []);
    assert.deepEqual([code, message], [9, 'Nicht möglich: 100 %']);
    assert.equal((await call(client, 'Nowhere', ['x'])).code, 12);
    assert.equal((await call(client, 'Silent', ['x'], { deadline: 300, halfClose: false })).code, 4);
    await until(() => s.told.some(t => ['CANCELLED', 'DEADLINE_EXCEEDED'].includes(t.served)), 60000, 'our side of the deadline');
    s.told.length = 0;
    assert.equal((await call(client, 'Silent', ['x'], { cancelAfter: 200, halfClose: false })).code, 1);
    await until(() => s.told.some(t => t.served === 'CANCELLED'), 60000, 'our side of the cancelling');
    assert.equal((await call(client, 'Reset', ['x'])).code, 1);
    const over = await call(client, 'Echo', ['z'.repeat((4 << 20) + 1)]);
    assert.ok([1, 8].includes(over.code), `code ${over.code}`);
    await until(() => s.told.some(t => t.served === 'RESOURCE_EXHAUSTED'), 60000, 'our side of the large message');
    assert.equal((await call(client, 'Echo', ['still'])).code, 0);
    const last = call(client, 'Silent', ['x'], { halfClose: false });
    await call(client, 'Echo', ['x']);
    await s.stop();
    assert.equal((await last).code, 14);
});

test('what is no gRPC is refused, and the connection lives on', async () => {
    const s = await ours(false);
    const session = http2.connect(`http://127.0.0.1:${s.port}`);
    ends.push(() => session.destroy());
    const ask = (headers, body = '') => new Promise((resolve, reject) => {
        const r = session.request({ ':method': 'POST', ':path': '/t.T/Echo', 'content-type': 'application/grpc', te: 'trailers', ...headers }, { endStream: false });
        let status, grpcStatus;
        r.on('response', h => { status = h[':status']; grpcStatus = h['grpc-status']; });
        r.on('trailers', t => { grpcStatus = t['grpc-status']; });
        r.on('error', reject);
        r.on('close', () => resolve([status, grpcStatus]));
        r.resume();
        r.end(body);
    });
    assert.deepEqual(await ask({ ':method': 'GET' }), [405, '13']);
    assert.deepEqual(await ask({ 'content-type': 'text/plain' }), [415, '13']);
    assert.deepEqual(await ask({ 'content-type': 'application/grpcx' }), [415, '13']);
    assert.deepEqual(await ask({ 'grpc-encoding': 'zstd' }), [200, '12']);
    assert.deepEqual(await ask({ 'grpc-timeout': 'soon' }), [200, '13']);
    assert.deepEqual(await ask({}, Buffer.from([0, 0, 0, 0, 1, 65])), [200, '0']);
});

// --- what a server bears of strangers: the tight one, whose patience is short ---

const framed = (length, bytes = Buffer.alloc(length)) => Buffer.concat([Buffer.from([0, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255]), bytes]);
const session = server => {
    const s = http2.connect(`https://localhost:${server.port}`, { ca: fs.readFileSync(certificate) });
    s.on('error', () => {});
    ends.push(() => s.destroy());
    return s;
};
const gone = (thing, what) => until(() => thing.destroyed || thing.closed, 60000, what);

/** A call of a raw session: {status, closed, stream}. */
function rawCall(s, name, bytes) {
    const stream = s.request({ ':method': 'POST', ':path': `/t.T/${name}`, 'content-type': 'application/grpc', te: 'trailers' }, { endStream: false });
    const c = { stream, status: undefined, code: undefined, closed: false, got: 0 };
    stream.on('response', h => { c.status ??= h['grpc-status']; });
    stream.on('trailers', h => { c.status ??= h['grpc-status']; });
    stream.on('data', d => { c.got += d.length; });
    stream.on('error', () => {});
    stream.on('close', () => { c.closed = true; c.code = stream.rstCode; });
    if (bytes) stream.write(bytes);
    return c;
}

test('a connection that does nothing is closed: without TLS, without HTTP/2, without a call', async () => {
    const s = await ours('tight');
    const mute = net.connect(s.port, '127.0.0.1').resume(), half = net.connect(s.port, '127.0.0.1').resume();
    half.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])); // a hello that begins
    const silent = connectTls({ port: s.port, host: 'localhost', ca: fs.readFileSync(certificate), ALPNProtocols: ['h2'] }).resume();
    const idle = session(s); // answers pings
    for (const c of [mute, half, silent]) c.on('error', () => {});
    await Promise.all([gone(mute, 'the end of the mute'), gone(half, 'the end of half a hello'), gone(silent, 'the end of one without HTTP/2'), gone(idle, 'the end of one without a call')]);
    assert.deepEqual(await s.stop(), { code: 0, signal: null });
});

test('a call without a message, with half of one, with one too large; a caller whom nobody admits', async () => {
    const s = await ours('tight');
    const admitted = session(s), living = rawCall(admitted, 'Echo', framed(1));
    await until(() => living.got > 0, 60000, 'an echo');
    for (const [bytes, what] of [[null, 'no message'], [framed(100, Buffer.alloc(50)), 'half a message']]) {
        const c = rawCall(admitted, 'Echo', bytes);
        await until(() => c.closed, 60000, `the end of a call with ${what}`);
        assert.equal(c.status, '4', what);
    }
    // The length alone is enough, before any byte of the message.
    for (const [name, length] of [['Small', 1001], ['Stranger', (16 << 10) + 1], ['Echo', (4 << 20) + 1]]) {
        const c = rawCall(admitted, name, framed(length, Buffer.alloc(0)));
        await until(() => c.closed, 60000, `the end of ${name}`);
        assert.equal(c.status, '8', name);
    }
    assert.equal(living.closed, false);
    const strange = session(s), call = rawCall(strange, 'Stranger', framed(1));
    await until(() => call.got > 0, 60000, 'an echo for a stranger');
    await gone(strange, 'the end of the stranger');
    living.stream.write(framed(10));
    await until(() => living.got >= 6 + 15, 60000, 'an echo after the end of the stranger');
    assert.deepEqual(await s.stop(), { code: 0, signal: null });
});

test('a stranger makes eight calls at once; connections beyond those of an address push out the oldest, never an admitted one', async () => {
    const s = await ours('tight');
    const admitted = session(s), living = rawCall(admitted, 'Echo', framed(1));
    await until(() => living.got > 0, 60000, 'an echo');
    const strange = session(s), calls = Array.from({ length: 9 }, () => rawCall(strange, 'Stranger', framed(1)));
    await until(() => calls.filter(c => c.got > 0).length === 8 && calls.some(c => c.closed) || strange.destroyed, 60000, 'eight calls');
    assert.ok(calls.filter(c => c.got > 0).length <= 8);
    const flood = Array.from({ length: 100 }, () => net.connect(s.port, '127.0.0.1').on('error', () => {}).resume());
    await until(() => flood.every(f => !f.connecting), 60000, 'the flood');
    const late = session(s), last = rawCall(late, 'Echo', framed(1));
    await until(() => last.got > 0, 60000, 'an echo for one who comes last');
    living.stream.write(framed(1));
    await until(() => living.got >= 12, 60000, 'an echo for the first');
    await Promise.all(flood.map(f => gone(f, 'the end of the flood')));
    assert.deepEqual(await s.stop(), { code: 0, signal: null });
});

/** A server of theirs; {port, seen, stop()}. */
async function theirs(tls) {
    const server = new grpc.Server({ 'grpc.max_receive_message_length': 8 << 20, 'grpc.max_send_message_length': 8 << 20 });
    const seen = [];
    server.addService({ Echo: method('Echo'), Packed: method('Packed'), Fail: method('Fail'), Silent: method('Silent'), Large: method('Large') }, {
        Echo: c => { c.on('data', d => c.write(d)); c.on('end', () => c.end()); },
        Packed: c => { const m = new grpc.Metadata(); m.set('grpc-encoding', 'gzip'); c.sendMetadata(m); c.on('data', d => c.write(d)); c.on('end', () => c.end()); },
        Fail: c => c.emit('error', { code: 9, details: 'Nicht möglich: 100 %' }),
        Silent: c => { c.on('cancelled', () => seen.push('cancelled')); c.on('data', () => {}); },
        Large: c => { c.write(Buffer.alloc((4 << 20) + 1)); c.end(); },
    });
    const trust = tls ? grpc.ServerCredentials.createSsl(null, [{ private_key: fs.readFileSync(key), cert_chain: fs.readFileSync(certificate) }]) : grpc.ServerCredentials.createInsecure();
    const port = await new Promise((resolve, reject) => server.bindAsync('127.0.0.1:0', trust, (e, p) => (e ? reject(e) : resolve(p))));
    ends.push(() => server.forceShutdown());
    return { port, seen, server };
}

async function ourCall(port, name, { count = 1, size = 1, timeout = 20000, tls = false } = {}) {
    const r = await run(peer, ['call', String(port), `/t.T/${name}`, String(count), String(size), String(timeout), ...(tls ? ['tls'] : [])], { timeout: 60000 });
    assert.equal(r.code, 0, r.err);
    return r.out.trim().split('\n').map(l => JSON.parse(l)).find(l => l.called);
}

test('our client, their server: messages both ways, large, compressed, over TLS', async () => {
    const plain = await theirs(false), safe = await theirs(true);
    for (const [s, tls] of [[plain, false], [safe, true]]) {
        assert.deepEqual(await ourCall(s.port, 'Echo', { count: 1000, size: 10, tls }), { called: 'OK', message: 'OK', n: 1000, bytes: 10000 });
        assert.deepEqual(await ourCall(s.port, 'Echo', { count: 2, size: 3 << 20, tls }), { called: 'OK', message: 'OK', n: 2, bytes: 2 * (3 << 20) });
    }
    assert.deepEqual(await ourCall(plain.port, 'Packed', { count: 3, size: 100000 }), { called: 'OK', message: 'OK', n: 3, bytes: 300000 });
});

test('our client, their server: statuses, deadlines, an over-large message, the end of the server', async () => {
    const s = await theirs(true);
    const failed = await ourCall(s.port, 'Fail', { tls: true });
    assert.deepEqual([failed.called, failed.message], ['FAILED_PRECONDITION', 'Nicht möglich: 100 %']);
    assert.equal((await ourCall(s.port, 'Nowhere', { tls: true })).called, 'UNIMPLEMENTED');
    assert.equal((await ourCall(s.port, 'Silent', { timeout: 300, tls: true })).called, 'DEADLINE_EXCEEDED');
    await until(() => s.seen.includes('cancelled'), 60000, 'their side of the deadline');
    assert.equal((await ourCall(s.port, 'Large', { tls: true })).called, 'RESOURCE_EXHAUSTED');
    const last = ourCall(s.port, 'Silent', { tls: true });
    setTimeout(() => s.server.forceShutdown(), 1000);
    assert.ok(['UNAVAILABLE', 'CANCELLED'].includes((await last).called));
    assert.equal((await ourCall(s.port, 'Echo', { tls: true })).called, 'UNAVAILABLE', 'nobody listens any more');
});
