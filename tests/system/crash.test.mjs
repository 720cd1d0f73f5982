// kill -9 at random moments under concurrent writes: whatever was answered with success is there afterwards.
// HYDRA_TEST_CRASHES sets how often, HYDRA_TEST_SEED repeats a run's moments.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ADMIN, Hydrad, run, sleep } from './lib/hydrad.mjs';

const ROUNDS = Number(process.env.HYDRA_TEST_CRASHES ?? 200);
const WRITERS = 4;
const KEEP = 12; // services of a writer; older ones are removed again
let seed = Number(process.env.HYDRA_TEST_SEED ?? Date.now() % 1e9);
const random = () => { // mulberry32
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

let h, admin;
before(async () => {
    h = await Hydrad.start();
    admin = await h.setUp();
});
after(() => h?.done());

/** One who writes, and remembers what was promised. A value that was under way may be either. */
class Writer {
    services = new Map(); // id -> {sure: group, maybe: group | undefined}
    removed = new Set();
    maybeRemoved = new Set();
    tokens = new Map(); // secret -> id
    revoked = new Set();
    maybeRevoked = new Set();
    acknowledged = 0;
    count = 0;

    constructor(n) { this.n = n; }

    async add() {
        const name = `W${this.n} ${++this.count}`, id = `manual/w${this.n}-${this.count}`;
        const key = { 'idempotency-key': id };
        this.services.set(id, { sure: null, maybe: undefined, unsure: true });
        const a = await admin.post('/api/automation/services', { name, group: 'new' }, { headers: key });
        assert.equal(a.status, 201, a.text);
        this.services.set(id, { sure: 'new' });
    }

    async edit() {
        const sure = [...this.services].filter(([, s]) => !s.unsure);
        if (!sure.length) return this.add();
        const [id, s] = sure[Math.floor(random() * sure.length)];
        s.maybe = `group ${++this.count}`;
        const a = await admin.put(`/api/web/services/${id}`, { group: s.maybe });
        assert.equal(a.status, 200, a.text);
        this.services.set(id, { sure: s.maybe });
    }

    async remove() {
        const [id, s] = [...this.services][0];
        if (s.unsure) { this.services.delete(id); return; }
        this.services.delete(id);
        this.maybeRemoved.add(id);
        const a = await admin.delete(`/api/cli/services/${id}`);
        assert.equal(a.status, 204, a.text);
        this.maybeRemoved.delete(id);
        this.removed.add(id);
    }

    async token() {
        if (this.tokens.size > 4) {
            const [secret, id] = [...this.tokens][0];
            this.tokens.delete(secret);
            this.maybeRevoked.add(secret);
            const a = await admin.delete(`/api/web/tokens/${id}`);
            assert.equal(a.status, 204, a.text);
            this.maybeRevoked.delete(secret);
            this.revoked.add(secret);
        }
        const a = await admin.post('/api/web/tokens', { name: `w${this.n}`, scopes: ['services:read'] });
        assert.equal(a.status, 201, a.text);
        this.tokens.set(a.json.secret, a.json.token.id);
    }

    /** Writes until the server is gone. */
    async work() {
        for (;;) {
            const what = this.services.size > KEEP ? 'remove' : random() < 0.4 ? 'add' : random() < 0.7 ? 'edit' : 'token';
            try {
                await this[what]();
                this.acknowledged++;
            } catch (e) {
                if (['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(e.code)) return;
                throw e;
            }
        }
    }

    checkServices(rows) {
        for (const [id, s] of this.services) {
            const row = rows.get(id);
            if (s.unsure) { if (row) { assert.equal(row.group, 'new'); this.services.set(id, { sure: 'new' }); } else this.services.delete(id); continue; }
            assert.ok(row, `${id} was added with 201 and is gone`);
            assert.ok(row.group === s.sure || row.group === s.maybe, `${id}: ${row.group} is neither ${s.sure} nor ${s.maybe}`);
            this.services.set(id, { sure: row.group });
        }
        for (const id of this.removed) assert.ok(!rows.has(id), `${id} was removed with 204 and is back`);
        for (const id of this.maybeRemoved) if (rows.has(id)) this.services.set(id, { sure: rows.get(id).group });
        this.maybeRemoved.clear();
    }

    async checkTokens() {
        const works = async secret => {
            const c = h.client({ token: secret }), a = await c.get('/api/cli/status');
            c.close();
            return a.status === 200;
        };
        for (const secret of this.tokens.keys()) assert.ok(await works(secret), 'a token that was handed out is unknown');
        for (const secret of [...this.revoked].slice(-3)) assert.ok(!(await works(secret)), 'a token that was revoked works again');
        this.maybeRevoked.clear();
    }
}

test(`${ROUNDS} × kill -9 under writes`, { timeout: 550000 }, async t => {
    const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(i));
    const starts = [];
    t.diagnostic(`HYDRA_TEST_SEED=${seed}`);
    for (let round = 0; round < ROUNDS; round++) {
        const work = Promise.all(writers.map(w => w.work()));
        await Promise.race([sleep(5 + random() * 120), work]); // a writer that fails says so
        await Promise.all([h.kill(), work]);
        admin.close();
        await h.start();
        starts.push(performance.now() - h.startedAt);
        admin = h.client(admin.auth);
        const list = await admin.get('/api/automation/services');
        assert.equal(list.status, 200, `round ${round}: the admin's session is gone`);
        const rows = new Map(list.json.services.filter(s => s.manual).map(s => [s.id, s]));
        for (const w of writers) w.checkServices(rows);
        await writers[round % WRITERS].checkTokens();
        if (round % 20 === 0 || round === ROUNDS - 1) { await checkWhole(round); await removeStrayTokens(writers); }
    }
    starts.sort((a, b) => a - b);
    const total = writers.reduce((n, w) => n + w.acknowledged, 0);
    t.diagnostic(`${total} writes acknowledged, start p50 ${starts[starts.length >> 1].toFixed(0)} ms, slowest ${starts.at(-1).toFixed(0)} ms`);
    assert.ok(total > ROUNDS * 2, `only ${total} writes: this tests little`);
    assert.ok(starts[Math.floor(starts.length * 0.98)] < 1000, `starts took up to ${starts.at(-1).toFixed(0)} ms`);
    await checkAudit(writers);
});

/** Tokens that were made and whose answer was lost: a user may have 100. */
async function removeStrayTokens(writers) {
    const known = new Set(writers.flatMap(w => [...w.tokens.values()]));
    for (const t of (await admin.get('/api/web/tokens')).json.tokens)
        if (!known.has(t.id)) assert.equal((await admin.delete(`/api/web/tokens/${t.id}`)).status, 204);
}

async function checkWhole(round) {
    const verdict = (await admin.get('/api/web/audit/verify')).json;
    assert.equal(verdict.ok, true, `round ${round}: ${JSON.stringify(verdict)}`);
    const sql = await run('sqlite3', ['-readonly', '-cmd', '.timeout 5000', path.join(h.dir, 'hydra.db'), 'PRAGMA integrity_check; PRAGMA foreign_key_check;']);
    assert.equal(sql.out.trim(), 'ok', `round ${round}: ${sql.out}${sql.err}`);
}

/** Every acknowledged addition stands in the audit log exactly once: change and record are one. */
async function checkAudit(writers) {
    const a = await admin.get('/api/web/audit/download?format=json&action=service.add', { timeout: 60000 });
    const times = new Map();
    for (const e of a.json) times.set(e.target, (times.get(e.target) ?? 0) + 1);
    for (const w of writers)
        for (const id of [...w.services.keys(), ...w.removed]) assert.equal(times.get(id), 1, `${id} was added ${times.get(id)} times`);
    const cli = await h.verb(['audit', 'verify']);
    assert.equal(cli.code, 0, cli.err);
    assert.ok(await h.signIn(ADMIN.name, ADMIN.password));
}
