// What happens on the machine is on the stream: processes come and go, numbers each second, and nothing is lost on resume.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Hydrad, sleep, until } from './lib/hydrad.mjs';
import { listeningProcess } from './lib/servers.mjs';

let h, admin, token, node;

before(async () => {
    h = await Hydrad.start();
    admin = await h.setUp();
    token = await h.token(admin, ['*']);
    node = (await admin.get('/api/web/nodes')).json.nodes[0].id;
});
after(() => h?.done());

const services = async () => (await admin.get('/api/web/services')).json.services;
const publish = (type, data) => token.post('/api/automation/events', { type, data });
const sequenceOf = id => Number(id.split('-')[1]);

test('this machine is there with its facts and numbers a moment after the start', async () => {
    const o = await until(async () => { const a = (await admin.get('/api/web/overview')).json; return a.nodes[0].vitals?.cpu != null && a.nodes[0].kernel && a; }, 60000, 'facts and vitals');
    const n = o.nodes[0];
    assert.equal(o.nodes.length, 1);
    assert.equal(n.state, 'online');
    assert.ok(n.cpu_threads >= 1 && n.memory_total > 1e8 && n.kernel && n.os);
    assert.ok(n.vitals.mem_used > 0 && n.vitals.mem_used < n.vitals.mem_total);
    assert.ok(n.vitals.cpu >= 0 && n.vitals.cpu <= 100);
    assert.match(o.event_id, /^\d+-\d+$/);
    assert.ok(o.verdict.sentence.length > 5);
});

test('vitals come each second, in order of time', async () => {
    const s = await admin.events({ topics: 'vitals' });
    const begun = performance.now();
    await sleep(6300);
    await until(() => s.of('node.vitals').length >= 5, 60000, 'vitals');
    const vitals = s.of('node.vitals'), seconds = (performance.now() - begun) / 1000;
    await s.close();
    assert.ok(vitals.length <= seconds + 2, `${vitals.length} in ${seconds} s`);
    const gaps = vitals.slice(1).map((v, i) => v.data.t - vitals[i].data.t);
    for (const g of gaps) assert.ok(g > 600, `gaps ${gaps}`);
    assert.ok(s.events.every(e => ['node.vitals', 'services.usage'].includes(e.type)), 'nothing but what was asked for');
});

test('a process that listens appears as a service; kill -9: down, with the reason; it comes back', async () => {
    const s = await admin.events({ topics: 'state,feed' });
    const first = await listeningProcess();
    const came = await s.next(e => e.type === 'service.changed' && e.data.ports.includes(first.port), { ms: 60000, what: 'the service' });
    const id = came.data.id;
    assert.ok(id.startsWith(`${node}/process/`), id);
    await until(async () => ['healthy', 'unchecked'].includes((await services()).find(x => x.id === id)?.state), 60000, 'well');
    await sleep(2100); // what ends sooner was no service

    const from = s.events.length;
    await first.kill('SIGKILL');
    const down = await s.next(e => e.type === 'service.changed' && e.data.id === id && e.data.state === 'down', { ms: 60000, from, what: 'down' });
    assert.ok(down.data.reason && down.data.reason.length > 5, JSON.stringify(down.data));
    assert.match(down.data.reason, /SIGKILL|killed|gone|ended|listen|exit/i);
    const told = await s.next(e => e.type === 'feed.added' && e.data.service === id && e.data.severity === 'bad', { ms: 60000, from });
    assert.ok(told.data.text.length > 5);
    const overview = async () => (await admin.get('/api/web/overview')).json;
    await until(async () => (await overview()).attention.some(a => a.service === id), 60000, 'attention');
    assert.equal((await overview()).verdict.severity, 'bad');

    const back = s.events.length;
    const second = await listeningProcess({ port: first.port });
    const up = await s.next(e => e.type === 'service.changed' && e.data.id === id && ['healthy', 'unchecked'].includes(e.data.state), { ms: 60000, from: back, what: 'back' });
    assert.equal(up.data.reason, null);
    await until(async () => !(await overview()).attention.some(a => a.service === id), 60000, 'nothing to attend to');
    await second.kill('SIGKILL');
    await s.close();
});

test('what the stream says and what a page load says is the same', async () => {
    const start = (await admin.get('/api/web/overview')).json;
    const s = await admin.events({ topics: 'state', since: start.event_id });
    const p = await listeningProcess();
    await s.next(e => e.type === 'service.changed' && e.data.ports.includes(p.port), { ms: 60000 });
    await token.post('/api/web/services', { name: 'Mirror', group: 'Mirror' });
    await sleep(2100);
    await p.kill('SIGKILL');
    await s.next(e => e.type === 'service.changed' && e.data.id.endsWith(`:${p.port}`) && e.data.state === 'down', { ms: 60000 });
    await sleep(700);
    const end = (await admin.get('/api/web/overview')).json;
    const plain = list => list.map(({ cpu, memory, latency_ms, ...x }) => x).sort((a, b) => (a.id < b.id ? -1 : 1));
    /** The services of the first page load, and what the stream said of them up to the second. */
    const told = () => {
        const model = new Map(start.services.map(x => [x.id, x]));
        for (const e of s.events) {
            if (sequenceOf(e.id) > sequenceOf(end.event_id)) break;
            if (e.type === 'service.changed') model.set(e.data.id, e.data);
            if (e.type === 'service.removed') model.delete(e.data.id);
        }
        return plain([...model.values()]);
    };
    await until(() => isDeepStrictEqual(told(), plain(end.services)), 60000).catch(() => assert.deepEqual(told(), plain(end.services)));
    await s.close();
});

test('resume by Last-Event-ID: nothing lost, nothing twice, in order', async () => {
    const N = 1000;
    let sent = 0, stop = false;
    const sender = (async () => { while (!stop && sent < N) { await publish('count', sent++); await sleep(1); } })();
    const seen = [];
    let last, streams = 0;
    while (seen.length < N) {
        const s = last === undefined ? await admin.events({ topics: 'custom', since: (await admin.get('/api/events/stats')).json.last_id.replace(/-.*/, '-0') })
            : await (streams % 2 ? admin.events({ topics: 'custom', lastEventId: last }) : admin.events({ topics: 'custom', since: last }));
        streams++;
        await Promise.race([sleep(20 + Math.random() * 120), s.next(e => e.data?.data === N - 1, { ms: 60000 }).catch(() => {})]);
        const ids = s.events.filter(e => e.type === 'count');
        assert.equal(s.of('resync').length, 0);
        seen.push(...ids.map(e => e.data.data));
        last = s.lastEventId ?? last;
        await s.close();
        assert.ok(streams < 2000, 'never ends');
    }
    stop = true;
    await sender;
    assert.ok(streams > 5, `${streams} streams`);
    assert.deepEqual(seen, Array.from({ length: N }, (_, i) => i));
});

test('ids grow, and begin with the epoch of this start', async () => {
    const { epoch } = (await admin.get('/api/events/stats')).json;
    const s = await admin.events();
    await s.next(() => s.events.length > 5, { ms: 60000 });
    const ids = s.events.map(e => e.id);
    for (const [i, id] of ids.entries()) {
        assert.equal(Number(id.split('-')[0]), epoch);
        if (i) assert.ok(sequenceOf(id) > sequenceOf(ids[i - 1]));
    }
    assert.ok(s.retry > 0);
    await s.close();
});

test('an id that is too old, of another start, or from the future gets resync with a snapshot', async () => {
    const { last_id, epoch } = (await admin.get('/api/events/stats')).json;
    const strange = [`${epoch - 1000}-5`, `${epoch}-${sequenceOf(last_id) + 1000000}`, 'rubbish', '1-1', '-', `${epoch}-99999999999999999999999`];
    for (const lastEventId of strange) {
        const s = await admin.events({ lastEventId });
        assert.equal(s.status, 200, lastEventId);
        const first = await s.next(e => e.data !== undefined, { ms: 60000, what: `an answer to ${lastEventId}` });
        assert.equal(first.type, 'resync', lastEventId);
        const { snapshot } = first.data;
        assert.ok(Array.isArray(snapshot.nodes) && Array.isArray(snapshot.services) && snapshot.verdict.sentence);
        assert.ok(first.id, 'a resync can be resumed from');
        await s.close();
    }
});

test('after more than the ring holds, resync; and after it nothing is missed', async () => {
    const before = (await admin.get('/api/events/stats')).json.last_id;
    const big = 'x'.repeat(200 * 1024);
    let kept = true;
    for (let round = 0; kept && round < 60; round++) {
        await Promise.all(Array.from({ length: 8 }, (_, i) => publish('bulk', `${round}.${i} ${big}`)));
        const s = await admin.events({ topics: 'custom', since: before });
        const first = await s.next(e => e.data !== undefined, { ms: 60000 });
        kept = first.type !== 'resync';
        if (!kept) {
            assert.ok(first.data.snapshot.services);
            await publish('after', 1);
            await s.next(e => e.type === 'after', { ms: 60000 });
            for (const e of s.events.slice(1)) assert.ok(sequenceOf(e.id) > sequenceOf(first.id), 'from the snapshot on');
        }
        await s.close();
    }
    assert.ok(!kept, 'the ring has no end');
});

test('two subscribers with different topics get what they asked for', async () => {
    const custom = await admin.events({ topics: 'custom' }), metrics = await admin.events({ topics: `metrics/${node}` });
    const usual = await admin.events(), other = await admin.events({ topics: 'metrics/another' });
    await publish('hello', { from: 'a script', n: [1, 2, { x: null }] });
    const got = await custom.next(e => e.type === 'hello', { ms: 60000 });
    assert.deepEqual(got.data, { type: 'hello', data: { from: 'a script', n: [1, 2, { x: null }] } });
    await usual.next(e => e.type === 'hello', { ms: 60000 });
    await metrics.next(e => e.type === 'node.metrics', { ms: 60000 });
    await metrics.next(e => e.type === 'node.detail', { ms: 60000 });
    await usual.next(e => e.type === 'node.vitals', { ms: 60000 });
    assert.ok(custom.events.every(e => e.type === 'hello'));
    assert.ok(metrics.events.every(e => ['node.metrics', 'node.detail', 'node.processes'].includes(e.type)));
    assert.equal(usual.of('node.metrics').length, 0, 'metrics are for those who ask');
    assert.equal(other.events.length, 0);
    for (const s of [custom, metrics, usual, other]) await s.close();
    const bad = await admin.get('/api/events/cluster?topics=stat');
    assert.equal(bad.status, 400);
    assert.equal(bad.json.field, 'topics');
    assert.match(bad.json.detail, /Did you mean "state"/);
});

test('node.metrics has as many values as the window has columns', async () => {
    const w = (await admin.get(`/api/web/nodes/${node}/window`)).json;
    assert.equal(w.values.length, w.columns.length);
    for (const v of w.values) assert.equal(v.length, w.t.length);
    assert.ok(w.columns.some(c => c.name === 'cpu') && w.columns.some(c => c.name === 'mem.used'));
    const s = await admin.events({ topics: `metrics/${node}` });
    const e = await s.next(x => x.type === 'node.metrics' && x.data.schema === w.schema, { ms: 60000 });
    assert.equal(e.data.v.length, w.columns.length);
    await s.close();
});

test('an event that will not do is refused', async () => {
    for (const [body, status, field] of [
        [{ type: 'x' }, 400, 'data'], [{ data: 1 }, 400, 'type'], [{ type: 'Has Space', data: 1 }, 400, 'type'], [{ type: 'a'.repeat(65), data: 1 }, 400, 'type'],
        [{ type: 'two\nlines', data: 1 }, 400, 'type'], [{ type: 'x', data: 1, id: 5 }, 400, 'id'], [{ type: 'x', data: 'y'.repeat(300 * 1024) }, 413, undefined],
    ]) {
        const a = await token.post('/api/automation/events', body);
        assert.equal(a.status, status, `${JSON.stringify(body).slice(0, 60)} ${a.text}`);
        assert.equal(a.json.field, field);
    }
    const s = await admin.events({ topics: 'custom' });
    const sent = await token.post('/api/automation/events', '{"type":"pretty",\r\n "data":\n\n "id: 1\\nevent: fake\\n\\n" }');
    assert.equal(sent.status, 202);
    const e = await s.next(x => x.type === 'pretty', { ms: 60000 });
    assert.equal(e.data.data, 'id: 1\nevent: fake\n\n', 'line ends in an event make no other event');
    assert.equal(s.events.length, 1);
    await s.close();
});

test('a reader that takes nothing delays nobody, and costs the server no memory', async () => {
    const rss = async () => Number(/^hydra_resident_memory_bytes (\d+)$/m.exec((await token.get('/metrics')).text)[1]);
    const s = await admin.events({ topics: 'custom' });
    /** How long `n` events take to come, the shortest first. */
    const delaysOf = async (type, n) => {
        const delays = [];
        for (let i = 0; i < n; i++) {
            const at = performance.now();
            await publish(type, { i, fill: 'z'.repeat(50000) });
            const e = await s.next(x => x.type === type && x.data.data.i === i);
            delays.push(e.at - at);
        }
        return delays.sort((a, b) => a - b);
    };
    const usual = await delaysOf('alone', 100), stalled = [];
    for (let i = 0; i < 20; i++) {
        const c = net.connect({ port: h.port, host: '127.0.0.1', highWaterMark: 1 });
        c.on('error', () => {});
        c.write(`GET /api/events/cluster?topics=custom HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token.auth.token}\r\n\r\n`);
        c.pause();
        stalled.push(c);
    }
    await until(async () => (await admin.get('/api/events/stats')).json.subscribers >= 21, 60000, 'all attached');
    const before = await rss();
    const delays = await delaysOf('beat', 100); // a busy machine takes its time without them, too
    assert.ok(delays[50] < 50 + 10 * usual[50] && delays[98] < 500 + 10 * usual[98], `p50 ${delays[50].toFixed(1)} ms, p99 ${delays[98].toFixed(1)} ms; without them ${usual[50].toFixed(1)} and ${usual[98].toFixed(1)}`);
    assert.ok((await rss()) - before < 12e6, `${(await rss()) - before} bytes more for 20 × 5 MB not taken`);
    for (const c of stalled) c.destroy();
    await until(async () => (await admin.get('/api/events/stats')).json.subscribers <= 1, 60000, 'stalled ones gone');
    await s.close();
});

test('a restart: the stream says goodbye, the next one resyncs, and what happened meanwhile is shown', async () => {
    const p = await listeningProcess();
    const id = (await until(async () => (await services()).find(x => x.ports.includes(p.port)), 60000, 'the process')).id;
    await sleep(2100);
    const s = await admin.events();
    await s.next(e => e.id, { ms: 60000 });
    await h.stop();
    await s.end();
    assert.ok(s.of('goodbye').length === 1, s.events.map(e => e.type).join());
    await p.kill('SIGKILL');
    await h.start();
    const again = await admin.events({ lastEventId: s.lastEventId });
    const first = await again.next(e => e.data !== undefined, { ms: 60000 });
    assert.equal(first.type, 'resync');
    const told = await until(async () => (await admin.get('/api/web/events')).json.entries.find(e => e.text.includes(`:${p.port} on ${node} ended while Hydra was away`)), 60000, 'the end that nobody saw');
    assert.ok(told);
    assert.ok(!['healthy', 'unchecked'].includes((await services()).find(x => x.id === id)?.state));
    await again.close();
});

test('the past is on the events page after a restart', async () => {
    const before = (await admin.get('/api/web/events?limit=200')).json.entries;
    assert.ok(before.length > 3);
    await sleep(500);
    await h.kill();
    await h.start();
    const now = (await admin.get('/api/web/events?limit=500')).json.entries;
    for (const e of before) assert.ok(now.some(x => x.text === e.text && x.time === e.time), `${e.time} ${e.text}`);
});
