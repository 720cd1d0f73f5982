// A machine with a real systemd, to install things on: see start-systemd.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
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

    async is(what, unit) { return (await this.run('systemctl', `is-${what}`, unit)).out.trim(); }
}
