// A machine that comes with a token: gRPC over TLS 1.3 by Node.js itself, so that hydrad is met by another implementation.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http2 from 'node:http2';
import net from 'node:net';
import { until } from './hydrad.mjs';

/** A port on which nobody listens. */
export function freePort() {
    return new Promise((resolve, reject) => {
        const s = net.createServer().on('error', reject).listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); });
    });
}

/** What a token says: {pin, secret, address}. */
export function readToken(token) {
    assert.match(token, /^hyn_[A-Za-z0-9_-]+$/);
    const bytes = Buffer.from(token.slice(4), 'base64url');
    assert.equal(bytes[0], 1);
    return { pin: bytes.subarray(1, 33), secret: bytes.subarray(33, 49).toString('hex'), address: bytes.subarray(49).toString() };
}

// Fields of protobuf that hold bytes; all numbers here are below 16 and all lengths below 16384.
function field(number, value) {
    const bytes = Buffer.from(value);
    const length = bytes.length < 128 ? [bytes.length] : [bytes.length & 127 | 128, bytes.length >> 7];
    return Buffer.concat([Buffer.from([number << 3 | 2, ...length]), bytes]);
}

/** A connection, or null where nobody listens yet: a token that a verb has made is noticed within a second. */
function dial(url) {
    const session = http2.connect(url, { rejectUnauthorized: false, minVersion: 'TLSv1.3' });
    return new Promise((resolve, reject) => session.on('connect', () => resolve(session)).on('error', e => (e.code === 'ECONNREFUSED' ? resolve(null) : reject(e))));
}

/** Enrols: {code, text} of the gRPC status, and `certificate` when it was let in. The server must show the token's key. */
export async function enrol(token, { hostname = 'a-machine', key = crypto.generateKeyPairSync('ed25519') } = {}) {
    const { pin, address } = readToken(token);
    const session = await until(() => dial(`https://${address}`), 60000, `${address} to listen`);
    try {
        const shown = new crypto.X509Certificate(session.socket.getPeerCertificate().raw).publicKey.export({ type: 'spki', format: 'der' });
        assert.deepEqual(crypto.createHash('sha256').update(shown).digest(), Buffer.from(pin), 'the key in the token');
        const raw = key.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
        const message = Buffer.concat([field(1, token), field(2, raw), field(3, crypto.sign(null, Buffer.from(token), key.privateKey)),
            field(4, hostname), field(5, 'a-machine-id'), field(6, '0.1.0')]);
        return await call(session, message);
    } finally {
        session.close();
    }
}

function call(session, message) {
    const r = session.request({ ':method': 'POST', ':path': '/hydra.agent.v1.Agent/Enroll', 'content-type': 'application/grpc', te: 'trailers' });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    r.end(Buffer.concat([head, message]));
    return new Promise((resolve, reject) => {
        let status = {};
        const pieces = [];
        r.on('response', h => { status = { ...status, ...h }; }).on('trailers', h => { status = { ...status, ...h }; });
        r.on('data', d => pieces.push(d)).on('error', reject);
        r.on('end', () => resolve({
            code: Number(status['grpc-status']),
            text: decodeURIComponent(status['grpc-message'] ?? ''),
            certificate: /-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----\n/.exec(Buffer.concat(pieces).toString('latin1'))?.[0],
        }));
    });
}
