// Signing in, people, sessions, tokens and the audit log, through the real program.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ADMIN, Hydrad, cookieOf, run, sleep, until } from './lib/hydrad.mjs';

const SOON = 60000; // a second is meant; a busy machine may take longer, and what is never ended stays open for hours
let h, admin;

before(async () => {
    h = await Hydrad.start();
    admin = await h.setUp();
});
after(() => h?.done());

const auditOf = async (filter = '') => (await admin.get(`/api/web/audit?limit=500${filter}`)).json.entries;
const code = async (client, where = '/api/web/session') => (await client.get(where)).status;

test('the right password signs in; wrong name and wrong password get one and the same answer', async () => {
    const c = h.client();
    const good = await c.post('/api/web/login', ADMIN);
    assert.equal(good.status, 200);
    assert.equal(good.json.user.name, ADMIN.name);
    assert.ok(!good.text.includes(cookieOf(good)), 'the secret is in the cookie alone');
    const wrong = await c.post('/api/web/login', { name: ADMIN.name, password: 'not this one' });
    const nobody = await c.post('/api/web/login', { name: 'nobody', password: 'not this one' });
    for (const a of [wrong, nobody]) {
        assert.equal(a.status, 401);
        assert.equal(cookieOf(a), null);
        delete a.json.request_id;
    }
    assert.deepEqual(wrong.json, nobody.json);
});

test('the cookie is for this server alone and out of reach of scripts', async () => {
    const a = await h.client().post('/api/web/login', ADMIN);
    const cookie = a.headers['set-cookie'].join();
    assert.match(cookie, /^hydra_session=[A-Za-z0-9_-]{40,};/);
    for (const flag of ['HttpOnly', 'SameSite=Strict', 'Path=/']) assert.ok(cookie.includes(flag), cookie);
    assert.match(cookie, /Max-Age=\d{4,}/);
    assert.ok(!/domain=/i.test(cookie));
    assert.match(a.headers['cache-control'], /no-store/);
});

test('signing in makes a new session whatever cookie was sent along', async () => {
    const planted = h.client({ cookie: 'planted'.padEnd(43, 'A') });
    const a = await planted.post('/api/web/login', ADMIN);
    assert.notEqual(cookieOf(a), planted.auth.cookie);
    assert.equal(await code(planted), 401);
});

test('signing out ends the session, its stream, and clears the cookie', async () => {
    const c = await h.signIn(ADMIN.name, ADMIN.password);
    const stream = await c.events();
    const a = await c.post('/api/web/logout');
    assert.equal(a.status, 204);
    assert.match(a.headers['set-cookie'].join(), /hydra_session=;.*Max-Age=0/);
    await stream.end(SOON);
    assert.equal(await code(c), 401);
});

test('changing the password ends the other sessions and not this one', async () => {
    const here = await h.person(admin, 'paula', 'viewer');
    const there = await h.signIn('paula', here.password);
    const stream = await there.events();
    const wrong = await here.put('/api/web/password', { current: 'not the current', new: 'a new long password' });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.json.field, 'current');
    assert.equal(await code(there), 200);
    const weak = await here.put('/api/web/password', { current: here.password, new: 'paula' });
    assert.equal(weak.status, 400);
    assert.equal(weak.json.field, 'new');
    assert.equal((await here.put('/api/web/password', { current: here.password, new: 'a new long password' })).status, 204);
    await stream.end(SOON);
    assert.equal(await code(here), 200);
    assert.equal(await code(there), 401);
    assert.equal((await h.client().post('/api/web/login', { name: 'paula', password: here.password })).status, 401);
    assert.ok(await h.signIn('paula', 'a new long password'));
});

test('an admin sees and ends the sessions of others; others do not', async () => {
    const vic = await h.person(admin, 'vic', 'viewer');
    const mine = (await vic.get('/api/web/sessions')).json.sessions;
    assert.equal(mine.length, 1);
    assert.equal(mine[0].current, true);
    const refused = await vic.get('/api/web/sessions?all=true');
    assert.equal(refused.status, 403);
    assert.equal(refused.json.permission, 'sessions:admin');
    const all = (await admin.get('/api/web/sessions?all=true')).json.sessions;
    const ada = all.find(s => s.user === ADMIN.name);
    assert.equal((await vic.delete(`/api/web/sessions/${ada.id}`)).status, 403);
    assert.equal((await admin.delete(`/api/web/sessions/${mine[0].id}`)).status, 204);
    assert.equal(await code(vic), 401);
});

test('disabling a user ends session, token and stream', async () => {
    const olga = await h.person(admin, 'olga', 'operator');
    const token = await h.token(olga, ['events:read']);
    const streams = [await olga.events(), await token.events()];
    assert.equal((await admin.patch(`/api/web/users/${olga.id}`, { disabled: true })).status, 200);
    for (const s of streams) {
        await s.end(SOON);
    }
    assert.equal(await code(olga), 401);
    assert.equal(await code(token, '/api/web/events'), 401);
    assert.equal((await h.client().post('/api/web/login', { name: 'olga', password: olga.password })).status, 401);
    await admin.patch(`/api/web/users/${olga.id}`, { disabled: false });
    assert.equal(await code(olga), 401, 'what was ended stays ended');
    assert.ok(await h.signIn('olga', olga.password));
});

test('another role ends the stream within a second and holds from the next request on', async () => {
    const otto = await h.person(admin, 'otto', 'operator');
    const token = await h.token(otto, ['services:write', 'events:read']);
    const stream = await token.events();
    const add = c => c.post('/api/automation/services', { name: `of otto ${Math.random()}` });
    assert.equal((await add(token)).status, 201);
    assert.equal((await admin.patch(`/api/web/users/${otto.id}`, { role: 'viewer' })).status, 200);
    const refused = await add(token);
    assert.equal(refused.status, 403);
    assert.equal(refused.json.permission, 'services:write');
    await stream.end(SOON);
});

test('limits hold for what is written by hand, and an admin with limits has no hand in the rest', async () => {
    const lena = { name: 'lena', password: 'a password of hers' };
    assert.equal((await admin.post('/api/web/users', { ...lena, role: 'operator', limits: 'host:attic' })).json.field, 'limits');
    const made = await admin.post('/api/web/users', { ...lena, role: 'operator', limits: 'node:attic, group:Media' });
    assert.deepEqual([made.status, made.json.limits], [201, 'node:attic,group:Media']);
    const c = await h.signIn(lena.name, lena.password), stream = await c.events();
    assert.equal((await admin.post('/api/web/services', { name: 'Outside', group: 'Other' })).status, 201);
    const outside = await c.put('/api/web/services/manual/outside', { description: 'mine now' });
    assert.equal(outside.status, 403);
    assert.equal(outside.json.permission, 'services:write');
    assert.match(outside.json.detail, /only where your limits fit: node:attic,group:Media/);
    assert.equal((await c.post('/api/web/services-check/manual/outside')).status, 403);
    assert.equal((await c.delete('/api/web/services/manual/outside')).status, 403);
    assert.equal((await c.post('/api/web/services', { name: 'Nowhere' })).status, 403);
    assert.equal((await c.post('/api/web/services', { name: 'Inside', group: 'Media' })).status, 201);
    assert.equal((await c.put('/api/web/services/manual/inside', { description: 'mine' })).status, 200);
    assert.equal((await c.get('/api/web/services/manual/outside')).status, 200, 'seen all the same');
    assert.equal((await admin.patch(`/api/web/users/${made.json.id}`, { role: 'admin' })).status, 200);
    await stream.end(SOON);
    const above = await h.signIn(lena.name, lena.password);
    for (const where of ['/api/web/users', '/api/web/audit', '/api/web/enrolments']) assert.equal((await above.get(where)).status, 403, where);
    assert.equal((await above.patch(`/api/web/users/${made.json.id}`, { limits: '' })).status, 403);
    assert.equal((await admin.patch('/api/web/users/ada', { limits: 'node:attic' })).status, 409, 'else nobody could lift it');
    assert.equal((await admin.delete(`/api/web/users/${made.json.id}`)).status, 204);
});

test('a removed user is gone with sessions and tokens', async () => {
    const rita = await h.person(admin, 'rita', 'viewer');
    const token = await h.token(rita, ['services:read']);
    assert.equal((await admin.delete(`/api/web/users/${rita.id}`)).status, 204);
    assert.equal(await code(rita), 401);
    assert.equal(await code(token, '/api/web/services'), 401);
    assert.equal((await admin.delete(`/api/web/users/${rita.id}`)).status, 404);
});

test('the last admin can be neither demoted, disabled nor removed', async () => {
    const me = (await admin.get('/api/web/session')).json.user.id;
    for (const change of [{ role: 'viewer' }, { disabled: true }]) {
        const a = await admin.patch(`/api/web/users/${me}`, change);
        assert.equal(a.status, 409, JSON.stringify(change));
        assert.match(a.json.detail, /only admin/);
    }
    assert.equal((await admin.delete(`/api/web/users/${me}`)).status, 409);
    assert.equal(await code(admin), 200);
});

test('two admins who remove each other at once leave one', async () => {
    const one = await Hydrad.start();
    try {
        const a = await one.setUp(), b = await one.person(a, 'ben', 'admin');
        const ada = (await a.get('/api/web/session')).json.user.id;
        const answers = await Promise.all([a.patch(`/api/web/users/${b.id}`, { role: 'viewer' }), b.patch(`/api/web/users/${ada}`, { role: 'viewer' })]);
        assert.ok(answers.some(x => x.status === 200), answers.map(x => x.text).join());
        const left = answers[0].status === 200 ? a : b;
        const users = (await left.get('/api/web/users')).json.users;
        assert.equal(users.filter(u => u.role === 'admin').length, 1, JSON.stringify(users));
    } finally {
        await one.done();
    }
});

test('a token may do what its scopes say, as long as its user may, and is shown once', async () => {
    const made = await admin.post('/api/web/tokens', { name: 'reader', scopes: ['services:read'] });
    assert.equal(made.status, 201);
    assert.match(made.json.secret, /^hyd_/);
    const t = h.client({ token: made.json.secret });
    assert.equal(await code(t, '/api/automation/services'), 200);
    const refused = await t.post('/api/automation/services', { name: 'x' });
    assert.equal(refused.status, 403);
    assert.equal(refused.json.permission, 'services:write');
    assert.match(refused.json.detail, /token lacks the permission services:write/);
    const list = await admin.get('/api/web/tokens');
    assert.ok(!list.text.includes(made.json.secret), 'the secret is told once');
    const unknown = await admin.post('/api/web/tokens', { name: 'typo', scopes: ['service:read'] });
    assert.equal(unknown.status, 400);
    assert.equal(unknown.json.field, 'scopes');
    assert.match(unknown.json.detail, /services:read/);
});

test('a token makes no token that may do more than itself', async () => {
    const t = await h.token(admin, ['tokens:write', 'services:read']);
    const more = await t.post('/api/cli/tokens', { name: 'more', scopes: ['users:write'] });
    assert.equal(more.status, 403, more.text);
    assert.equal(more.json.permission, 'users:write');
    const all = await t.post('/api/cli/tokens', { name: 'all', scopes: ['*'] });
    assert.equal(all.status, 403, all.text);
    assert.equal((await t.post('/api/cli/tokens', { name: 'less', scopes: ['services:read'] })).status, 201);
});

test('a token ends at its expiry, and so does its stream', async () => {
    const t = await h.token(admin, ['services:read', 'events:read'], { expires_in: '2s' });
    const stream = await t.events();
    assert.equal(await code(t, '/api/web/services'), 200);
    await stream.end(15000);
    const late = await t.get('/api/web/services');
    assert.equal(late.status, 401);
    assert.match(late.json.detail, /expired/);
    for (const bad of ['soon', '-1d', '0s', '90 years']) {
        const a = await admin.post('/api/web/tokens', { name: 'odd', scopes: ['services:read'], expires_in: bad });
        assert.equal(a.status, 400, bad);
        assert.equal(a.json.field, 'expires_in');
    }
});

test('a revoked token and its stream end', async () => {
    const t = await h.token(admin, ['events:read']);
    const stream = await t.events();
    assert.equal((await admin.delete(`/api/web/tokens/${t.id}`)).status, 204);
    await stream.end(SOON);
    assert.equal(await code(t, '/api/web/events'), 401);
});

test('a stream tells no event that its reader may not see', async () => {
    const viewer = await h.person(admin, 'vera', 'viewer');
    const seer = await viewer.events({ topics: 'state,vitals,feed,access,custom,metrics/' + (await admin.get('/api/web/nodes')).json.nodes[0].id });
    const all = await admin.events({ topics: 'metrics/' + (await admin.get('/api/web/nodes')).json.nodes[0].id });
    await all.next(e => e.type === 'node.processes', { what: 'node.processes', ms: 60000 });
    await until(() => seer.of('node.vitals').length > 0);
    assert.equal(seer.of('node.processes').length, 0, 'command lines are not for viewers');
    await seer.close();
    await all.close();
});

test('a user added beside the running server can sign in', async () => {
    const made = await h.verb(['user', 'add', 'cleo', '--role', 'operator', '--password-file', '-'], { input: 'a password of cleo\n' });
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /^\S+\n$/);
    const c = await until(() => h.signIn('cleo', 'a password of cleo').catch(() => null), SOON, 'signing in');
    assert.equal((await c.get('/api/web/session')).json.user.role, 'operator');
    const again = await h.verb(['user', 'add', 'cleo', '--role', 'operator', '--password-file', '-'], { input: 'a password of cleo\n' });
    assert.equal(again.code, 1);
    assert.match(again.err, /already/);
    const role = await h.verb(['user', 'add', 'carl', '--role', 'king', '--password-file', '-'], { input: 'a password of carl\n' });
    assert.notEqual(role.code, 0);
    assert.match(role.err, /admin, operator or viewer/);
});

test('a token added beside the running server works at once', async () => {
    const made = await h.verb(['token', 'add', 'script', '--user', ADMIN.name, '--scope', 'services:read,events:write', '--expires', '90d']);
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /^hyd_\S+\n$/, 'the token alone');
    const t = h.client({ token: made.out.trim() });
    await until(async () => (await code(t, '/api/automation/services')) === 200, SOON, 'the token');
    assert.equal((await t.post('/api/automation/events', { type: 'hello', data: 1 })).status, 202);
    assert.equal(await code(t, '/api/web/users'), 403);
    const tokens = (await admin.get('/api/web/tokens')).json.tokens;
    const days = (Date.parse(tokens.find(x => x.name === 'script').expires) - Date.now()) / 86400e3;
    assert.ok(days > 89.9 && days < 90.1);
    for (const [args, says] of [[['--scope', 'service:read'], /Did you mean "services:read"/], [['--scope', '*', '--expires', 'soon'], /duration/]]) {
        const bad = await h.verb(['token', 'add', 'x', '--user', ADMIN.name, ...args]);
        assert.equal(bad.code, 1);
        assert.match(bad.err, says);
    }
    const nobody = await h.verb(['token', 'add', 'x', '--user', 'nobody', '--scope', '*']);
    assert.match(nobody.err, /no user called nobody/);
});

test('reset-password beside the running server ends sessions and streams', async () => {
    const c = await h.signIn('cleo', 'a password of cleo');
    const stream = await c.events();
    const file = path.join(h.ownDir, 'password');
    fs.writeFileSync(file, 'another one of cleo\n');
    const reset = await h.verb(['reset-password', 'cleo', '--password-file', file]);
    assert.equal(reset.code, 0, reset.err);
    await stream.end(SOON);
    assert.equal(await code(c), 401);
    assert.ok(await h.signIn('cleo', 'another one of cleo'));
    assert.equal((await h.client().post('/api/web/login', { name: 'cleo', password: 'a password of cleo' })).status, 401);
});

test('the audit log has every change and every refused one, and no secret', async () => {
    const entries = await auditOf();
    const has = (action, outcome, target) => entries.some(e => e.action === action && e.outcome === outcome && (!target || e.target === target));
    for (const [action, outcome, target] of [
        ['setup', 'done'], ['login', 'done'], ['login', 'refused', ADMIN.name], ['user.add', 'done', 'paula'], ['user.change', 'done', 'olga'],
        ['user.remove', 'done', 'rita'], ['token.add', 'done'], ['token.remove', 'done'], ['session.end', 'done'], ['access.refused', 'refused'],
    ]) assert.ok(has(action, outcome, target), `${action} ${outcome} ${target ?? ''}`);
    assert.ok(entries.some(e => e.via === 'local' && e.action === 'user.add' && e.target === 'cleo'));
    assert.ok(entries.some(e => e.action === 'access.refused' && e.detail.permission === 'services:write'));
    const text = JSON.stringify(entries);
    for (const secret of [ADMIN.password, 'a password of cleo', 'a new long password', 'hyd_']) assert.ok(!text.includes(secret), secret);
    const sequences = entries.map(e => e.sequence);
    assert.deepEqual(sequences, sequences.map((_, i) => sequences[0] - i), 'without gaps, newest first');
});

test('the audit log can be filtered, paged and downloaded', async () => {
    const adds = await auditOf('&action=user.add');
    assert.ok(adds.length >= 5 && adds.every(e => e.action === 'user.add'));
    const paged = [];
    for (let next = ''; next !== null;) {
        const a = (await admin.get(`/api/web/audit?limit=7${next && `&before=${next}`}`)).json;
        assert.ok(a.entries.length <= 7);
        paged.push(...a.entries);
        next = a.next;
    }
    assert.equal(paged.at(-1).sequence, 1);
    assert.equal(new Set(paged.map(e => e.sequence)).size, paged[0].sequence);
    const csv = await admin.get('/api/web/audit/download?format=csv&action=user.add');
    assert.match(csv.type, /text\/csv/);
    assert.match(csv.headers['content-disposition'], /attachment; filename=/);
    assert.equal(csv.text.trim().split('\n').length, adds.length + 1);
    const json = await admin.get('/api/web/audit/download?format=json&action=user.add');
    assert.deepEqual(json.json.map(e => e.sequence), adds.map(e => e.sequence));
});

test('too many wrong passwords: 429 with Retry-After, for that network alone', async () => {
    const guess = h.client({ from: '127.0.0.9' });
    let refused;
    for (let i = 0; i < 30 && !refused; i++) {
        const a = await guess.post('/api/web/login', { name: `victim${i}`, password: 'guess' });
        if (a.status === 429) refused = a;
        else assert.equal(a.status, 401);
    }
    assert.ok(refused, '30 guesses without a limit');
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    assert.equal(Number(refused.headers['retry-after']), refused.json.retry_after);
    assert.equal((await guess.post('/api/web/login', ADMIN)).status, 429, 'the right password waits too');
    assert.ok(await h.signIn(ADMIN.name, ADMIN.password), 'from elsewhere people sign in');
    await sleep(refused.json.retry_after * 1000 + 100);
    assert.notEqual((await guess.post('/api/web/login', ADMIN)).status, 429);
});

test('guessing one account from many networks is slowed, too, and its owner is spared', async () => {
    const owner = await h.person(admin, 'wanda', 'viewer');
    let limited = 0;
    for (let i = 0; i < 30; i++) {
        const c = h.client({ from: `127.0.1.${i + 1}` });
        const a = await c.post('/api/web/login', { name: 'wanda', password: 'guess' });
        limited += a.status === 429;
        c.close();
    }
    assert.ok(limited >= 5, `${limited} of 30`);
    assert.ok(await h.signIn('wanda', owner.password), 'where wanda is signed in she is not kept out');
});

test('hydrad audit verify finds the chain whole, and names the entry that was changed', async () => {
    const verdict = (await admin.get('/api/web/audit/verify')).json;
    assert.equal(verdict.ok, true);
    const good = await h.verb(['audit', 'verify']);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /whole: \d+ entries/);
    const sql = s => run('sqlite3', ['-cmd', '.timeout 5000', path.join(h.dir, 'hydra.db'), s]);
    const victim = (await auditOf('&action=user.add'))[1].sequence;
    const before = (await sql(`SELECT actor FROM audit_log WHERE sequence = ${victim}`)).out.trim();
    const spoil = await sql(`UPDATE audit_log SET actor = 'somebody' WHERE sequence = ${victim}`);
    assert.equal(spoil.code, 0, spoil.err);
    const bad = await h.verb(['audit', 'verify']);
    assert.equal(bad.code, 1);
    assert.match(bad.err, new RegExp(`entry ${victim}\\b`));
    const seen = (await admin.get('/api/web/audit/verify')).json;
    assert.equal(seen.ok, false);
    assert.equal(seen.first_bad, victim);
    await sql(`UPDATE audit_log SET actor = '${before}' WHERE sequence = ${victim}`);
    assert.equal((await h.verb(['audit', 'verify'])).code, 0, 'put right again');
    await sql('DELETE FROM audit_log WHERE sequence = (SELECT max(sequence) FROM audit_log)');
    const cut = await h.verb(['audit', 'verify']);
    assert.equal(cut.code, 1, 'entries cut off at the end show, too');
});

test('sessions and tokens outlive a restart, ended ones do not come back', async () => {
    const c = await h.signIn('wanda', 'wanda has a long password');
    const t = await h.token(c, ['services:read']);
    const ended = await h.signIn('wanda', 'wanda has a long password');
    await ended.post('/api/web/logout');
    await h.restart();
    assert.equal(await code(c), 200);
    assert.equal(await code(t, '/api/web/services'), 200);
    assert.equal(await code(ended), 401);
});
