// An HTTP client that does what it is told: any Host, any Origin, cookies or none, and event streams with ids.
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { EventStream } from './events.mjs';

export class Client {
    /** @param base "http://127.0.0.1:PORT" @param auth {cookie} or {token} or nothing; `from`: the address to come from */
    constructor(base, { from, ...auth } = {}) {
        this.base = base;
        this.auth = auth;
        this.from = from;
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
    }

    get origin() { return this.base; }

    headers(method, extra) {
        const h = {};
        if (this.auth.cookie) h.cookie = `hydra_session=${this.auth.cookie}`;
        if (this.auth.token) h.authorization = `Bearer ${this.auth.token}`;
        if (!['GET', 'HEAD'].includes(method)) h.origin = this.origin;
        for (const [k, v] of Object.entries(extra)) {
            if (v === undefined) delete h[k.toLowerCase()];
            else h[k.toLowerCase()] = v;
        }
        return h;
    }

    /** One request. `headers: {name: undefined}` leaves out one that would be sent. */
    request(method, path, body, { headers = {}, timeout = 60000, signal } = {}) {
        const url = new URL(this.base);
        const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
        const all = this.headers(method, headers);
        if (text !== undefined) {
            all['content-length'] = Buffer.byteLength(text);
            if (!('content-type' in headers)) all['content-type'] = 'application/json';
        }
        return new Promise((resolve, reject) => {
            const r = http.request({ host: url.hostname, port: url.port, method, path, headers: all, agent: this.agent, localAddress: this.from, timeout, signal }, answer => {
                const pieces = [];
                answer.on('data', p => pieces.push(p));
                answer.on('error', reject);
                answer.on('end', () => resolve(readAnswer(answer, Buffer.concat(pieces))));
            });
            r.on('timeout', () => r.destroy(new Error(`${method} ${path}: no answer within ${timeout} ms`)));
            r.on('error', reject);
            r.end(text);
        });
    }

    get(path, options) { return this.request('GET', path, undefined, options); }
    post(path, body, options) { return this.request('POST', path, body, options); }
    put(path, body, options) { return this.request('PUT', path, body, options); }
    patch(path, body, options) { return this.request('PATCH', path, body, options); }
    delete(path, options) { return this.request('DELETE', path, undefined, options); }

    /** An event stream; resolves once the head is there. `topics`, `since` and `lastEventId` as the server takes them. */
    events(options = {}) { return EventStream.open(this, options); }

    close() { this.agent.destroy(); }
}

function readAnswer(answer, packed) {
    const bytes = packed.length && answer.headers['content-encoding'] === 'gzip' ? gunzipSync(packed) : packed;
    const text = bytes.toString();
    const type = answer.headers['content-type'] ?? '';
    let json;
    if (type.includes('json') && text) json = JSON.parse(text);
    return { status: answer.statusCode, headers: answer.headers, type, text, json, size: packed.length };
}
