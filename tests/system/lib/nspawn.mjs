// A machine with a real systemd, to install things on: see start-systemd.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { root, run } from './hydrad.mjs';

const script = path.join(root, 'tests/system/start-systemd');

export class Machine {
    constructor(dir) {
        this.dir = dir;
        this.journal = execFileSync(script, [dir], { encoding: 'utf8' }).trim().split(' ')[1];
        this.leader = /^\/proc\/(\d+)\/root/.exec(this.journal)[1];
        this.root = `/proc/${this.leader}/root`;
    }

    stop() { execFileSync(script, ['--stop', this.dir]); }

    /** Runs a program inside: {code, out, err}. */
    run(...words) {
        return run('nsenter', ['-t', this.leader, '-m', '-u', '-i', '-n', '-p', '-C', '--', ...words], { timeout: 60000 });
    }

    /** What it printed; it has to go well. */
    async ok(...words) {
        const r = await this.run(...words);
        assert.equal(r.code, 0, `${words.join(' ')}: ${r.out}${r.err}`);
        return r.out.trim();
    }

    status(where) { return this.ok('curl', '-sm', '5', '-o', '/dev/null', '-w', '%{http_code}', `http://127.0.0.1:7770${where}`); }

    /** Lets programs inside reach a port of this machine's loopback, at the same address. */
    async reach(port) {
        const folder = path.join(this.root, 'root');
        const socket = path.join(folder, `port-${port}`);
        fs.rmSync(socket, { force: true }); // of before the machine went down
        const outer = net.createServer(c => { const d = net.connect(port, '127.0.0.1'); c.pipe(d).pipe(c); for (const s of [c, d]) s.on('error', () => { c.destroy(); d.destroy(); }); });
        await new Promise(ok => outer.listen(socket, ok));
        const inner = spawn('nsenter', ['-t', this.leader, '-m', '-n', '--', process.execPath, '-e',
            `const net = require('net'); net.createServer(c => { const d = net.connect('/root/port-${port}'); c.pipe(d).pipe(c); for (const s of [c, d]) s.on('error', () => { c.destroy(); d.destroy(); }); }).listen(${port}, '127.0.0.1', () => console.log('up'))`],
        { stdio: ['ignore', 'pipe', 'inherit'] });
        await new Promise(ok => inner.stdout.once('data', ok));
        return { stop: () => { inner.kill('SIGKILL'); outer.close(); fs.rmSync(socket, { force: true }); } };
    }

    async is(what, unit) { return (await this.run('systemctl', `is-${what}`, unit)).out.trim(); }
}
