// An agent in JavaScript: grpc-js and protobufjs over the contract in proto/. What our hub says to it is kept.
import crypto from 'node:crypto';
import tls from 'node:tls';
import { grpc, now } from './proto.mjs';
import { until } from './hydrad.mjs';
import { readToken } from './machine.mjs';

/** What the hub shows, as PEM; its key must have the pin. */
function hubCertificate(address, pin) {
    const [host, port] = address.split(':');
    return new Promise((resolve, reject) => {
        const s = tls.connect({ host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
            const c = s.getPeerX509Certificate();
            s.destroy();
            const is = crypto.createHash('sha256').update(c.publicKey.export({ type: 'spki', format: 'der' })).digest();
            if (is.equals(pin)) resolve(c.toString());
            else reject(new Error('the hub shows another key'));
        });
        s.on('error', reject);
    });
}

/** One frame of values, each as the eight bytes of a double: src/node/wire-frame.h. */
function frameBytes(values) {
    const out = [0, ...varint(values.length)];
    for (const v of values) {
        const b = Buffer.alloc(8);
        b.writeDoubleLE(v);
        out.push(7, ...b);
    }
    return Buffer.from(out);
}
const varint = n => { const out = []; do { out.push((n & 127) | (n > 127 ? 128 : 0)); n >>>= 7; } while (n); return out; };

export class ForeignAgent {
    #key = crypto.generateKeyPairSync('ed25519');
    links = [];

    /** `proto`: the contract that it knows. */
    constructor(proto = now) { this.proto = proto; }

    get publicKey() { return Buffer.from(this.#key.publicKey.export({ format: 'jwk' }).x, 'base64url'); }
    get keyPem() { return this.#key.privateKey.export({ type: 'pkcs8', format: 'pem' }); }
    prove(text) { return crypto.sign(null, Buffer.from(text), this.#key.privateKey); }

    /** Where the hub is, and its certificate. */
    async meet(token) {
        Object.assign(this, readToken(token));
        this.hub = await hubCertificate(this.address, this.pin);
        return this;
    }

    client(withCertificate = true, options = {}) {
        const own = withCertificate ? [Buffer.from(this.keyPem), Buffer.from(this.certificate)] : [null, null];
        const trust = grpc.credentials.createSsl(Buffer.from(this.hub), ...own, { checkServerIdentity: () => undefined });
        const c = new grpc.Client(this.address, trust, { 'grpc.use_local_subchannel_pool': 1, ...options });
        return c;
    }

    /** {code, message, answer} of Enroll. */
    async enrol(token, change = {}) {
        const client = this.client(false), { encode, decode } = this.proto;
        const request = { token, publicKey: this.publicKey, proof: this.prove(token), hostname: 'foreign', machineId: 'm-1', agentVersion: 'js', ...change };
        const result = await new Promise(resolve => {
            client.makeUnaryRequest('/hydra.agent.v1.Agent/Enroll', encode('EnrollRequest'), decode('EnrollResponse'), request,
                (e, answer) => resolve(e ? { code: e.code, message: e.details } : { code: 0, answer }));
        });
        client.close();
        if (result.code === 0) this.certificate = result.answer.certificate;
        return result;
    }

    /** A link: {said: what the hub said, status (once it ended), send(message)}. */
    link({ withCertificate = true, hello = {} } = {}) {
        const client = this.client(withCertificate), { encode, decode } = this.proto;
        const call = client.makeBidiStreamRequest('/hydra.agent.v1.Agent/Link', b => b, b => Object.assign(decode('FromHub')(b), { bytes: b }));
        const l = { said: [], status: null, call, raw: b => call.write(b), send: m => call.write(encode('FromAgent')(m)) };
        call.on('data', m => l.said.push(m));
        call.on('error', () => {});
        l.ended = new Promise(r => call.on('status', s => { l.status = s; client.close(); r(s); }));
        l.heard = (body, ms = 15000) => until(() => l.said.find(m => m.body === body)?.[body], ms, body);
        l.close = () => { call.cancel(); return l.ended; };
        l.frame = (timeMs, values, more = {}) => l.send({ ...more, frame: { timeMs, n: values.length, changes: frameBytes(values) } });
        l.service = (id, more = {}) => l.send({ service: { id, kind: 'CONTAINER', engine: 'docker', name: id.split('/')[1], run: 'RUNNING', ...more } });
        if (hello) l.send({ hello: { agentVersion: 'js', features: [], bootId: 'b', wallMs: Date.now(), session: 1, ...hello } });
        this.links.push(l);
        return l;
    }
}
