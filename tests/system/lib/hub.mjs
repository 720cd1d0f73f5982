// A hub in JavaScript: grpc-js and protobufjs over the contract in proto/, certificates by the openssl command.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { run, until } from './hydrad.mjs';
import { grpc, now } from './proto.mjs';

async function openssl(...args) {
    const r = await run('openssl', args);
    assert.equal(r.code, 0, r.err);
    return r.out;
}

/** A key and the certificate that it signs itself: {key, certificate (files), pin (Buffer)}. */
export async function makeHubKey(dir, name) {
    const key = path.join(dir, `${name}.key`), certificate = path.join(dir, `${name}.pem`);
    await openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=hydra');
    const spki = new crypto.X509Certificate(fs.readFileSync(certificate)).publicKey.export({ type: 'spki', format: 'der' });
    return { key, certificate, pin: crypto.createHash('sha256').update(spki).digest() };
}

/** What `hydrad node add` prints. */
export function makeToken(pin, address, secret = crypto.randomBytes(16)) {
    return 'hyn_' + Buffer.concat([Buffer.from([1]), pin, secret, Buffer.from(address)]).toString('base64url');
}

const publicKey = raw => crypto.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') }, format: 'jwk' });

export class Hub {
    tokens = new Map(); // token → node
    enrolled = [];
    links = []; // each {messages, call, ended, send(), certificate}
    acknowledges = true;
    refuses = null; // [code, details] for Link
    days = 30; // of certificates
    losesAnswers = null; // async () => void: cuts the connection of a machine that has just been enrolled; once
    intervalMs = 1000;
    welcomes = null; // a node's name, whatever the certificate says

    /** `proto`: the contract that it knows. */
    constructor(dir, proto = now) { Object.assign(this, { dir, proto }); }

    /** `keys`: what to show and what to announce; the first one is shown. */
    async start(keys, port = 0) {
        this.keys = keys;
        this.ca ??= path.join(this.dir, 'ca');
        if (!fs.existsSync(`${this.ca}.pem`)) await openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', `${this.ca}.key`, '-out', `${this.ca}.pem`, '-days', '9', '-subj', '/CN=Hydra agents');
        this.server = new grpc.Server();
        const { encode, decode } = this.proto;
        const unary = { requestStream: false, responseStream: false, requestDeserialize: decode('EnrollRequest'), responseSerialize: encode('EnrollResponse') };
        const both = { requestStream: true, responseStream: true, requestDeserialize: b => b, responseSerialize: encode('FromHub') };
        this.server.addService({ Enroll: { path: '/hydra.agent.v1.Agent/Enroll', ...unary }, Link: { path: '/hydra.agent.v1.Agent/Link', ...both } }, {
            Enroll: (call, done) => this.#enroll(call.request).then(a => done(null, a), e => done({ code: e.code ?? 13, details: e.message })),
            Link: call => this.#link(call),
        });
        const pair = { private_key: fs.readFileSync(keys[0].key), cert_chain: fs.readFileSync(keys[0].certificate) };
        const trust = grpc.ServerCredentials.createSsl(fs.readFileSync(`${this.ca}.pem`), [pair], false);
        const options = trust._getConstructorOptions(); // a certificate is asked for, and needed for Link only
        trust._getConstructorOptions = () => ({ ...options, requestCert: true, rejectUnauthorized: false });
        this.port = await new Promise((ok, no) => this.server.bindAsync(`127.0.0.1:${port}`, trust, (e, p) => (e ? no(e) : ok(p))));
        return this;
    }

    /** Cuts every connection and listens no more. */
    stop() { this.server?.forceShutdown(); this.server = null; }
    async restart(keys = this.keys) { this.stop(); await this.start(keys, this.port); }

    token(node, key = this.keys[0]) {
        const t = makeToken(key.pin, `127.0.0.1:${this.port}`);
        this.tokens.set(t, { node });
        return t;
    }

    get link() { return this.links.at(-1); }

    async certify(node, key) {
        const name = path.join(this.dir, `node-${crypto.randomUUID()}`);
        fs.writeFileSync(`${name}.pub`, publicKey(key).export({ type: 'spki', format: 'pem' }));
        await openssl('x509', '-new', '-force_pubkey', `${name}.pub`, '-CA', `${this.ca}.pem`, '-CAkey', `${this.ca}.key`, '-subj', `/CN=${node}`, '-days', String(this.days), '-out', `${name}.pem`);
        return fs.readFileSync(`${name}.pem`, 'utf8');
    }

    async #enroll(q) {
        const refuse = (code, message) => { throw Object.assign(new Error(message), { code }); };
        const { node, key } = this.tokens.get(q.token) ?? {};
        if (!node || (key && !key.equals(q.publicKey))) refuse(7, 'This token was used already, or its time is over: make a new one.');
        if (!crypto.verify(null, Buffer.from(q.token), publicKey(q.publicKey), q.proof)) refuse(3, 'The proof is wrong.');
        this.tokens.set(q.token, { node, key: q.publicKey });
        this.enrolled.push(q);
        const lose = this.losesAnswers;
        this.losesAnswers = null;
        await lose?.();
        return { node, certificate: await this.certify(node, q.publicKey), hubKeys: this.keys.map(k => k.pin), notAfterMs: Date.now() + 1e9 };
    }

    #link(call) {
        if (this.refuses) { call.emit('error', { code: this.refuses[0], details: this.refuses[1] }); return; }
        const node = this.welcomes ?? call.getAuthContext().sslPeerCertificate?.subject?.CN;
        const link = { call, node, certificate: call.getAuthContext().sslPeerCertificate, messages: [], ended: false, at: Date.now(), send: m => call.write(m) };
        this.links.push(link);
        const over = () => { link.ended = true; };
        call.on('cancelled', over); call.on('error', over); call.on('end', over);
        call.on('data', bytes => {
            const m = this.proto.decode('FromAgent')(bytes);
            link.messages.push(m);
            if (m.hello) link.send({ welcome: { node, wallMs: Date.now(), intervalMs: this.intervalMs, hubKeys: this.keys.map(k => k.pin) } });
            if (m.sequence && this.acknowledges) link.send({ acknowledge: { sequence: m.sequence } });
        });
    }

    /** Waits for a message of this kind on the newest link (or `link`); returns it. */
    message(kind, matches = () => true, { link, ms = 20000 } = {}) {
        return until(() => (link ?? this.link)?.messages.find(m => m.body === kind && matches(m[kind], m)), ms, `a message ${kind}`);
    }
}
