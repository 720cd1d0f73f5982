// A Docker engine of its own (start-docker) and what a test asks of it.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

const script = path.join(path.dirname(new URL(import.meta.url).pathname), '../start-docker');

export class Engine {
    static start() {
        const e = new Engine();
        e.dir = path.join(os.tmpdir(), `hydra-docker-${randomUUID().slice(0, 8)}`);
        e.socket = execFileSync(script, [e.dir], { encoding: 'utf8' }).trim();
        return e;
    }

    stop() { execFileSync(script, ['--stop', this.dir]); }

    call(method, where, body) {
        const text = body === undefined ? undefined : JSON.stringify(body);
        return new Promise((resolve, reject) => {
            const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
            const r = http.request({ socketPath: this.socket, method, path: `/v1.41${where}`, headers }, answer => {
                let out = '';
                answer.setEncoding('utf8');
                answer.on('data', d => { out += d; });
                answer.on('end', () => (answer.statusCode < 400 ? resolve(out ? JSON.parse(out) : null)
                    : reject(new Error(`${method} ${where}: ${answer.statusCode} ${out}`))));
            });
            r.on('error', reject);
            r.end(text);
        });
    }

    /** A container that runs a line of busybox's shell. */
    async run(name, line, extra = {}) {
        await this.call('POST', `/containers/create?name=${name}`, {
            Image: 'hydra-test:1', Cmd: ['sh', '-c', line], HostConfig: { NetworkMode: 'none' }, ...extra,
        });
        await this.call('POST', `/containers/${name}/start`);
    }

    /** As where the file of a log may not be read, or its older ones are compressed: the engine has to be asked for its lines. */
    async keepLog(name) { fs.writeFileSync(`${(await this.call('GET', `/containers/${name}/json`)).LogPath}.1.gz`, ''); }

    /** It takes connections, and says nothing any more: SIGSTOP, SIGCONT. */
    signal(name) { process.kill(Number(fs.readFileSync(`${this.dir}/run/docker.pid`, 'utf8')), name); }

    restart(name) { return this.call('POST', `/containers/${name}/restart?t=0`); }
}
