// Tokens that let machines become nodes: over HTTP, by hydrad's verbs beside a running server and without one, by the command line.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, hydrad, root, run, until } from './lib/hydrad.mjs';
import { enrol, freePort, readToken } from './lib/machine.mjs';

let h, admin, port;
before(async () => {
    port = await freePort();
    h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${port}`] });
    admin = await h.setUp();
});
after(() => h?.done());

const ask = body => admin.post('/api/web/enrolments', body);
const list = async () => (await admin.get('/api/web/enrolments')).json.enrolments;
const audit = async action => (await admin.get(`/api/web/audit?action=${action}`)).json.entries;
const PERMISSION_DENIED = 7;

test('a token is shown once, with what to type', async () => {
    const live = await admin.events({ topics: 'access' });
    const a = await ask({ node: 'Tower' });
    assert.equal(a.status, 201, a.text);
    assert.equal(a.headers['cache-control'], 'no-store');
    const { enrolment, token, commands } = a.json;
    assert.deepEqual({ ...enrolment, id: 0, created: 0, expires: 0 }, { id: 0, node: 'tower', replaces: false, state: 'waiting', created_by: 'ada', created: 0, expires: 0, used: null, trouble: null, trouble_at: null });
    assert.equal(Date.parse(enrolment.expires) - Date.parse(enrolment.created), 15 * 60 * 1000);
    assert.equal(readToken(token).address, `127.0.0.1:${port}`);
    assert.match(commands.debian, /^sudo dpkg -i hydra-agent_.*\.deb\nsudo hydra-agent enroll hyn_\S+ --state \/var\/lib\/hydra-agent\n/);
    assert.match(commands.nixos, /services\.hydra-agent = \{\n {2}enable = true;\n {2}tokenFile = /);
    assert.match(commands.docker, /^docker run .* enroll hyn_\S+ .*\ndocker run .*docker\.sock.*system_bus_socket/);
    for (const text of Object.values(commands)) assert.ok(text.includes(token));
    await live.next(e => e.type === 'access.changed' && e.data.what === 'nodes');
    await live.close();
    const all = await admin.get('/api/web/enrolments');
    assert.deepEqual(all.json.enrolments, [enrolment]);
    assert.ok(!all.text.includes(readToken(token).secret));
});

test('a newer token for the same node takes the place of the one that waits', async () => {
    const old = (await ask({ node: 'tower' })).json, fresh = (await ask({ node: 'tower', ttl_s: 3600 })).json;
    assert.deepEqual((await list()).map(e => e.id), [fresh.enrolment.id]);
    const refused = await enrol(old.token);
    assert.equal(refused.code, PERMISSION_DENIED);
    assert.match(refused.text, /does not know this token/);
});

test('of five machines with one token one becomes the node, and the others are told why not', async () => {
    const { token } = (await ask({ node: 'tower' })).json;
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => enrol(token, { hostname: `machine-${i}` })));
    const inside = answers.filter(a => a.code === 0);
    assert.equal(inside.length, 1, JSON.stringify(answers));
    assert.equal(new crypto.X509Certificate(inside[0].certificate).subject, 'CN=tower');
    for (const a of answers.filter(x => x.code !== 0)) {
        assert.equal(a.code, PERMISSION_DENIED);
        assert.match(a.text, /used already/);
    }
    const [e] = await list();
    assert.equal(e.state, 'used');
    assert.ok(e.used);
    assert.match(e.trouble, /used already/);
    const entries = await audit('node.enrol');
    assert.equal(entries.filter(x => x.outcome === 'done' && x.target === 'tower' && x.via === 'agent' && x.address === '127.0.0.1').length, 1);
    assert.equal(entries.filter(x => x.outcome === 'refused' && x.target === 'tower').length, 4);
});

test('a node that is there is replaced only when that is said', async () => {
    const no = await ask({ node: 'tower' });
    assert.equal(no.status, 409);
    assert.equal(no.json.type, 'https://hydra.local/problems/node-exists');
    assert.equal(no.json.field, 'node');
    const { token, enrolment } = (await ask({ node: 'tower', replace: true })).json;
    assert.equal(enrolment.replaces, true);
    assert.equal((await enrol(token)).code, 0);
    assert.equal((await audit('node.enrol'))[0].detail.replaced, true);
});

test('what a token can\'t be for names the field', async () => {
    for (const [body, field] of [[{}, 'node'], [{ node: 'a b' }, 'node'], [{ node: 'x'.repeat(64) }, 'node'], [{ node: 'HUB' }, 'node'], [{ node: 'nas', ttl_s: 59 }, 'ttl_s'],
        [{ node: 'nas', ttl_s: 604801 }, 'ttl_s'], [{ node: 'nas', ttl_s: '900' }, 'ttl_s'], [{ node: 'nas', replace: 'yes' }, 'replace'], [{ node: 'nas', ttl: 900 }, 'ttl']]) {
        const a = await ask(body);
        assert.equal(a.status, 400, JSON.stringify(body));
        assert.equal(a.json.field, field, a.text);
    }
    assert.match((await ask({ node: 'hub' })).json.detail, /runs on/);
});

test('a token can be withdrawn', async () => {
    const { token, enrolment } = (await ask({ node: 'nas' })).json;
    assert.equal((await admin.delete(`/api/web/enrolments/${enrolment.id}`)).status, 204);
    assert.equal((await admin.delete(`/api/web/enrolments/${enrolment.id}`)).status, 404);
    assert.equal((await enrol(token)).code, PERMISSION_DENIED);
    assert.equal((await audit('node.enrolment.remove')).length, 1);
});

test('who may not add nodes is refused, and audited', async () => {
    for (const role of ['viewer', 'operator']) {
        const c = await h.person(admin, `the-${role}`, role);
        for (const a of [await c.get('/api/web/enrolments'), await c.post('/api/web/enrolments', { node: 'nas' }), await c.delete('/api/web/nodes/tower'), await c.post('/api/cli/enrolments', { node: 'nas' })]) {
            assert.equal(a.status, 403, a.text);
            assert.equal(a.json.permission, 'nodes:write');
        }
    }
});

test('a node is removed, the one that Hydra runs on is not', async () => {
    assert.equal((await admin.delete('/api/web/nodes/hub')).status, 409);
    assert.equal((await admin.delete('/api/web/nodes/nowhere')).status, 404);
    assert.equal((await admin.delete('/api/web/nodes/tower')).status, 204);
    assert.equal((await admin.delete('/api/web/nodes/tower')).status, 404);
    const [e] = await audit('node.remove');
    assert.equal(e.target, 'tower');
    assert.equal(e.actor, 'ada');
});

test('an admin with limits removes the nodes that fit, and no other', async () => {
    for (const node of ['attic', 'cellar']) assert.equal((await enrol((await ask({ node })).json.token)).code, 0);
    await until(async () => (await admin.get('/api/web/nodes')).json.nodes.length === 3, 60000, 'both nodes');
    const c = await h.person(admin, 'lena', 'admin');
    assert.equal((await admin.patch(`/api/web/users/${c.id}`, { limits: 'node:attic' })).status, 200);
    const lena = await h.signIn('lena', c.password);
    for (const api of ['web', 'cli']) {
        const no = await lena.delete(`/api/${api}/nodes/cellar`);
        assert.equal(no.status, 403);
        assert.match(no.json.detail, /only where your limits fit: node:attic/);
    }
    assert.equal((await lena.delete('/api/web/nodes/nowhere')).status, 403);
    assert.equal((await lena.post('/api/web/enrolments', { node: 'attic', replace: true })).status, 403);
    assert.equal((await lena.delete('/api/web/nodes/attic')).status, 204);
    assert.equal((await admin.delete('/api/web/nodes/cellar')).status, 204);
});

test('the key that seals the others is its owner\'s alone, and no secret lies open in the database', async () => {
    const file = path.join(h.dir, 'seal.key');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.match(fs.readFileSync(file, 'utf8'), /^[0-9a-f]{64}\n$/);
    const dump = await run('sqlite3', ['-readonly', '-cmd', '.timeout 5000', path.join(h.dir, 'hydra.db'), '.dump']);
    assert.match(dump.out, /agents_authority/);
    assert.doesNotMatch(dump.out, /BEGIN (PRIVATE KEY|CERTIFICATE)/);
});

// --- hydrad's own verbs

test('hydrad node add prints the token alone, and a running server lets the machine in', async () => {
    const a = await h.verb(['node', 'add', 'Nas', '--ttl', '2h']);
    assert.equal(a.code, 0, a.err);
    assert.match(a.out, /^hyn_\S+\n$/);
    assert.match(a.err, /nas.*2 h.*once/);
    assert.equal((await enrol(a.out.trim())).code, 0);
    const [e] = await until(async () => { const l = await list(); return l[0].node === 'nas' && l[0].state === 'used' && l; });
    assert.equal(e.created_by, 'local');
    const again = await h.verb(['node', 'add', 'nas']);
    assert.equal(again.code, 1);
    assert.match(again.err, /already.*--replace/);
    const replaced = await h.verb(['node', 'add', 'nas', '--replace']);
    assert.equal(replaced.code, 0, replaced.err);
    const shown = await h.verb(['node', 'list']);
    assert.match(shown.out, /^NODE +STATE .*\nnas +enrolled +127\.0\.0\.1 +0\.1\.0 +never\nnas +waiting /);
});

test('hydrad node rm removes a node, and a running server notices', async () => {
    const live = await admin.events({ topics: 'access' });
    assert.equal((await h.verb(['node', 'rm', 'NAS'])).code, 0);
    await live.next(e => e.type === 'access.changed' && e.data.what === 'nodes');
    await live.close();
    const gone = await h.verb(['node', 'rm', 'nas']);
    assert.equal(gone.code, 1);
    assert.match(gone.err, /no node called nas/);
    assert.equal((await audit('node.remove'))[0].actor, 'local');
});

test('what the verbs refuse says what to do', async () => {
    for (const [args, code, text] of [[['node', 'add'], 2, /usage: hydrad node add NAME/], [['node', 'rm'], 2, /usage: hydrad node rm NAME/], [['node', 'add', 'a b'], 1, /letters, digits/],
        [['node', 'add', 'hub'], 1, /runs on/], [['node', 'add', 'x', '--ttl', 'soon'], 1, /--ttl is a duration/], [['node', 'add', 'x', '--ttl', '8d'], 1, /1 minute to 7 days/],
        [['node', 'add', 'x', '--replace=yes'], 2, /takes no value/], [['node', 'reset'], 1, /Another hydrad/]]) {
        const a = await h.verb(args);
        assert.equal(a.code, code, `${args}: ${a.err}`);
        assert.match(a.err, text);
        assert.equal(a.out, '');
    }
});

test('without a server: a token is made, and a server that starts later takes it', async () => {
    const other = new Hydrad({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    try {
        const a = await other.verb(['node', 'add', 'tower']);
        assert.equal(a.code, 0, a.err);
        await other.start();
        assert.equal((await enrol(a.out.trim())).code, 0);
    } finally {
        await other.done();
    }
});

test('the address in the token is the running server\'s, whatever is set where it is made; another one can be named', async () => {
    const add = (...settings) => hydrad(['node', 'add', 'far', '--data', h.dir, ...settings], { env: { HYDRA_AGENTS: '0.0.0.0:9' } });
    const address = async (...settings) => { const a = await add(...settings); assert.equal(a.code, 0, a.err); assert.doesNotMatch(a.err, /No hydrad runs/); return readToken(a.out.trim()).address; };
    assert.equal(await address(), `127.0.0.1:${port}`);
    assert.equal(await address('--agents', '0.0.0.0:7771'), `127.0.0.1:${port}`);
    assert.equal(await address('--agents-address', 'hydra.lan'), `hydra.lan:${port}`);
    assert.match((await hydrad(['node', 'add', 'hub', '--data', h.dir])).err, /runs on/); // its name is the server's to say, too
    const elsewhere = await add('--database', path.join(h.ownDir, 'other.db'));
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.err, new RegExp(`process ${h.process.pid}\\) keeps its nodes in its data folder; this would make a token in .*other\\.db, which it never hears of`));
    assert.equal(fs.existsSync(path.join(h.ownDir, 'other.db')), false);
});

test('without a server the address is the one that the settings name, and that none runs is said', async () => {
    const add = (...settings) => hydrad(['node', 'add', 'far', '--data', path.join(h.ownDir, 'alone'), '--agents', `127.0.0.1:${port}`, ...settings]);
    const address = async (...settings) => { const a = await add(...settings); assert.match(a.err, /No hydrad runs on .*alone now/); return readToken(a.out.trim()).address; };
    assert.equal(await address('--agents-address', 'hydra.lan'), `hydra.lan:${port}`);
    assert.equal(await address('--agents-address', 'hydra.lan:443'), 'hydra.lan:443');
    assert.match(await address('--agents', '0.0.0.0:7771'), /^\d+\.\d+\.\d+\.\d+:7771$/);
});

test('where the setting keeps all others out, nobody gets a token', async () => {
    const other = await Hydrad.start({ args: ['--agents', 'none'] });
    try {
        const a = await other.verb(['node', 'add', 'tower']);
        assert.equal(a.code, 1);
        assert.match(a.err, /setting agents is none.*0\.0\.0\.0:7771/);
        const b = await (await other.setUp()).post('/api/web/enrolments', { node: 'tower' });
        assert.equal(b.status, 409);
        assert.match(b.json.detail, /setting agents is none/);
    } finally {
        await other.done();
    }
});

test('without the key file hydrad says what is lost and how to go on', async () => {
    const other = await Hydrad.start({ args: ['--agents', `127.0.0.1:${await freePort()}`] });
    try {
        const a = await other.verb(['node', 'add', 'tower']);
        assert.equal((await enrol(a.out.trim())).code, 0);
        await other.stop();
        fs.renameSync(path.join(other.dir, 'seal.key'), path.join(other.ownDir, 'seal.key'));
        await assert.rejects(other.start(), /seal\.key is missing.*1 node .*backup.*hydrad node reset/s);
        fs.renameSync(path.join(other.ownDir, 'seal.key'), path.join(other.dir, 'seal.key'));
        await other.start();
        await other.stop();
        fs.rmSync(path.join(other.dir, 'seal.key'));
        const reset = await other.verb(['node', 'reset']);
        assert.match(reset.out, /^Forgot 1 node\./, reset.err);
        await other.start();
        const again = await other.verb(['node', 'add', 'tower']);
        assert.equal((await enrol(again.out.trim())).code, 0);
        assert.equal((await other.verb(['audit', 'verify'])).code, 0);
    } finally {
        await other.done();
    }
});

// --- hydra, the command line

test('hydra node add says the token and what to type; hydra node rm removes the node', async () => {
    const t = await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] });
    const hydra = args => run(path.join(root, 'build/hydra'), args, { env: { HYDRA_URL: h.base, HYDRA_TOKEN: t.json.secret, HOME: h.dir } });
    const a = await hydra(['node', 'add', 'attic', '--ttl', '1h']);
    assert.equal(a.code, 0, a.err);
    assert.match(a.out, /^hyn_\S+\n\nOn Debian or Ubuntu:\nsudo dpkg [^]*\nIn NixOS's configuration:\n[^]*\nWith Docker:\n/);
    assert.equal((await enrol(a.out.split('\n')[0])).code, 0);
    assert.match((await hydra(['node', 'add', 'attic'])).err, /already/);
    const json = JSON.parse((await hydra(['node', 'add', 'attic', '--replace', '-o', 'json'])).out);
    assert.equal(json.enrolment.replaces, true);
    assert.equal((await hydra(['node', 'add', 'x', '--ttl', 'soon'])).code, 2);
    assert.equal((await hydra(['node', 'rm', 'attic'])).code, 0);
    assert.equal((await hydra(['nodes', 'rm', 'attic'])).code, 2);
    assert.equal((await hydra(['node', 'rm'])).code, 2);
});
