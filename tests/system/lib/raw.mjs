// Bytes as they are, for what a well-behaved client would never send.
import net from 'node:net';

export class Raw {
    text = '';
    ended = false;

    static open(port, { host = '127.0.0.1', allowHalfOpen = true } = {}) {
        const r = new Raw();
        return new Promise((resolve, reject) => {
            r.socket = net.connect({ port, host, allowHalfOpen }, () => resolve(r));
            r.socket.on('data', d => { r.text += d.toString('latin1'); r.#look(); });
            r.socket.on('end', () => { r.ended = true; r.#look(); });
            r.socket.on('close', () => { r.ended = true; r.#look(); });
            r.socket.on('error', e => { r.error = e; reject(e); });
        });
    }

    #look = () => {};

    write(text) { this.socket.write(text, 'latin1'); return this; }

    /** Waits until `fits(text)`, or the server closes. */
    until(fits, ms = 60000) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => { this.#look = () => {}; reject(new Error(`nothing of the kind within ${ms} ms: ${JSON.stringify(this.text.slice(0, 300))}`)); }, ms);
            this.#look = () => {
                if (!this.ended && !fits(this.text)) return;
                clearTimeout(timer);
                this.#look = () => {};
                resolve(this.text);
            };
            this.#look();
        });
    }

    /** Waits until the server has closed; all it said. */
    closed(ms = 60000) { return this.until(() => false, ms); }

    destroy() { this.socket.destroy(); }
}

/** The status codes in what a server said, in order. */
export const statuses = text => [...text.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g)].map(m => Number(m[1]));

/** Sends `text`, waits for the close or for quiet, and returns what came. */
export async function exchange(port, text, ms = 5000) {
    const r = await Raw.open(port);
    r.write(text);
    const answer = await r.closed(ms).catch(() => r.text);
    const { ended } = r;
    r.destroy();
    return { answer, ended, statuses: statuses(answer) };
}
