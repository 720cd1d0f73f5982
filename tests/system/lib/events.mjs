// Server-sent events as they come off the wire: every event with its id, name, data and when it came.
import http from 'node:http';

export class EventStream {
    events = [];
    comments = 0;
    retry = null;
    ended = false;
    #waiting = [];
    #rest = '';
    #event = { id: undefined, type: 'message', data: [] };

    static open(client, { path: where = '/api/events/cluster', topics, since, lastEventId, timeout = 60000 } = {}) {
        const s = new EventStream();
        const url = new URL(client.base);
        const q = new URLSearchParams();
        if (topics !== undefined) q.set('topics', topics);
        if (since !== undefined) q.set('since', since);
        const headers = client.headers('GET', lastEventId === undefined ? {} : { 'last-event-id': lastEventId });
        return new Promise((resolve, reject) => {
            const path = where + (q.size ? `?${q}` : '');
            s.request = http.get({ host: url.hostname, port: url.port, path, headers, agent: false }, answer => {
                clearTimeout(timer);
                s.status = answer.statusCode;
                s.headers = answer.headers;
                answer.setEncoding('utf8');
                answer.on('data', text => s.#take(text));
                answer.on('close', () => s.#end());
                answer.on('error', () => {});
                resolve(s);
            });
            const timer = setTimeout(() => s.request.destroy(new Error('no event stream')), timeout);
            s.request.on('error', e => { reject(e); s.#end(); });
        });
    }

    #end() {
        if (this.ended) return;
        this.ended = true;
        this.endedAt = performance.now();
        for (const w of this.#waiting.splice(0)) w.check();
    }

    #take(text) {
        const lines = (this.#rest + text).split('\n');
        this.#rest = lines.pop();
        for (const line of lines) this.#line(line);
    }

    #line(line) {
        if (line === '') return this.#dispatch();
        if (line[0] === ':') { this.comments++; return; }
        const colon = line.indexOf(':');
        const field = line.slice(0, colon), value = line.slice(colon + 1).replace(/^ /, '');
        if (field === 'data') this.#event.data.push(value);
        else if (field === 'event') this.#event.type = value;
        else if (field === 'id') this.#event.id = value;
        else if (field === 'retry') this.retry = Number(value);
        else throw new Error(`not a line of an event stream: ${line}`);
    }

    #dispatch() {
        const { id, type, data } = this.#event;
        this.#event = { id: undefined, type: 'message', data: [] };
        if (id !== undefined) this.lastEventId = id;
        if (data.length === 0) return; // says where the stream stands, and is no event
        const event = { id, type, data: JSON.parse(data.join('\n')), at: performance.now() };
        this.events.push(event);
        for (const w of [...this.#waiting]) w.check();
    }

    of(type) { return this.events.filter(e => e.type === type); }

    /** The first event, from number `from` on, for which `fits` holds; fails after `ms` or at the stream's end. */
    next(fits, { ms = 60000, from = 0, what = 'event' } = {}) {
        return this.#until(() => this.events.find((e, i) => i >= from && fits(e)), ms, what);
    }

    /** Waits for the end of the stream. */
    end(ms = 60000) { return this.#until(() => this.ended, ms, 'end of the stream'); }

    #until(find, ms, what) {
        return new Promise((resolve, reject) => {
            const finish = (f, v) => {
                clearTimeout(w.timer);
                this.#waiting = this.#waiting.filter(o => o !== w);
                f(v);
            };
            const seen = () => this.events.slice(-8).map(e => e.type).join(', ');
            const w = {
                check: () => {
                    const found = find();
                    if (found) finish(resolve, found);
                    else if (this.ended) finish(reject, new Error(`the stream ended before: ${what}; last came: ${seen()}`));
                },
                timer: setTimeout(() => finish(reject, new Error(`no ${what} within ${ms} ms; last came: ${seen()}`)), ms),
            };
            this.#waiting.push(w);
            w.check();
        });
    }

    close() { this.request.destroy(); return this.end(); }
}
