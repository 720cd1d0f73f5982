// A node of its own (node-watch): what it reports, and commands for it.
import { spawn, execFile } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { root, until } from './hydrad.mjs';

const run = promisify(execFile);
const program = process.env.NODE_WATCH ?? path.join(root, 'build/tests/system/node-watch');
const alive = new Set();
process.on('exit', () => { for (const p of alive) p.kill('SIGKILL'); });

export class Watch {
    constructor(args) {
        this.reports = [];
        this.process = spawn(program, ['--commands', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
        alive.add(this.process);
        this.ended = new Promise(r => this.process.on('exit', (code, signal) => { alive.delete(this.process); r({ code, signal }); }));
        let rest = '';
        this.process.stdout.on('data', d => {
            const lines = (rest + d).split('\n');
            rest = lines.pop();
            for (const l of lines) this.reports.push(JSON.parse(l));
        });
    }

    of(report, f = () => true) { return this.reports.filter(r => r.report === report && f(r)); }
    last(report, f) { return this.of(report, f).at(-1); }
    service(id, run) { return until(() => { const s = this.last('service', r => r.id === id); return s?.run === run && s; }, 60000, `${id} ${run}`); }
    source(name, state = 'ok') { return until(() => this.last('source', r => r.name === name)?.state === state, 60000, `${name} ${state}`); }

    say(line) { this.process.stdin.write(`${line}\n`); }
    outcomes(id) { return this.of('outcome', r => r.id === id); }

    /** Gives a command and waits for its end. */
    async command(id, verb, target, ...more) {
        const before = this.outcomes(id).length;
        this.say([id, verb, target, ...more].join(' '));
        return this.end(id, before);
    }
    async query(id) {
        const before = this.outcomes(id).length;
        this.say(`query ${id}`);
        return until(() => this.outcomes(id)[before], 60000, `an answer about ${id}`);
    }
    /** Asks a question and waits for its answer: {code, text, answer}. */
    async inspect(kind, ...more) {
        const id = this.of('inspected').length + 1000;
        this.say(['inspect', id, kind, ...more].join(' '));
        return until(() => this.last('inspected', r => r.id === id), 60000, `an answer about ${kind}`);
    }
    end(id, from = 0) { return until(() => this.outcomes(id).slice(from).find(o => o.state !== 'running'), 120000, `the end of ${id}`); }

    async stop(signal = 'SIGTERM') { this.process.kill(signal); return this.ended; }
}

export async function start(what, dir) {
    const { stdout } = await run(path.join(root, `tests/system/start-${what}`), [dir]);
    return stdout.trim().split(' ');
}
export const stopIt = (what, dir) => run(path.join(root, `tests/system/start-${what}`), ['--stop', dir]).catch(() => {});

/** An engine, over its own API: {status, json, text}. */
export function engine(socketPath) {
    return (method, at, body) => new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const r = http.request({ socketPath, method, path: `/v1.41${at}`, headers: text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {} }, a => {
            let all = '';
            a.on('data', d => { all += d; });
            a.on('end', () => { let json = null; try { json = JSON.parse(all); } catch { /* none */ } resolve({ status: a.statusCode, json, text: all }); });
        });
        r.on('error', reject);
        r.end(text);
    });
}
