// The database in trouble: full and read-only disks, a file that is gone, PostgreSQL killed; and its commands.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ADMIN, Hydrad, hydrad, run, scratchFolder, sleep, until } from './lib/hydrad.mjs';
import { startPostgres } from './lib/postgres.mjs';

const scratch = scratchFolder();
const mounts = [];
let pg;

before(async () => { pg = await startPostgres(); });
after(async () => {
    for (const m of mounts) await run('umount', ['-l', m]);
    fs.rmSync(scratch, { recursive: true, force: true });
    await pg?.end();
});

async function smallDisk(name, size) {
    const dir = path.join(scratch, name);
    fs.mkdirSync(dir);
    const r = await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', dir]);
    assert.equal(r.code, 0, r.err);
    mounts.push(dir);
    return dir;
}

const readiness = h => h.client().get('/readyz');
const names = async c => (await c.get('/api/web/services')).json.services.filter(s => s.manual).map(s => s.display).sort();
const noticeOf = async c => { const { attention, verdict } = (await c.get('/api/web/overview')).json; return attention.find(a => /database/i.test(a.id + a.title + a.text)) && { attention, verdict }; };

/** With the database in trouble: said everywhere, changes refused whole, and everything live goes on. */
async function assertTroubled(h, admin, { says }) {
    const r = await until(async () => { const a = await readiness(h); return a.status === 503 && a; }, 60000, '/readyz 503');
    const check = r.json.checks.find(c => c.name === 'database');
    assert.equal(check.ok, false);
    assert.match(check.text, says);
    await until(() => noticeOf(admin), 60000, 'a notice on the page');
    assert.equal((await h.client().get('/healthz')).status, 200, 'the process is well');
    const system = (await admin.get('/api/web/system')).json;
    assert.equal(system.database.state, 'failing');
    const stream = await admin.events();
    await stream.next(e => e.type === 'node.vitals', { ms: 60000, what: 'vitals while the database is away' });
    await stream.close();
    assert.equal((await admin.get('/api/web/services')).status, 200);
    assert.match((await admin.get('/metrics')).text, /^hydra_database_up 0$/m);
    assert.equal((await h.client().get('/api/web/overview')).status, 401, 'nobody gets in because of it');
}

async function assertWell(h, admin) {
    await until(async () => (await readiness(h)).status === 200, 60000, '/readyz 200');
    await until(async () => !(await noticeOf(admin)), 60000, 'no notice');
    const verdict = (await admin.get('/api/web/audit/verify')).json;
    assert.equal(verdict.ok, true, JSON.stringify(verdict));
}

function assertRefused(a, what) {
    assert.equal(a.status, 503, `${what}: ${a.status} ${a.text}`);
    assert.match(a.type, /problem\+json/);
    assert.ok(Number(a.headers['retry-after']) >= 1, what);
    assert.ok(a.json.detail.length > 10, a.text);
}

/** What a new installation goes through, on whatever database. */
async function smoke(h) {
    const admin = await h.setUp();
    const token = await h.token(admin, ['*']);
    assert.equal((await token.post('/api/automation/services', { name: 'Röuter ☂', group: 'Netz' })).status, 201);
    assert.equal((await token.post('/api/automation/services', { name: 'Röuter ☂' })).status, 409);
    assert.equal((await token.put('/api/automation/services/manual/r-uter', { description: "it's \\ \"quoted\"; DROP TABLE users;--" })).status, 200);
    const otto = await h.person(admin, 'otto', 'operator');
    assert.equal((await otto.get('/api/web/users')).status, 403);
    await until(async () => (await admin.get('/api/web/audit?action=access.refused')).json.entries.length === 1, 60000, 'the refusal');
    await h.kill();
    await h.start();
    assert.deepEqual(await names(admin), ['Röuter ☂']);
    assert.equal((await admin.get('/api/web/services/manual/r-uter')).json.description, "it's \\ \"quoted\"; DROP TABLE users;--");
    assert.equal((await token.get('/api/cli/status')).status, 200);
    assert.equal((await admin.get('/api/web/audit/verify')).json.ok, true);
    return { admin, token, otto };
}

test('a full disk: changes are refused whole, the live view goes on, and space mends it', async () => {
    const dir = await smallDisk('full', '3m');
    const h = await Hydrad.start({ dir: path.join(dir, 'data') });
    try {
        const admin = await h.setUp();
        for (let i = 0; i < 3; i++) assert.equal((await admin.post('/api/web/services', { name: `Before ${i}` })).status, 201);
        const fill = fs.openSync(path.join(dir, 'fill'), 'w');
        try { for (;;) fs.writeSync(fill, Buffer.alloc(4096)); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
        fs.closeSync(fill);
        let refused, kept = [];
        for (let i = 0; i < 3000 && !refused; i++) {
            const a = await admin.post('/api/web/services', { name: `During ${i}`, description: 'x'.repeat(290) });
            if (a.status === 201) kept.push(`During ${i}`);
            else refused = a;
        }
        assertRefused(refused, 'a full disk');
        assert.match(refused.json.detail, /full|space/i);
        await assertTroubled(h, admin, { says: /full|space/i });
        assert.deepEqual(await names(admin), ['Before 0', 'Before 1', 'Before 2', ...kept].sort(), 'what was refused is not there');
        fs.rmSync(path.join(dir, 'fill'));
        await assertWell(h, admin);
        assert.equal((await admin.post('/api/web/services', { name: 'After' })).status, 201);
        await h.kill();
        await h.start();
        assert.deepEqual(await names(admin), ['After', 'Before 0', 'Before 1', 'Before 2', ...kept].sort());
        assert.equal((await run('sqlite3', [path.join(h.dir, 'hydra.db'), 'PRAGMA integrity_check'])).out.trim(), 'ok');
    } finally {
        await h.done();
    }
});

test('a data folder that can not be written is refused at the start, in words', async () => {
    const dir = await smallDisk('readonly', '3m');
    const first = await Hydrad.start({ dir: path.join(dir, 'data') });
    await first.setUp();
    await first.stop();
    assert.equal((await run('mount', ['-o', 'remount,ro', dir])).code, 0);
    for (const data of [first.dir, path.join(dir, 'other')]) {
        const r = await hydrad(['--data', data, '--listen', '127.0.0.1:0']);
        assert.equal(r.code, 1, data);
        assert.match(r.err, /Read-only file system.*--data/);
        assert.ok(r.err.includes(data) && !r.err.includes('listening'));
    }
    assert.equal((await run('mount', ['-o', 'remount,rw', dir])).code, 0);
    await first.start();
    assert.ok(await first.signIn(ADMIN.name, ADMIN.password));
    await first.done();
});

test('the database file is taken away: said, refused, and well again when it is back', async () => {
    const h = await Hydrad.start();
    try {
        const admin = await h.setUp();
        assert.equal((await admin.post('/api/web/services', { name: 'Kept' })).status, 201);
        const files = ['hydra.db', 'hydra.db-wal', 'hydra.db-shm'].map(f => path.join(h.dir, f)).filter(f => fs.existsSync(f));
        for (const f of files) fs.renameSync(f, `${f}.away`);
        const lost = await until(async () => { const a = await admin.post('/api/web/services', { name: `Lost ${Math.random()}` }); return a.status !== 201 && a; }, 60000, 'a refusal');
        assertRefused(lost, 'the file is gone');
        await assertTroubled(h, admin, { says: /hydra\.db/ });
        for (const f of files) fs.renameSync(`${f}.away`, f);
        await assertWell(h, admin);
        assert.equal((await admin.post('/api/web/services', { name: 'Back' })).status, 201);
        await h.restart();
        const left = await names(admin);
        assert.ok(left.includes('Kept') && left.includes('Back'), left.join());
    } finally {
        await h.done();
    }
});

test('a damaged database is told at the start, and not written to', async () => {
    const h = await Hydrad.start();
    try {
        await h.setUp();
        await h.stop();
        const file = path.join(h.dir, 'hydra.db');
        fs.writeFileSync(file, Buffer.from('this is no database '.repeat(5000)));
        const r = await h.verb(['serve', '--listen', '127.0.0.1:0']);
        assert.equal(r.code, 1);
        assert.match(r.err, /hydra\.db/);
        assert.ok(fs.readFileSync(file, 'utf8').startsWith('this is no database'));
    } finally {
        await h.done();
    }
});

test('PostgreSQL: all a new installation goes through', async () => {
    const url = await pg.database('smoke');
    const h = await Hydrad.start({ args: ['--database', url] });
    try {
        const { admin } = await smoke(h);
        assert.equal((await admin.get('/api/web/system')).json.database.kind, 'postgresql');
        assert.ok(!JSON.stringify((await admin.get('/api/web/system')).json).includes('s3cret'), 'the password is shown to nobody');
        assert.ok(!fs.existsSync(path.join(h.dir, 'hydra.db')));
        const verify = await h.verb(['audit', 'verify']);
        assert.match(verify.out, /whole/);
        const made = await h.verb(['user', 'add', 'cleo', '--role', 'viewer', '--password-file', '-'], { input: 'a password of cleo\n' });
        assert.equal(made.code, 0, made.err);
        await until(() => h.signIn('cleo', 'a password of cleo').catch(() => null), 60000, 'cleo signs in');
    } finally {
        await h.done();
    }
});

test('SQLite: the same', async () => {
    const h = await Hydrad.start();
    try { await smoke(h); } finally { await h.done(); }
});

test('PostgreSQL killed and started again, twice: said, live view goes on, mended by itself', async () => {
    const url = await pg.database('killed');
    const h = await Hydrad.start({ args: ['--database', url] });
    try {
        const admin = await h.setUp();
        assert.equal((await admin.post('/api/web/services', { name: 'Kept' })).status, 201);
        const stream = await admin.events();
        for (const end of ['kill', 'stop']) {
            await pg.ctl(end);
            assertRefused(await admin.post('/api/web/services', { name: `During ${end}` }), end);
            assertRefused(await h.client().post('/api/web/login', ADMIN), `login during ${end}`);
            await assertTroubled(h, admin, { says: /PostgreSQL|connect|server/i });
            const told = stream.events.length;
            await pg.ctl('start');
            await assertWell(h, admin);
            assert.equal((await admin.post('/api/web/services', { name: `After ${end}` })).status, 201);
            await stream.next(e => e.type === 'service.changed' && e.data.display === `After ${end}`, { ms: 60000, from: told });
        }
        assert.ok(!stream.ended, 'the stream of before goes on through all this');
        await stream.close();
        assert.deepEqual(await names(admin), ['After kill', 'After stop', 'Kept']);
    } finally {
        await h.done();
    }
});

test('PostgreSQL that is not there at the start: a clear text, without the password', async () => {
    for (const [url, says] of [
        ['postgresql://hydra:s3cret@127.0.0.1:1/hydra', /refused/i], [pg.url.replace(/:[^:@/]*@/, ':wrong-one@'), /password|authentication/i],
        [pg.url.replace(/\/postgres$/, '/nowhere'), /nowhere/], ['mysql://x', /mysql|sqlite:|postgresql:/],
    ]) {
        const r = await hydrad(['--data', path.join(scratch, 'pg-none'), '--listen', '127.0.0.1:0', '--database', url]);
        assert.equal(r.code, 1, url);
        assert.match(r.err, says);
        assert.ok(!/s3cret|wrong-one/.test(r.err), r.err);
    }
});

test('backup beside a running server that writes, and restore', async () => {
    const h = await Hydrad.start();
    try {
        const admin = await h.setUp();
        for (let i = 0; i < 20; i++) await admin.post('/api/web/services', { name: `Before ${i}` });
        let stop = false, written = 0;
        const writing = (async () => { while (!stop) { await admin.post('/api/web/services', { name: `During ${written++}` }); } })();
        await until(() => written > 5);
        const file = path.join(h.ownDir, 'backup.db');
        const made = await h.verb(['backup', file]);
        assert.equal(made.code, 0, made.err);
        assert.equal(fs.statSync(file).mode & 0o077, 0, 'a backup is for its owner');
        stop = true;
        await writing;
        await admin.post('/api/web/services', { name: 'Later' });

        const busy = await h.verb(['restore', file]);
        assert.equal(busy.code, 1);
        assert.match(busy.err, new RegExp(`process ${h.process.pid}`));
        await h.stop();
        const bad = path.join(h.ownDir, 'bad.db');
        fs.writeFileSync(bad, 'no database');
        for (const [f, says] of [[bad, /bad\.db/], [path.join(h.ownDir, 'none.db'), /no file.*none\.db/]]) {
            const r = await h.verb(['restore', f]);
            assert.equal(r.code, 1);
            assert.match(r.err, says);
        }
        await h.start();
        assert.ok((await names(admin)).includes('Later'), 'a restore that failed changed nothing');
        await h.stop();
        assert.equal((await h.verb(['restore', file])).code, 0);
        await h.start();
        const left = await names(admin);
        assert.equal(left.filter(n => n.startsWith('Before')).length, 20);
        assert.ok(!left.includes('Later'));
        assert.equal((await admin.get('/api/web/audit/verify')).json.ok, true);
    } finally {
        await h.done();
    }
});

test('copy-database: from SQLite to PostgreSQL and back, with everybody signed in', async () => {
    const url = await pg.database('copied');
    const h = await Hydrad.start();
    try {
        const { token } = await smoke(h);
        const busy = await h.verb(['copy-database', '--to', url]);
        assert.match(busy.err, /already uses/);
        await h.stop();
        const there = await h.verb(['copy-database', '--to', url]);
        assert.equal(there.code, 0, there.err);
        assert.match(there.out, /^Copied \d+ rows\. Start hydrad with --database postgresql:/);
        assert.ok(!there.out.includes('s3cret'));
        const again = await h.verb(['copy-database', '--to', url]);
        assert.equal(again.code, 1);
        assert.match(again.err, /not empty/);
        h.args = ['--database', url];
        await h.start();
        assert.equal((await token.get('/api/cli/status')).status, 200);
        assert.deepEqual(await names(token), ['Röuter ☂']);
        assert.equal((await token.post('/api/automation/services', { name: 'In PostgreSQL' })).status, 201);
        await h.stop();
        const back = path.join(h.ownDir, 'back.db');
        const home = await h.verb(['copy-database', '--to', `sqlite:${back}`]);
        assert.equal(home.code, 0, home.err);
        h.args = ['--database', `sqlite:${back}`];
        await h.start();
        assert.deepEqual(await names(token), ['In PostgreSQL', 'Röuter ☂']);
        assert.equal((await token.get('/api/web/audit/verify')).json.ok, true, 'the chain holds across engines');
    } finally {
        await h.done();
    }
});

test('a database of a newer Hydra is refused by every command, and left as it is', async () => {
    const h = await Hydrad.start();
    try {
        await h.setUp();
        const current = await h.verb(['migrate']);
        assert.match(current.out, /version (\d+) of \1/);
        await h.stop();
        const file = path.join(h.dir, 'hydra.db');
        await run('sqlite3', [file, "INSERT INTO schema_migrations (version, name, applied_ms) VALUES (9999, 'future', 0)"]);
        for (const verb of [['serve', '--listen', '127.0.0.1:0'], ['migrate'], ['audit', 'verify'], ['token', 'add', 'x', '--user', ADMIN.name, '--scope', '*']]) {
            const r = await h.verb(verb);
            assert.equal(r.code, 1, verb.join(' '));
            assert.match(r.err, /newer Hydra \(schema 9999/, verb.join(' '));
        }
        assert.equal((await run('sqlite3', [file, 'SELECT count(*) FROM api_tokens'])).out.trim(), '0');
    } finally {
        await h.done();
    }
});

test('commands work with no server running, and make the database when there is none', async () => {
    const dir = path.join(scratch, 'alone');
    const at = (args, input) => hydrad([...args, '--data', dir], { input });
    assert.equal((await at(['user', 'add', 'ada', '--role', 'admin', '--password-file', '-'], `${ADMIN.password}\n`)).code, 0);
    const token = await at(['token', 'add', 'script', '--user', 'ada', '--scope', '*']);
    assert.equal(token.code, 0, token.err);
    assert.equal((await at(['audit', 'verify'])).code, 0);
    const h = await Hydrad.start({ dir });
    try {
        assert.equal(h.out, '', 'no setup link: there is an admin');
        assert.equal((await h.client({ token: token.out.trim() }).get('/api/cli/users')).status, 200);
        assert.ok(await h.signIn('ada', ADMIN.password));
    } finally {
        await h.done();
    }
});
