// GET /api/events/logs as it comes off the wire.
import http from 'node:http';

export class LogStream {
    events = [];
    ended = false;
    #rest = '';

    /** Resolves once the head is there. `paused`: never reads the body. */
    static open(client, query, { lastEventId, paused = false } = {}) {
        const s = new LogStream();
        const url = new URL(client.base);
        const headers = client.headers('GET', lastEventId === undefined ? {} : { 'last-event-id': lastEventId });
        return new Promise((resolve, reject) => {
            s.request = http.get({ host: url.hostname, port: url.port, path: `/api/events/logs?${query}`, headers, agent: false }, answer => {
                s.status = answer.statusCode;
                s.headers = answer.headers;
                answer.setEncoding('utf8');
                s.answer = answer;
                if (!paused) s.read();
                answer.on('close', () => { s.ended = true; });
                answer.on('error', () => {});
                resolve(s);
            });
            s.request.on('error', e => { s.ended = true; reject(e); });
        });
    }

    read() { this.answer.on('data', text => this.#take(text)); }

    #take(text) {
        const blocks = (this.#rest + text).split('\n\n');
        this.#rest = blocks.pop();
        for (const block of blocks) {
            const e = {};
            for (const line of block.split('\n')) {
                const colon = line.indexOf(':');
                if (colon > 0) e[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '');
            }
            if (e.data) this.events.push({ ...e, data: JSON.parse(e.data) });
        }
    }

    get lines() { return this.events.filter(e => e.event === 'log.lines').flatMap(e => e.data.lines); }
    get texts() { return this.lines.map(l => l.text); }
    get dropped() { return this.events.filter(e => e.event === 'log.lines').reduce((n, e) => n + e.data.dropped, 0); }
    get partial() { return this.events.filter(e => e.event === 'log.partial').flatMap(e => e.data.partial); }
    get lastId() { return this.events.filter(e => e.id).at(-1)?.id; }
    close() { this.request.destroy(); }
}
