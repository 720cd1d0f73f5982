// Grafana Loki as far as an agent sees it: an HTTP server that takes pushes, and a decoder of what comes, written from the documented
// formats: snappy's block format (github.com/google/snappy, format_description.txt), protobuf's wire format, and the messages
// PushRequest, StreamAdapter, EntryAdapter and Timestamp of Loki's push.proto. No code of ours, and none of protobuf's.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';

/** Snappy's block format. */
export function unsnappy(bytes) {
    let at = 0;
    const varint = () => { let v = 0, s = 0, b; do { b = bytes[at++]; v += (b & 127) * 2 ** s; s += 7; } while (b & 128); return v; };
    const little = n => { let v = 0; for (let i = 0; i < n; i++) v += bytes[at++] * 2 ** (8 * i); return v; };
    const out = Buffer.alloc(varint());
    let to = 0;
    while (at < bytes.length) {
        const tag = bytes[at++];
        if ((tag & 3) === 0) {
            let n = (tag >> 2) + 1;
            if (n > 60) n = little(n - 60) + 1;
            assert.ok(at + n <= bytes.length && to + n <= out.length, 'a literal beyond the end');
            bytes.copy(out, to, at, at + n);
            at += n;
            to += n;
            continue;
        }
        const n = (tag & 3) === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
        const offset = (tag & 3) === 1 ? ((tag >> 5) << 8) + little(1) : little((tag & 3) === 2 ? 2 : 4);
        assert.ok(offset > 0 && offset <= to && to + n <= out.length, 'a copy of what is not there');
        for (let i = 0; i < n; i++, to++) out[to] = out[to - offset];
    }
    assert.equal(to, out.length, 'the length that was promised');
    return out;
}

/** Fields of one message: [number, BigInt or Buffer]. */
function* fields(b) {
    let at = 0;
    const varint = () => { let v = 0n, s = 0n, x; do { x = b[at++]; assert.notEqual(x, undefined); v |= BigInt(x & 127) << s; s += 7n; } while (x & 128); return v; };
    while (at < b.length) {
        const key = Number(varint()), wire = key & 7;
        if (wire === 0) { yield [key >> 3, varint()]; continue; }
        assert.equal(wire, 2, `wire type ${wire}`);
        const n = Number(varint());
        assert.ok(at + n <= b.length, 'a field beyond the end');
        yield [key >> 3, b.subarray(at, at += n)];
    }
}
const text = b => new TextDecoder('utf-8', { fatal: true }).decode(b);

function labelsOf(s) {
    const labels = {};
    assert.match(s, /^\{[a-z_]+="(?:[^"\\]|\\.)*"(?:, [a-z_]+="(?:[^"\\]|\\.)*")*\}$/);
    for (const [, name, value] of s.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = JSON.parse(`"${value}"`);
    return labels;
}

function timestamp(b) {
    let seconds = 0n, nanos = 0n;
    for (const [n, v] of fields(b)) { if (n === 1) seconds = v; else if (n === 2) nanos = v; }
    return seconds * 1000000000n + nanos;
}

/** PushRequest → [{labels, ns (BigInt), line}]. */
export function decodePush(body) {
    const lines = [];
    for (const [n, stream] of fields(unsnappy(body))) {
        assert.equal(n, 1);
        let labels = null;
        const entries = [];
        for (const [k, v] of fields(stream)) {
            if (k === 1) labels = labelsOf(text(v));
            else if (k === 2) entries.push(v);
        }
        assert.ok(labels, 'a stream has labels');
        for (const e of entries) {
            const line = { labels, ns: 0n, line: '' };
            for (const [k, v] of fields(e)) { if (k === 1) line.ns = timestamp(v); else if (k === 2) line.line = text(v); }
            lines.push(line);
        }
    }
    return lines;
}

export class Loki {
    requests = []; // {headers, lines, status}
    answer = 204; // or 'hang', or a function of the number of the request

    /** `tls`: {key, cert} for https. */
    static async start({ tls, port = 0 } = {}) {
        const l = new Loki();
        l.server = tls ? https.createServer(tls) : http.createServer();
        l.scheme = tls ? 'https' : 'http';
        l.server.on('request', (q, a) => {
            const pieces = [];
            q.on('data', d => pieces.push(d));
            q.on('end', () => l.#take(q, a, Buffer.concat(pieces)));
        });
        await new Promise(ok => l.server.listen(port, '127.0.0.1', ok));
        l.port = l.server.address().port;
        return l;
    }

    #take(q, a, body) {
        const status = typeof this.answer === 'function' ? this.answer(this.requests.length) : this.answer;
        assert.equal(`${q.method} ${q.url}`, 'POST /loki/api/v1/push');
        this.requests.push({ headers: q.headers, lines: decodePush(body), status, size: body.length });
        if (status === 'hang') return;
        if (status === 'cut') q.socket.destroy();
        else a.writeHead(status).end(status === 204 ? '' : `{"message":"answer ${status}"}`);
    }

    get url() { return `${this.scheme}://127.0.0.1:${this.port}`; }
    /** What it has said to have taken. */
    get taken() { return this.requests.filter(r => r.status === 204).flatMap(r => r.lines); }
    of(label, value) { return this.taken.filter(l => l.labels[label] === value); }
    texts(label, value) { return this.of(label, value).map(l => l.line); }
    refused(status) { return this.requests.filter(r => r.status === status); }

    stop() { return new Promise(r => { this.server.close(r); this.server.closeAllConnections(); }); }
    /** As one that was started again at the same place. */
    async back() { await new Promise(ok => this.server.listen(this.port, '127.0.0.1', ok)); }
}

/** Lines as Loki keeps them: those that are equal in stream, time and text are one. */
export function kept(lines) {
    const seen = new Map();
    for (const l of lines) seen.set(`${JSON.stringify(l.labels)} ${l.ns} ${l.line}`, l);
    return [...seen.values()].sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
}
