// What streams carry is what the contract says of each event type, every member of it; and the numbers of the event log.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readContract } from './lib/contract.mjs';
import { Hydrad, until } from './lib/hydrad.mjs';
import { Schemas } from './lib/schema.mjs';
import { listeningProcess, page } from './lib/servers.mjs';

const contract = readContract();
const schemas = new Schemas(contract);
const TYPES = contract.paths['/api/events/cluster'].get['x-events'];
let h, admin, stream, door;

before(async () => {
    h = await Hydrad.start({ args: ['--node', 'here'] });
    admin = await h.setUp();
    door = await page();
});
after(async () => {
    await door?.close();
    await h?.done();
});

test('the checker finds what is wrong', () => {
    const verdict = TYPES['verdict.changed'].data, removed = TYPES['service.removed'].data;
    assert.deepEqual(schemas.check({ id: 'a' }, removed), []);
    assert.equal(schemas.check({}, removed).length, 1);
    assert.equal(schemas.check({ id: 1 }, removed).length, 1);
    assert.equal(schemas.check({ id: 'a', more: 1 }, removed).length, 1);
    assert.ok(schemas.check({ severity: 'red' }, verdict).length >= 2);
    assert.equal(schemas.check({ id: 'n', t: 1, v: [['s', 1, null], ['s', '1', 2]] }, TYPES['services.usage'].data).length, 1);
});

const schemaOf = type => (TYPES[type] ?? TYPES['*']).data;
function checkAll(events) {
    for (const e of events) assert.deepEqual(schemas.check(e.data, schemaOf(e.type)), [], `${e.type}: ${JSON.stringify(e.data).slice(0, 600)}`);
}

test('every event type of the log, as it is sent', { timeout: 180000 }, async () => {
    stream = await admin.events({ topics: 'state,vitals,feed,access,jobs,custom,metrics/here' });
    const seen = type => stream.events.some(e => e.type === type);
    const elsewhere = ['*', 'node.removed']; // the latter takes a node with an agent of its own
    const all = Object.entries(TYPES).filter(([t, e]) => e.topic !== null && !elsewhere.includes(t)).map(([t]) => t);
    const check = { kind: 'http', target: `http://127.0.0.1:${door.port}/`, interval_ms: 1000, retries: 0 };
    const added = await admin.post('/api/web/services', { name: 'Door', url: 'http://192.0.2.1/', group: 'Home', check });
    assert.equal(added.status, 201, added.text);
    await h.token(admin, ['events:read']);
    assert.equal((await admin.post('/api/automation/events', { type: 'backup.done', data: { host: 'tower', list: [1, null] } })).status, 202);
    const nobody = { verb: 'process.signal', node: 'here', target: '999999999:1', argument: 'HUP' }; // refused, or there is none
    assert.equal((await admin.post('/api/web/jobs', nobody)).status, 202);
    const p = await listeningProcess();
    await until(async () => (await admin.get('/api/web/services/manual/door')).json.state === 'healthy', 60000, 'the door open');
    door.answer = { status: 503, body: 'broken' };
    await until(() => stream.events.some(e => e.type === 'attention.changed' && e.data.attention.length), 60000, 'trouble to be told');
    assert.equal((await admin.delete('/api/web/services/manual/door')).status, 204);
    await until(() => all.every(seen), 60000, `${all.filter(t => !seen(t))} still to come`).finally(() => p.kill('SIGKILL'));
    assert.ok(seen('backup.done'));
    checkAll(stream.events);
    for (const e of stream.events) assert.ok(TYPES[e.type] || e.type === 'backup.done', `${e.type} is not in the contract`);
});

test('a resync carries what the contract says, for who may see all and for who may not', async () => {
    const some = await h.token(admin, ['events:read', 'services:read']);
    for (const c of [admin, some]) {
        const s = await c.events({ lastEventId: '1-1' });
        const e = await s.next(x => x.type === 'resync');
        assert.ok(e.data.snapshot.services.length >= 0);
        checkAll(s.events);
        await s.close();
    }
});

test('the overview and the pages of node, services and window fit the contract, too', async () => {
    for (const [path, where] of [['/api/web/overview', '/api/web/overview'], ['/api/web/nodes', '/api/web/nodes'], ['/api/web/nodes/here', '/api/web/nodes/{id}'], ['/api/web/nodes/here/window', '/api/web/nodes/{id}/window'], ['/api/web/nodes/here/processes', '/api/web/nodes/{id}/processes'], ['/api/web/services', '/api/web/services'], ['/api/events/stats', '/api/events/stats'], ['/api/web/system', '/api/web/system'], ['/api/web/session', '/api/web/session']]) {
        const a = await admin.get(path);
        assert.equal(a.status, 200);
        assert.deepEqual(schemas.check(a.json, contract.paths[where].get.responses['200'].content['application/json'].schema), [], path);
    }
});

test('the numbers of the event log', async () => {
    const stats = async () => (await admin.get('/api/events/stats')).json;
    const before = await stats();
    assert.ok(before.ring_bytes > 0 && before.ring_bytes <= before.ring_bytes_limit);
    assert.ok(before.entries > 0 && before.entries <= before.appended_total);
    assert.equal(Number(before.last_id.split('-')[1]) - Number(before.oldest_id.split('-')[1]) + 1, before.entries);
    const big = { type: 'big', data: 'x'.repeat(200000) };
    for (let i = 0; i < 40; i++) assert.equal((await admin.post('/api/automation/events', big)).status, 202);
    const after = await stats();
    assert.notEqual(after.oldest_id, before.oldest_id, 'what is too old has gone');
    assert.ok(after.ring_bytes <= after.ring_bytes_limit);
    const metrics = (await admin.get('/metrics')).text;
    for (const name of ['hydra_event_log_bytes', 'hydra_event_log_entries', 'hydra_events_total', 'hydra_stream_resyncs_total', 'hydra_stream_expired_total']) assert.match(metrics, new RegExp(`^${name} \\d+$`, 'm'));
    assert.match(metrics, new RegExp(`^hydra_event_log_limit_bytes ${after.ring_bytes_limit}$`, 'm'));
    const lost = await admin.events({ lastEventId: before.oldest_id });
    await lost.next(e => e.type === 'resync');
    await lost.close();
    assert.ok((await stats()).resyncs_total > after.resyncs_total);
});

test('the end of the server says goodbye as the contract has it', async () => {
    const ended = h.stop();
    const e = await stream.next(x => x.type === 'goodbye', { ms: 60000 });
    assert.deepEqual(schemas.check(e.data, TYPES.goodbye.data), []);
    await ended;
});
