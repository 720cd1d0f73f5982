// Every operation of the contract, asked by everybody: who may, who may not, and what the refusal says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { operations } from './lib/contract.mjs';
import { Hydrad } from './lib/hydrad.mjs';

// What the roles are for, written down a second time on purpose: a right that moves must move here, too.
const VIEWER = ['nodes:read', 'services:read', 'events:read', 'metrics:read', 'tokens:write', 'self:write'];
const OPERATOR = [...VIEWER, 'services:write', 'events:write', 'processes:read', 'settings:read', 'service:restart', 'logs:read', 'node:reach'];
const ADMIN = [...OPERATOR, 'users:read', 'users:write', 'tokens:admin', 'sessions:admin', 'audit:read', 'settings:write',
    'nodes:write', 'service:update', 'node:reboot', 'process:signal', 'generation:switch'];
const RIGHTS = { viewer: VIEWER, operator: OPERATOR, admin: ADMIN };

const all = operations();
const guarded = all.filter(o => o.permission);
const unsafe = all.filter(o => o.method !== 'GET');
const of = o => `${o.method} ${o.path}`;
const people = {};
let h, admin;

before(async () => {
    h = await Hydrad.start();
    people.admin = admin = await h.setUp();
    for (const role of ['viewer', 'operator']) people[role] = await h.person(admin, `the-${role}`, role);
});
after(() => h?.done());

/** Asks for an operation on something that is not there, so that being allowed to changes nothing. */
async function ask(client, o, headers = {}) {
    const path = o.path.replace(/\{[^}]*\}/g, 'there-is-none');
    if (o.path !== '/api/events/cluster') return client.request(o.method, path, o.hasBody ? {} : undefined, { headers }); // others have something to name first
    const s = await client.events();
    if (s.status === 200) { await s.close(); return { status: 200 }; }
    await s.close();
    return client.get(path);
}

/** A client of its own where the operation ends the session that asks. */
async function asking(role, o) {
    if (!o.path.endsWith('/logout')) return people[role];
    const [name, password] = role === 'admin' ? ['ada', 'correct horse battery'] : [`the-${role}`, people[role].password];
    return h.signIn(name, password);
}

function assertRefused(a, permission, what) {
    assert.equal(a.status, 403, `${what}: ${a.status} ${a.text}`);
    assert.match(a.type, /^application\/problem\+json/, what);
    assert.equal(a.json.permission, permission, what);
    assert.ok(a.json.detail.includes(permission), a.json.detail);
    assert.ok(a.json.request_id, what);
}

function assertAllowed(a, what) {
    assert.ok(![401, 403, 405, 500, 501].includes(a.status), `${what}: ${a.status} ${a.text}`);
    if (a.status === 404) assert.notEqual(a.json?.detail, undefined, what);
}

test('the contract names a permission, or public, for every operation', () => {
    assert.ok(all.length > 50);
    for (const o of all) assert.ok(o.permission === null || ADMIN.includes(o.permission), `${of(o)}: ${o.permission}`);
});

test('what is public is exactly this', () => {
    assert.deepEqual(all.filter(o => !o.permission).map(of).sort(), [
        'GET /api/web/welcome', 'GET /healthz', 'GET /openapi.json', 'GET /readyz', 'POST /api/cli/login',
        'POST /api/web/login', 'POST /api/web/setup', 'POST /api/web/setup/check',
    ]);
});

test('the server gives the roles the rights they are meant to have', async () => {
    const { roles } = (await admin.get('/api/web/permissions')).json;
    for (const [role, rights] of Object.entries(RIGHTS)) {
        assert.deepEqual([...roles.find(r => r.name === role).permissions].sort(), [...rights].sort(), role);
        const session = (await people[role].get('/api/web/session')).json;
        assert.deepEqual([...session.permissions].sort(), [...rights].sort(), role);
    }
});

test('nobody in particular: 401 for everything but what is public', async () => {
    const anyone = h.client(), fake = h.client({ cookie: 'A'.repeat(43) }), forged = h.client({ token: 'hyd_' + 'A'.repeat(43) });
    for (const o of all) {
        const a = await ask(anyone, o, { origin: undefined });
        if (!o.permission) { assert.notEqual(a.status, 401, of(o)); continue; }
        for (const x of [a, await ask(fake, o), await ask(forged, o)]) {
            assert.equal(x.status, 401, `${of(o)}: ${x.status}`);
            assert.match(x.type, /^application\/problem\+json/);
            assert.equal(x.json.type, 'https://hydra.local/problems/signed-out');
            assert.equal(x.headers['www-authenticate'], 'Bearer');
        }
    }
});

for (const role of Object.keys(RIGHTS))
    test(`${role}: allowed what the role may, 403 that names the permission for the rest`, async () => {
        let yes = 0, no = 0;
        for (const o of guarded) {
            const a = await ask(await asking(role, o), o);
            if (RIGHTS[role].includes(o.permission)) { assertAllowed(a, `${role} ${of(o)}`); yes++; }
            else { assertRefused(a, o.permission, `${role} ${of(o)}`); no++; }
        }
        assert.equal(yes + no, guarded.length);
        assert.ok(role === 'admin' ? no === 0 : no > 5 && yes > 5, `${yes} allowed, ${no} refused`);
    });

test('tokens: with the permission alone every operation is allowed, with all others it is refused', async () => {
    const permissions = [...new Set(guarded.map(o => o.permission))];
    for (const p of permissions) {
        const make = scopes => h.token(admin, scopes);
        const only = await make([p]), others = await make(ADMIN.filter(x => x !== p));
        for (const o of guarded.filter(x => x.permission === p)) {
            assertRefused(await ask(others, o), p, `all but ${p}: ${of(o)}`);
            assertAllowed(await ask(o.path.endsWith('/logout') ? await make([p]) : only, o), `only ${p}: ${of(o)}`);
        }
    }
});

test('HEAD is refused where GET is', async () => {
    for (const o of guarded.filter(x => x.method === 'GET' && !x.stream)) {
        const where = o.path.replace(/\{[^}]*\}/g, 'there-is-none');
        const head = c => c.request('HEAD', where);
        assert.equal((await head(h.client())).status, 401, of(o));
        assert.equal((await head(people.viewer)).status === 403, !VIEWER.includes(o.permission), of(o));
    }
});

test('no other spelling of a path is let in', async () => {
    const where = ['/api/web/users/', '//api/web/users', '/api//web/users', '/api/web/./users', '/api/web/x/../users', '/API/web/users',
        '/api/web/%75sers', '/api/web/users%2f', '/api/web/users;x', '/api/web/users%00', '/api/web/users?x=/api/web/nodes', '/api%2fweb/users',
        '\\api\\web\\users', '/api/web/nodes/../users', '/api/web/services/../users', '/api/web/nodes/%2e%2e/users', '/api/web/services/x/../../users'];
    for (const path of where) {
        const a = await people.viewer.get(path);
        assert.ok(a.status >= 300, `${path}: ${a.status}`);
        assert.ok(!a.text.includes('the-operator'), path);
    }
    for (const header of ['x-http-method-override', 'x-method-override', 'x-http-method', 'x-original-url', 'x-rewrite-url'])
        assert.equal((await people.viewer.get('/api/web/audit', { headers: { [header]: '/api/web/nodes' } })).status, 403, header);
});

test('a method that is not in the contract is 405 and says which are', async () => {
    const methods = ['POST', 'PUT', 'PATCH', 'DELETE'];
    for (const where of new Set(all.map(o => o.path))) {
        const there = all.filter(o => o.path === where).map(o => o.method);
        const path = where.replace(/\{[^}]*\}/g, 'there-is-none');
        for (const m of methods.filter(x => !there.includes(x))) {
            const a = await admin.request(m, path, {});
            assert.equal(a.status, 405, `${m} ${where}: ${a.status}`);
            for (const t of there) assert.ok(a.json.detail.includes(t), a.json.detail);
            for (const t of there) assert.ok(a.headers.allow.includes(t), `${where}: ${a.headers.allow}`);
        }
    }
});

test('with a cookie, a change without Origin or from another page is refused and changes nothing', async () => {
    const port = h.port;
    const foreign = [undefined, 'http://evil.example', 'null', `http://127.0.0.1:${port + 1}`, `http://127.0.0.1`, `http://127.0.0.1.evil.example:${port}`,
        `http://localhost:${port}`, `http://127.0.0.1:${port}@evil.example`, `file://127.0.0.1:${port}`, ''];
    for (const o of unsafe) {
        const origins = o.permission ? [undefined, 'http://evil.example'] : ['http://evil.example'];
        for (const origin of o.path === '/api/cli/login' ? [] : origins) {
            const a = await ask(admin, o, { origin });
            assert.equal(a.status, 403, `${of(o)} from ${origin}: ${a.status}`);
            assert.equal(a.json.type, 'https://hydra.local/problems/foreign-origin');
        }
    }
    const count = async () => (await admin.get('/api/web/users')).json.users.length;
    const before = await count();
    for (const origin of foreign) {
        const a = await admin.post('/api/web/users', { name: `evil${Math.random()}`.slice(0, 12), role: 'admin', password: 'a very long password' }, { headers: { origin } });
        assert.equal(a.status, 403, `Origin ${origin}: ${a.status}`);
    }
    assert.equal(await count(), before);
    assert.equal((await admin.get('/api/web/session')).status, 200, 'nobody was signed out');
});

test('a form of another site, which needs no permission of ours, is no request', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
        const a = await admin.post('/api/web/services', JSON.stringify({ name: 'by form' }), { headers: { 'content-type': type } });
        assert.equal(a.status, 415, `${type}: ${a.status}`);
    }
});

test('a token needs no Origin', async () => {
    const t = await h.token(admin, ['services:write']);
    const a = await t.post('/api/automation/services', { name: 'by script' }, { headers: { origin: undefined } });
    assert.equal(a.status, 201);
});

test('an unknown Host is refused, with the setting to change', async () => {
    for (const host of ['evil.example', `evil.example:${h.port}`, '127.0.0.1.evil.example', 'localhost.evil.example', '8.8.8.8']) {
        for (const path of ['/', '/api/web/overview', '/api/web/welcome', '/readyz', '/openapi.json']) {
            const a = await admin.get(path, { headers: { host } });
            assert.equal(a.status, 421, `${host} ${path}: ${a.status}`);
            assert.match(a.json.detail, /--hosts|HYDRA_HOSTS|setting hosts|`hosts`/, a.json.detail);
        }
    }
    for (const host of ['localhost', `localhost:${h.port}`, `127.0.0.1:${h.port}`, `[::1]:${h.port}`])
        assert.equal((await admin.get('/readyz', { headers: { host } })).status, 200, host);
    for (const host of ['a b', 'a/b', 'x@127.0.0.1', '127.0.0.1:x']) {
        const a = await admin.get('/readyz', { headers: { host } });
        assert.ok([400, 421].includes(a.status), `"${host}": ${a.status}`);
    }
});

test('a host that is named in the settings is served, others stay out', async () => {
    const other = await Hydrad.start({ args: ['--hosts', 'hydra.home,*.lan'] });
    try {
        const status = async host => (await other.client().get('/readyz', { headers: { host } })).status;
        assert.equal(await status('hydra.home'), 200);
        assert.equal(await status('HYDRA.home:8443'), 200);
        assert.equal(await status('a.b.lan'), 200);
        assert.equal(await status('lan'), 421);
        assert.equal(await status('evil-hydra.home'), 421);
        assert.equal(await status('hydra.home.evil.example'), 421);
    } finally {
        await other.done();
    }
});

test('every answer carries the headers that protect a browser', async () => {
    for (const [c, path] of [[admin, '/'], [admin, '/api/web/overview'], [h.client(), '/api/web/overview'], [admin, '/nowhere'], [admin, '/openapi.json']]) {
        const a = await c.get(path);
        const csp = a.headers['content-security-policy'] ?? '';
        assert.ok(csp.includes("default-src 'none'") || csp.includes("default-src 'self'"), `${path}: ${csp}`);
        assert.ok(csp.includes('frame-ancestors'), csp);
        assert.ok(!/unsafe-inline|unsafe-eval/.test(csp.replace(/style-src[^;]*/, '')), `${path}: ${csp}`);
        assert.equal(a.headers['x-content-type-options'], 'nosniff', path);
        assert.equal(a.headers['referrer-policy'], /html/.test(a.headers['content-type']) ? 'no-referrer' : undefined, path);
        assert.equal(a.headers['x-frame-options'], 'DENY', path);
        assert.equal(a.headers['access-control-allow-origin'], undefined, path);
    }
});

test('after all this nothing was made, changed or removed but what was allowed', async () => {
    const users = (await admin.get('/api/web/users')).json.users.map(u => `${u.name} ${u.role}`).sort();
    assert.deepEqual(users, ['ada admin', 'the-operator operator', 'the-viewer viewer']);
    const services = (await admin.get('/api/web/services')).json.services.filter(s => s.manual).map(s => s.name);
    assert.deepEqual(services, ['by script']);
});
