// Starts hydrad on a free loopback port with a data folder of its own, and everything a test does with it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from './client.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
export const root = path.resolve(here, '../../..');
export const binary = process.env.HYDRAD ?? path.join(root, 'build/hydrad');
export const ADMIN = { name: 'ada', password: 'correct horse battery' };

export const sleep = ms => new Promise(r => setTimeout(r, ms));

/** Waits until `f` returns something true, and returns that. */
export async function until(f, ms = 60000, what = 'it') {
    const end = performance.now() + ms;
    for (;;) {
        const v = await f();
        if (v) return v;
        if (performance.now() > end) throw new Error(`${what} did not come to pass within ${ms} ms`);
        await sleep(10);
    }
}

/** The environment without anybody's settings. */
export function plainEnvironment(extra = {}) {
    const e = Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('HYDRA')));
    return { ...e, ...extra };
}

export function scratchFolder() { return fs.mkdtempSync(path.join(os.tmpdir(), 'hydra-test-')); }

const alive = new Set();
process.on('exit', () => { for (const p of alive) try { process.kill(p, 'SIGKILL'); } catch { /* gone */ } });

/** Runs a program to its end: {code, signal, out, err}. */
export function run(program, args, { env, input = '', timeout = 60000, cwd } = {}) {
    return new Promise((resolve, reject) => {
        const p = spawn(program, args, { env: plainEnvironment(env), stdio: 'pipe', cwd });
        let out = '', err = '';
        alive.add(p.pid);
        const timer = setTimeout(() => p.kill('SIGKILL'), timeout);
        p.stdout.on('data', d => { out += d; });
        p.stderr.on('data', d => { err += d; });
        p.on('error', reject);
        p.stdin.on('error', () => {});
        p.on('close', (code, signal) => {
            clearTimeout(timer);
            alive.delete(p.pid);
            resolve({ code, signal, out, err });
        });
        p.stdin.end(input);
    });
}

/** A verb of hydrad. */
export function hydrad(args, options) { return run(binary, args, options); }

export class Hydrad {
    out = '';
    err = '';

    /** Does not start anything. `prefix` is a command that runs hydrad, such as a shell with limits. */
    constructor({ dir, args = [], env = {}, prefix = [], listen = '127.0.0.1:0' } = {}) {
        this.ownDir = dir ? null : scratchFolder();
        this.dir = dir ?? path.join(this.ownDir, 'data');
        Object.assign(this, { args, env, prefix, listen });
    }

    /** Started and ready. */
    static async start(options = {}) {
        const h = new Hydrad(options);
        await h.start();
        return h;
    }

    get base() { return `http://127.0.0.1:${this.port}`; }

    /** Starts it, on the port it had before if it ran before. */
    launch() {
        const listen = this.port ? `127.0.0.1:${this.port}` : this.listen;
        const words = [...this.prefix, binary, '--data', this.dir, '--listen', listen, '--docker', 'unix:///nonexistent', ...this.args];
        this.out = this.err = '';
        this.startedAt = performance.now();
        const p = spawn(words[0], words.slice(1), { env: plainEnvironment(this.env), stdio: ['ignore', 'pipe', 'pipe'] });
        this.process = p;
        alive.add(p.pid);
        p.stdout.on('data', d => { this.out += d; });
        p.stderr.on('data', d => { this.err += d; });
        this.exited = new Promise(resolve => {
            p.on('close', (code, signal) => { alive.delete(p.pid); this.process = null; resolve({ code, signal }); });
        });
    }

    async start(options) {
        this.launch();
        try {
            await this.#begun(options);
        } catch (e) {
            await this.kill();
            throw e;
        }
    }

    async #begun({ ms = 60000 } = {}) {
        let gone = null;
        this.exited.then(x => { gone = x; });
        await until(() => gone || /listening\b.*address\b\S+:\d+/.test(this.err), ms, 'listening');
        if (gone) throw new Error(`hydrad ended: ${JSON.stringify(gone)}\n${this.err}`);
        this.port = Number(/address\b\S+:(\d+)/.exec(this.err)[1]);
        await this.ready(ms);
        this.secret = /\/setup#(\S+)/.exec(this.out)?.[1] ?? null;
    }

    /** Waits for /readyz; milliseconds since the start. */
    async ready(ms = 60000) {
        const c = this.client();
        try {
            await until(async () => (await c.get('/readyz').catch(() => null))?.status === 200, ms, '/readyz');
        } finally {
            c.close();
        }
        return performance.now() - this.startedAt;
    }

    client(auth) { return new Client(this.base, auth); }

    /** Makes the first admin through the setup link; a signed-in client. */
    async setUp(person = ADMIN) {
        const c = this.client();
        this.secret ??= await until(() => /\/setup#(\S+)/.exec(this.out)?.[1], 60000, 'the setup link'); // it may come after the port is open
        const a = await c.post('/api/web/setup', { secret: this.secret, ...person });
        if (a.status !== 200) throw new Error(`setup: ${a.status} ${a.text}`);
        return this.client({ cookie: cookieOf(a) });
    }

    async signIn(name, password) {
        const c = this.client();
        const a = await c.post('/api/web/login', { name, password });
        if (a.status !== 200) throw new Error(`login: ${a.status} ${a.text}`);
        return this.client({ cookie: cookieOf(a) });
    }

    /** Creates a user; a client signed in as that user, with `.id`. */
    async person(admin, name, role, password = `${name} has a long password`) {
        const a = await admin.post('/api/web/users', { name, role, password });
        if (a.status !== 201) throw new Error(`user ${name}: ${a.status} ${a.text}`);
        return Object.assign(await this.signIn(name, password), { id: a.json.id, password });
    }

    /** Creates a token of whoever `client` is; a client that uses it, with `.id`. */
    async token(client, scopes, extra = {}) {
        const a = await client.post('/api/web/tokens', { name: `for ${scopes}`.slice(0, 60), scopes, ...extra });
        if (a.status !== 201) throw new Error(`token: ${a.status} ${a.text}`);
        return Object.assign(this.client({ token: a.json.secret }), { id: a.json.token.id });
    }

    /** A verb of hydrad on this data folder. */
    verb(args, options = {}) {
        return hydrad([...args, '--data', this.dir, ...this.args], { ...options, env: { ...this.env, ...options.env } });
    }

    async signal(name) {
        if (!this.process) return this.exited;
        this.process.kill(name);
        return this.exited;
    }

    /** A graceful end. */
    stop() { return this.signal('SIGTERM'); }
    kill() { return this.signal('SIGKILL'); }

    async restart() { await this.stop(); await this.start(); }

    /** Ends it and removes its folder. */
    async done() {
        await this.kill();
        if (this.ownDir) fs.rmSync(this.ownDir, { recursive: true, force: true });
    }
}

export function cookieOf(answer) {
    const m = /hydra_session=([^;]*)/.exec((answer.headers['set-cookie'] ?? []).join('\n'));
    return m ? m[1] : null;
}
