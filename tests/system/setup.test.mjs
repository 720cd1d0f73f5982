// The first start: one link, one admin, and never again.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { ADMIN, Hydrad, cookieOf } from './lib/hydrad.mjs';

let h, link;
before(async () => { h = await Hydrad.start(); });
after(() => h?.done());

test('a fresh start prints one line with the setup link', () => {
    assert.match(h.out, /^Set up Hydra: http:\/\/127\.0\.0\.1:\d+\/setup#[A-Za-z0-9_-]{43}\n$/);
    assert.ok(h.out.includes(`:${h.port}/setup#`), 'the link leads to the port that listens');
    link = h.secret;
});

test('what is kept is readable by its owner alone', () => {
    assert.equal(fs.statSync(h.dir).mode & 0o777, 0o700);
    for (const f of fs.readdirSync(h.dir)) assert.equal(fs.statSync(`${h.dir}/${f}`).mode & 0o077, 0, f);
});

test('before setup there is nothing to see and nobody to sign in as', async () => {
    const c = h.client();
    const welcome = await c.get('/api/web/welcome');
    assert.equal(welcome.json.setup_needed, true);
    assert.equal((await c.get('/api/web/overview')).status, 401);
    assert.equal((await c.post('/api/web/login', ADMIN)).status, 401);
});

test('a restart before setup prints a link that works; the one before does not', async () => {
    await h.restart();
    assert.match(h.out, /^Set up Hydra: .*\/setup#\S+\n$/);
    assert.notEqual(h.secret, link);
    const c = h.client();
    assert.equal((await c.post('/api/web/setup/check', { secret: link })).status, 403);
    assert.equal((await c.post('/api/web/setup/check', { secret: h.secret })).status, 204);
});

test('a wrong secret is refused and makes nobody', async () => {
    const c = h.client();
    for (const secret of ['wrong', '', h.secret.slice(0, -1), h.secret + 'A', h.secret.toLowerCase()]) {
        const a = await c.post('/api/web/setup', { secret, ...ADMIN });
        assert.equal(a.status, 403, `secret ${secret}`);
        assert.equal(a.json.type, 'https://hydra.local/problems/forbidden');
        assert.equal(cookieOf(a), null);
    }
    assert.equal((await c.get('/api/web/welcome')).json.setup_needed, true);
});

test('a name or password that will not do names the field and leaves the link alive', async () => {
    const c = h.client();
    const short = await c.post('/api/web/setup', { secret: h.secret, name: 'ada', password: 'short' });
    assert.equal(short.status, 400);
    assert.equal(short.json.field, 'password');
    const odd = await c.post('/api/web/setup', { secret: h.secret, name: '', password: ADMIN.password });
    assert.equal(odd.status, 400);
    assert.equal(odd.json.field, 'name');
    const missing = await c.post('/api/web/setup', { secret: h.secret, name: 'ada' });
    assert.equal(missing.json.field, 'password');
    assert.equal((await c.post('/api/web/setup/check', { secret: h.secret })).status, 204);
});

test('of twenty who use the link at once one becomes admin', async () => {
    const c = h.client();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        c.post('/api/web/setup', { secret: h.secret, name: i ? `user${i}` : ADMIN.name, password: ADMIN.password })));
    const made = answers.filter(a => a.status === 200);
    assert.equal(made.length, 1, answers.map(a => a.status).join(' '));
    for (const a of answers) assert.ok([200, 409, 403].includes(a.status), a.text);
    const cookie = cookieOf(made[0]);
    const admin = h.client({ cookie });
    const session = await admin.get('/api/web/session');
    assert.equal(session.status, 200);
    assert.equal(session.json.user.role, 'admin');
    const users = (await admin.get('/api/web/users')).json.users;
    assert.equal(users.length, 1);
    const audit = await admin.get('/api/web/audit');
    const setup = audit.json.entries.filter(e => e.action === 'setup' && e.outcome === 'done');
    assert.equal(setup.length, 1, JSON.stringify(audit.json.entries));
    assert.equal(setup[0].address, '127.0.0.1');
});

test('afterwards the link is dead', async () => {
    const c = h.client();
    assert.equal((await c.get('/api/web/welcome')).json.setup_needed, false);
    const again = await c.post('/api/web/setup', { secret: h.secret, name: 'eve', password: 'another long password' });
    assert.equal(again.status, 409);
    assert.equal(again.json.type, 'https://hydra.local/problems/conflict');
    assert.match(again.json.detail, /set up already/);
    assert.equal((await c.post('/api/web/setup/check', { secret: h.secret })).status, 409);
});

test('a restart prints no link and keeps the user', async () => {
    await h.restart();
    assert.equal(h.out, '');
    assert.equal((await h.client().get('/api/web/welcome')).json.setup_needed, false);
    assert.equal((await h.client().post('/api/web/setup', { secret: 'x', name: 'eve', password: 'another long password' })).status, 409);
});
