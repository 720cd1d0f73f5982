// A PostgreSQL server of the test's own, by tests/system/with-postgres.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { root, run } from './hydrad.mjs';

/** {url, ctl('stop' | 'kill' | 'start' | 'restart'), database(name), end()} */
export async function startPostgres() {
    const say = 'printf "%s\\n%s\\n" "$TEST_POSTGRES_URL" "$TEST_POSTGRES_CTL"; cat >/dev/null';
    const p = spawn(path.join(root, 'tests/system/with-postgres'), ['bash', '-c', say], { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '', err = '';
    p.stderr.on('data', d => { err += d; });
    const ended = new Promise(r => p.on('exit', r));
    await new Promise((resolve, reject) => {
        p.stdout.on('data', d => { out += d; if (out.split('\n').length > 2) resolve(); });
        p.on('exit', () => reject(new Error(`with-postgres ended: ${err}`)));
    });
    const [url, control] = out.split('\n');
    const ctl = async verb => {
        const r = await run(control, [verb]);
        if (r.code !== 0) throw new Error(`${verb}: ${r.err}`);
    };
    const sql = (text, to = url) => run('psql', ['-qAt', '-v', 'ON_ERROR_STOP=1', '-c', text, to]);
    const database = async name => {
        const r = await sql(`CREATE DATABASE ${name}`);
        if (r.code !== 0) throw new Error(r.err);
        return url.replace(/\/postgres$/, `/${name}`);
    };
    return { url, ctl, sql, database, end: () => { p.stdin.end(); return ended; } };
}
