// Large answers are packed for who takes gzip; small ones, streams and secrets never are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad, sleep } from './lib/hydrad.mjs';

let h, admin, token;
before(async () => {
    h = await Hydrad.start();
    admin = await h.setUp();
    token = await h.token(admin, ['*']);
    for (let i = 0; i < 40; i++) assert.equal((await token.post('/api/automation/services', { name: `Service ${i}`, description: 'one of many that look alike' })).status, 201);
});
after(() => h?.done());

const GZIP = { headers: { 'accept-encoding': 'gzip, deflate' } };

for (const path of ['/api/web/overview', '/api/web/services', '/api/cli/services', '/api/web/audit', '/api/cli/audit', '/api/automation/services', '/metrics', '/openapi.json', '/'])
    test(`${path} is packed for who takes it`, async () => {
        const plain = await admin.get(path), packed = await admin.get(path, GZIP);
        for (const a of [plain, packed]) {
            assert.equal(a.status, 200);
            assert.match(a.headers.vary, /accept-encoding/i);
            assert.equal(Number(a.headers['content-length']), a.size);
        }
        assert.equal(plain.headers['content-encoding'], undefined);
        assert.equal(packed.headers['content-encoding'], 'gzip');
        assert.ok(packed.size < plain.size / 2, `${packed.size} of ${plain.size} bytes`);
        assert.equal(packed.type, plain.type);
        if (packed.json) assert.deepEqual(Object.keys(packed.json), Object.keys(plain.json));
        const none = await admin.get(path, { headers: { 'accept-encoding': 'gzip;q=0, identity' } });
        assert.equal(none.headers['content-encoding'], undefined);
        const head = await admin.request('HEAD', path, undefined, GZIP);
        assert.equal(head.text, '');
        assert.equal(head.headers['content-encoding'], 'gzip');
    });

test('the packed overview is the newest, whoever asked for it before', async () => {
    for (let i = 0; i < 5; i++) {
        const id = `manual/fresh-${i}`;
        assert.equal((await admin.post('/api/web/services', { name: `Fresh ${i}` })).status, 201);
        const [a, b] = await Promise.all([admin.get('/api/web/overview', GZIP), admin.get('/api/web/overview')]);
        for (const o of [a, b]) assert.ok(o.json.services.some(s => s.id === id), `${id} is there at once`);
    }
});

test('who may see less gets its own, packed or not', async () => {
    const some = await h.token(admin, ['services:read']);
    for (const options of [GZIP, {}, GZIP]) {
        const [all, part] = await Promise.all([admin.get('/api/web/overview', options), some.get('/api/web/overview', options)]);
        assert.ok(all.json.nodes.length > 0 && all.json.verdict);
        assert.equal(part.status, 200);
        assert.deepEqual([part.json.nodes, part.json.feed, part.json.verdict], [[], [], undefined]);
        assert.ok(part.json.services.length >= 40);
    }
});

test('what is small stays as it is, and so does what holds a secret', async () => {
    assert.equal((await admin.get('/healthz', GZIP)).headers['content-encoding'], undefined);
    const made = await admin.post('/api/web/tokens', { name: 'x'.repeat(60), scopes: ['services:read'] }, GZIP);
    assert.equal(made.status, 201);
    assert.equal(made.headers['content-encoding'], undefined);
    assert.equal((await admin.get('/api/web/session', GZIP)).headers['content-encoding'], undefined);
});

test('event streams are not packed', async () => {
    const s = await admin.events({ topics: 'state,vitals' });
    assert.equal(s.headers['content-encoding'], undefined);
    await s.next(e => e.type === 'node.vitals', { ms: 60000 });
    await s.close();
});

test('answers are given back: memory does not grow with them', { timeout: 120000 }, async () => {
    const memory = async () => Number(/^hydra_resident_memory_bytes (\d+)/m.exec((await admin.get('/metrics')).text)[1]);
    const round = async () => {
        for (let i = 0; i < 40; i++)
            await Promise.all(['/api/web/overview', '/api/web/services', '/api/web/nodes', '/api/web/trends'].map(p => admin.get(p, i % 2 ? GZIP : {})));
        await sleep(1100); // a new overview
    };
    const bytes = (await admin.get('/api/web/services')).size;
    for (let i = 0; i < 3; i++) await round();
    const before = await memory();
    for (let i = 0; i < 5; i++) await round();
    const grown = await memory() - before;
    assert.ok(grown < 5 * 40 * bytes, `${grown} bytes more after 200 answers of ${bytes} and others`);
});
