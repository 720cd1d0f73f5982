// Services that people add, edit, hide and remove, over all three APIs, and what their checks find.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readContract } from './lib/contract.mjs';
import { Hydrad, until } from './lib/hydrad.mjs';
import { listeningProcess, page } from './lib/servers.mjs';

const FRONTENDS = ['web', 'cli', 'automation'];
let h, admin, token;

before(async () => {
    h = await Hydrad.start();
    admin = await h.setUp();
    token = await h.token(admin, ['*']);
});
after(() => h?.done());

const serviceOf = async id => (await admin.get(`/api/web/services/${id}`)).json;
const rowOf = async id => (await admin.get('/api/web/services')).json.services.find(s => s.id === id);
const feedOf = async id => (await admin.get(`/api/web/events?service=${encodeURIComponent(id)}`)).json.entries;

for (const frontend of FRONTENDS)
    test(`${frontend}: add, read, edit, hide, show and remove`, async () => {
        const at = `/api/${frontend}/services`, name = `Router (${frontend})`, id = `manual/router-${frontend}`;
        const added = await token.post(at, { name, url: 'http://192.168.1.1/', group: 'Network', icon: 'openwrt', description: 'In the cellar' });
        assert.equal(added.status, 201, added.text);
        assert.equal(added.json.id, id);
        assert.equal(added.json.manual, true);
        const row = await rowOf(id);
        assert.equal(row.state, 'unchecked');
        assert.deepEqual([row.display, row.group, row.url, row.icon, row.manual], [name, 'Network', 'http://192.168.1.1/', 'openwrt', true]);

        const twice = await token.post(at, { name });
        assert.equal(twice.status, 409);
        assert.match(twice.json.detail, /already/);
        assert.equal(twice.json.field, 'name');

        const edited = await token.put(`${at}/${id}`, { group: 'Cellar', description: null });
        assert.equal(edited.status, 200, edited.text);
        assert.deepEqual([edited.json.group, edited.json.description, edited.json.url], ['Cellar', null, 'http://192.168.1.1/']);
        assert.ok(edited.json.changed >= edited.json.created);
        assert.equal((await rowOf(id)).group, 'Cellar');

        assert.equal((await token.put(`${at}/${id}`, { hidden: true })).json.hidden, true);
        assert.equal((await rowOf(id)).hidden, true);
        assert.equal((await token.put(`${at}/${id}`, { hidden: false })).json.hidden, false);

        const detail = await token.get(`${at}/${id}`);
        assert.equal(detail.status, 200);
        assert.equal(detail.json.record.group, 'Cellar');

        assert.equal((await token.delete(`${at}/${id}`)).status, 204);
        assert.equal(await rowOf(id), undefined);
        assert.equal((await token.get(`${at}/${id}`)).status, 404);
        assert.equal((await token.delete(`${at}/${id}`)).status, 404);
        assert.equal((await token.put(`${at}/${id}`, { group: 'x' })).status, 404);
        const back = await token.put(`${at}/${id}`, { name: 'Back', group: 'x' });
        assert.deepEqual([back.status, back.json.id, back.json.manual, back.json.group], [201, id, true, 'x'], 'a removed one comes back under its own id');
        assert.equal((await token.put(`${at}/${id}`, { group: 'y' })).status, 200);
        assert.equal((await token.delete(`${at}/${id}`)).status, 204);
        assert.equal((await token.put(`${at}/manual/Not%20a%20slug`, { name: 'x' })).status, 404);
    });

test('every change of a service stands in the audit log, with who and by which way', async () => {
    const entries = (await admin.get('/api/web/audit?limit=500&action=service.')).json.entries;
    for (const [frontend, via] of [['web', 'web'], ['cli', 'cli'], ['automation', 'api']]) {
        const mine = entries.filter(e => e.target === `manual/router-${frontend}`).map(e => `${e.action} ${e.via} ${e.actor} ${e.outcome}`);
        for (const action of ['service.add', 'service.edit', 'service.hide', 'service.remove'])
            assert.ok(mine.includes(`${action} ${via} ada done`), `${frontend} ${action}: ${mine}`);
    }
});

test('what will not do is refused with the field, and nothing is kept', async () => {
    const bad = [
        [{}, 'name'], [{ name: '' }, 'name'], [{ name: 7 }, 'name'], [{ name: '---' }, 'name'], [{ name: 'x'.repeat(500) }, 'name'], [{ name: 'two\nlines' }, 'name'],
        [{ name: 'a', url: 'javascript:alert(1)' }, 'url'], [{ name: 'a', url: 'http://me:secret@host/' }, 'url'], [{ name: 'a', url: 'ftp://x' }, 'url'],
        [{ name: 'a', icon: '../../etc/passwd' }, 'icon'], [{ name: 'a', group: 'a\tb' }, 'group'], [{ name: 'a', description: 'x'.repeat(100000) }, 'description'],
        [{ name: 'a', nmae: 'b' }, 'nmae'], [{ name: 'a', hidden: 'yes' }, 'hidden'], [{ name: 'a', depends_on: 'b' }, 'depends_on'], [{ name: 'a', depends_on: [1] }, 'depends_on'],
        [{ name: 'a', depends_on: ['manual/a'] }, 'depends_on'], [{ name: 'a', check: 'http' }, 'check'], [{ name: 'a', check: { target: 'h:1' } }, 'kind'], [{ name: 'a', check: { kind: 'smtp', target: 'x' } }, 'kind'],
        [{ name: 'a', check: { kind: 'http' } }, 'target'], [{ name: 'a', check: { kind: 'tcp', target: 'host' } }, 'target'], [{ name: 'a', check: { kind: 'tcp', target: 'host:70000' } }, 'target'],
        [{ name: 'a', check: { kind: 'http', target: 'file:///etc/passwd' } }, 'target'], [{ name: 'a', check: { kind: 'tcp', target: 'h:1', interval_ms: 10 } }, 'interval_ms'],
        [{ name: 'a', check: { kind: 'tcp', target: 'h:1', timeout_ms: 1e9 } }, 'timeout_ms'], [{ name: 'a', check: { kind: 'tcp', target: 'h:1', retries: -1 } }, 'retries'],
        [{ name: 'a', check: { kind: 'tcp', target: 'h:1', retries: 1.5 } }, 'retries'], [{ name: 'a', check: { kind: 'tcp', target: 'h:1', tries: 1 } }, 'check'],
    ];
    for (const frontend of FRONTENDS)
        for (const [body, field] of bad) {
            const a = await token.post(`/api/${frontend}/services`, body);
            const what = `${frontend} ${JSON.stringify(body).slice(0, 80)}: ${a.status} ${a.text}`;
            assert.equal(a.status, 400, what);
            assert.equal(a.json.field, field, what);
        }
    for (const text of ['', '{', '[]', 'null', '{"name":"a"} x', '{"name":"a","name":"b"}', '{"name":"\\ud800"}', '{"name":"a\\u0000b"}', '['.repeat(100000)]) {
        const a = await token.post('/api/web/services', text);
        assert.equal(a.status, 400, `${text.slice(0, 40)}: ${a.status} ${a.text}`);
    }
    assert.equal((await admin.get('/api/web/services')).json.services.filter(s => s.manual).length, 0);
});

test('the limits are those of the contract', async () => {
    const { ServiceInput, CheckInput } = readContract().components.schemas;
    const bound = p => p.maxLength ?? p.maximum;
    const filled = { name: n => 'n'.repeat(n), url: n => `http://h/${'u'.repeat(n - 9)}`, icon: n => 'i'.repeat(n), group: n => 'g'.repeat(n), description: n => 'd'.repeat(n) };
    const inCheck = { target: n => `http://h/${'t'.repeat(n - 9)}`, expect_status: n => '200,'.repeat(n).slice(0, n - 3) + '200', expect_body: n => 'b'.repeat(n), interval_ms: n => n, timeout_ms: n => n, retries: n => n };
    const put = async (key, body) => (await token.post('/api/web/services', body)).status;
    for (const [key, make] of Object.entries(filled)) {
        const max = bound(ServiceInput.properties[key]);
        assert.equal(await put(key, { name: `Limit ${key}`, [key]: make(max) }), 201, `${key} of ${max}`);
        assert.equal(await put(key, { name: `Over ${key}`, [key]: make(max + 1) }), 400, `${key} of ${max + 1}`);
    }
    for (const [key, make] of Object.entries(inCheck)) {
        const max = bound(CheckInput.properties[key]), check = { kind: 'http', target: 'http://h/' };
        assert.equal(await put(key, { name: `Limit ${key}`, check: { ...check, [key]: make(max) } }), 201, `${key} of ${max}`);
        assert.equal(await put(key, { name: `Over ${key}`, check: { ...check, [key]: make(max + 1) } }), 400, `${key} of ${max + 1}`);
    }
    for (const s of (await admin.get('/api/web/services')).json.services.filter(s => s.manual)) assert.equal((await token.delete(`/api/web/services/${s.id}`)).status, 204);
});

test('the same Idempotency-Key and body: done once, answered again', async () => {
    const headers = { 'idempotency-key': 'nas-1' };
    const first = await token.post('/api/automation/services', { name: 'NAS' }, { headers });
    assert.equal(first.status, 201);
    assert.equal(first.headers['idempotency-replayed'], undefined);
    const again = await token.post('/api/automation/services', { name: 'NAS' }, { headers });
    assert.equal(again.status, 201);
    assert.equal(again.text, first.text);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    const other = await token.post('/api/automation/services', { name: 'Other NAS' }, { headers });
    assert.ok([409, 422].includes(other.status), other.text);
    assert.match(other.json.detail, /key/i);
    assert.equal(await rowOf('manual/other-nas'), undefined);
    const put = { 'idempotency-key': 'nas-2' };
    const edit = await token.put('/api/automation/services/manual/nas', { group: 'Storage' }, { headers: put });
    assert.equal(edit.status, 200, edit.text);
    const editAgain = await token.put('/api/automation/services/manual/nas', { group: 'Storage' }, { headers: put });
    assert.equal(editAgain.status, 200, editAgain.text);
    assert.equal(editAgain.text, edit.text);
    const bad = await token.post('/api/automation/services', { name: 'b' }, { headers: { 'idempotency-key': 'x'.repeat(300) } });
    assert.equal(bad.status, 400);
});

test('an Idempotency-Key belongs to its sender', async () => {
    const otto = await h.person(admin, 'otto', 'operator');
    const headers = { 'idempotency-key': 'nas-1' };
    const a = await otto.post('/api/automation/services', { name: 'Otto' }, { headers });
    assert.equal(a.status, 201);
    assert.equal(a.json.id, 'manual/otto');
});

test('ten at once with one Idempotency-Key: one is added, all are told the same', async () => {
    const headers = { 'idempotency-key': 'storm' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => token.post('/api/automation/services', { name: 'Storm' }, { headers })));
    assert.deepEqual(new Set(answers.map(a => a.status)), new Set([201]), answers.map(a => a.text).join('\n'));
    assert.equal(new Set(answers.map(a => a.text)).size, 1);
    const adds = (await admin.get('/api/web/audit?limit=500&action=service.add&text=storm')).json.entries;
    assert.equal(adds.length, 1);
});

test('a published event with an Idempotency-Key is published once', async () => {
    const s = await token.events({ topics: 'custom' });
    const send = (data, key) => token.post('/api/automation/events', { type: 'door', data }, { headers: { 'idempotency-key': key } });
    const first = await send('open', 'd1'), again = await send('open', 'd1');
    assert.equal(first.status, 202);
    assert.equal(again.json.id, first.json.id);
    assert.equal((await send('shut', 'd1')).status, 409);
    await send('shut', 'd2');
    await s.next(e => e.type === 'door' && e.data.data === 'shut');
    assert.deepEqual(s.of('door').map(e => e.data.data), ['open', 'shut']);
    await s.close();
});

test('ten add the same name at once: one is told 201, nine 409', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => token.post(`/api/${FRONTENDS[i % 3]}/services`, { name: 'Race' })));
    assert.deepEqual(answers.map(a => a.status).sort(), [201, ...Array(9).fill(409)]);
});

test('a change is on the streams before its answer has come', async () => {
    const s = await admin.events({ topics: 'state' });
    await token.post('/api/cli/services', { name: 'Seen' });
    await s.next(e => e.type === 'service.changed' && e.data.id === 'manual/seen', { ms: 60000 });
    await token.put('/api/cli/services/manual/seen', { group: 'Light' });
    await s.next(e => e.type === 'service.changed' && e.data.id === 'manual/seen' && e.data.group === 'Light', { ms: 60000 });
    await token.delete('/api/cli/services/manual/seen');
    await s.next(e => e.type === 'service.removed' && e.data.id === 'manual/seen', { ms: 60000 });
    await s.close();
});

test('a discovered service takes overrides, and gives them back when they are removed', async () => {
    const p = await listeningProcess();
    try {
        const row = await until(async () => (await admin.get('/api/web/services')).json.services.find(s => s.ports.includes(p.port)), 60000, 'the process');
        assert.equal(row.manual, false);
        assert.equal(row.overridden, false);
        assert.equal((await token.delete(`/api/web/services/${row.id}`)).status, 404, 'what was discovered is not removed');
        const a = await token.put(`/api/web/services/${row.id}`, { name: 'My server', group: 'Mine', hidden: true });
        assert.equal(a.status, 200, a.text);
        const changed = await rowOf(row.id);
        assert.deepEqual([changed.display, changed.group, changed.hidden, changed.overridden, changed.manual], ['My server', 'Mine', true, true, false]);
        assert.equal((await token.delete(`/api/web/services/${row.id}`)).status, 204);
        const back = await rowOf(row.id);
        assert.deepEqual([back.display, back.group, back.hidden, back.overridden], [row.display, row.group, false, false]);
    } finally {
        await p.kill('SIGKILL');
    }
});

test('an http check: up, down, back, and a page that is not the right one', async () => {
    const web = await page();
    const s = await admin.events({ topics: 'state,feed' });
    const id = 'manual/plex';
    const state = (want, from = 0, ms = 6000) => s.next(e => e.type === 'service.changed' && e.data.id === id && e.data.state === want, { ms, from, what: `state ${want}` });
    try {
        const added = await token.post('/api/web/services', { name: 'Plex', url: `http://127.0.0.1:${web.port}/`, check: { kind: 'http', interval_ms: 1000, timeout_ms: 500, retries: 0, expect_body: 'Plex' } });
        assert.equal(added.status, 201, added.text);
        const up = await state('healthy');
        assert.ok(up.data.latency_ms >= 0);
        assert.equal(up.data.check, 'set');

        let from = s.events.length;
        web.answer = { status: 200, body: 'It works! Apache' };
        const wrong = await state('down', from);
        assert.match(wrong.data.reason, /Plex|expected|body|text/i, wrong.data.reason);

        from = s.events.length;
        web.answer = { status: 200, body: 'Plex again' };
        await state('healthy', from);

        from = s.events.length;
        await web.close();
        const refused = await state('down', from);
        assert.match(refused.data.reason, /refused|listen|connect/i, refused.data.reason);
        const detail = await serviceOf(id);
        assert.equal(detail.checks[0].state, 'down');
        assert.ok(detail.checks[0].last.includes(null));

        from = s.events.length;
        await web.listen();
        await state('healthy', from);
        const told = await until(async () => { const f = await feedOf(id); return f.length >= 4 && f; }, 60000, 'four entries of the feed');
        assert.deepEqual(told.map(e => e.severity).reverse(), ['bad', 'ok', 'bad', 'ok'], told.map(e => e.text).join('; '));
    } finally {
        await s.close();
        await web.close();
    }
});

test('an http check that is answered late or with an error, and a service that comes and goes', async () => {
    const web = await page();
    const id = 'manual/shaky';
    const is = (want, reason = /./) => until(async () => { const r = await rowOf(id); return r.state === want && reason.test(r.reason ?? ' '); }, 60000, `${want} ${reason}`);
    try {
        await token.post('/api/web/services', { name: 'Shaky', check: { kind: 'http', target: `http://127.0.0.1:${web.port}/`, interval_ms: 1000, timeout_ms: 500, retries: 0 } });
        await is('healthy');
        web.answer = { status: 503, body: 'Starting' };
        await is('down', /503/);
        web.answer = { status: 200, body: 'Here' };
        await is('healthy');
        web.answer = { status: 200, body: 'Here', delay: 1500 };
        await is('down', /500 ms|0\.5 s|time|late/i);
        web.answer = { status: 200, body: 'Here' };
        await is('healthy');
        web.answer = { status: 500, body: 'Oops' };
        await is('down', /500/);
        web.answer = { status: 200, body: 'Here' };
        await is('degraded', /comes and goes/);
    } finally {
        await web.close();
    }
});

test('retries: 2 by default, and 0 is 0', async () => {
    // A page each, so that the tries until it counted can be counted.
    const tries = async (name, retries) => {
        const web = await page();
        try {
            const { json } = await token.post('/api/web/services', { name, check: { kind: 'http', target: `http://127.0.0.1:${web.port}/`, interval_ms: 1000, retries } });
            await until(async () => (await rowOf(json.id)).state === 'healthy', 60000, `${name} healthy`);
            web.answer = { status: 500, body: '' };
            const before = web.hits;
            await until(async () => (await rowOf(json.id)).state === 'down', 60000, `${name} down`);
            return { retries: json.check.retries, failed: web.hits - before };
        } finally {
            await web.close();
        }
    };
    const [none, some] = await Promise.all([tries('No retries', 0), tries('Some retries', undefined)]);
    assert.equal(none.retries, 0);
    assert.ok(none.failed <= 2, `${none.failed} tries before it counted`);
    assert.equal(some.retries, 2);
    assert.ok(some.failed >= 3, `only ${some.failed} tries before it counted`);
});

test('what is read of a record can be written back', async () => {
    const { json } = await token.post('/api/web/services', { name: 'Round', url: 'http://127.0.0.1:1/', check: { kind: 'http', retries: 0 }, depends_on: ['manual/nas'] });
    const { record } = await serviceOf(json.id);
    assert.deepEqual(record, json);
    const { id, manual, created, changed, ...input } = record;
    const back = await token.put(`/api/web/services/${id}`, input);
    assert.equal(back.status, 200, back.text);
    assert.deepEqual({ ...back.json, changed }, record);
    await token.delete(`/api/web/services/${id}`);
});

test('401 of a page that asks for a password is alive for those who say so', async () => {
    const web = await page();
    web.answer = { status: 401, body: 'Who are you?' };
    const add = (name, expect_status) => token.post('/api/web/services', { name, check: { kind: 'http', target: `http://127.0.0.1:${web.port}/`, interval_ms: 1000, retries: 0, expect_status } });
    try {
        await add('Locked', '200-299, 401');
        await add('Must be open');
        await until(async () => (await rowOf('manual/locked')).state === 'healthy', 60000, 'locked healthy');
        await until(async () => (await rowOf('manual/must-be-open')).state === 'down', 60000, 'open down');
        assert.match((await rowOf('manual/must-be-open')).reason, /401/);
    } finally {
        await web.close();
    }
});

test('a tcp check, and check-now that does not wait for the interval', async () => {
    const p = await listeningProcess();
    const id = 'manual/database';
    await token.post('/api/web/services', { name: 'Database', check: { kind: 'tcp', target: `127.0.0.1:${p.port}`, interval_ms: 3600000, retries: 0 } });
    await until(async () => (await rowOf(id)).state === 'healthy', 60000, 'healthy');
    await p.kill('SIGKILL');
    const check = await token.post(`/api/web/services-check/${id}`);
    assert.equal(check.status, 202, check.text);
    await until(async () => (await rowOf(id)).state === 'down', 60000, 'down');
    assert.equal((await token.post('/api/web/services-check/manual/none')).status, 404);
    const none = await token.post('/api/web/services', { name: 'No check', check: { kind: 'none' } });
    assert.equal((await token.post(`/api/web/services-check/${none.json.id}`)).status, 404);
});

test('what it depends on must exist when it is said; what has gone since may stay', async () => {
    const wrong = await admin.post('/api/web/services', { name: 'Leaning', depends_on: ['manual/nope'] });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.json.field, 'depends_on');
    assert.match(wrong.json.detail, /no service with the id manual\/nope/);
    assert.equal((await admin.post('/api/web/services', { name: 'Pillar' })).status, 201);
    assert.equal((await admin.post('/api/web/services', { name: 'Leaning', depends_on: ['manual/pillar'] })).status, 201);
    assert.equal((await admin.delete('/api/web/services/manual/pillar')).status, 204);
    assert.equal((await admin.put('/api/web/services/manual/leaning', { description: 'still', depends_on: ['manual/pillar'] })).status, 200);
    assert.equal((await admin.put('/api/web/services/manual/leaning', { depends_on: ['manual/pillar', 'manual/nope'] })).status, 400);
    assert.equal((await admin.delete('/api/web/services/manual/leaning')).status, 204);
});

test('down because of what it depends on: said so, and not counted twice', async () => {
    const web = await page();
    const target = `http://127.0.0.1:${web.port}/`;
    const check = { kind: 'http', target, interval_ms: 1000, retries: 0 };
    await token.post('/api/web/services', { name: 'Base', check });
    await token.post('/api/web/services', { name: 'On top', check, depends_on: ['manual/base'] });
    for (const id of ['manual/base', 'manual/on-top']) await until(async () => (await rowOf(id)).state === 'healthy', 60000, id);
    await web.close();
    for (const id of ['manual/base', 'manual/on-top']) await until(async () => (await rowOf(id)).state === 'down', 60000, id);
    const base = await until(async () => { const r = await rowOf('manual/base'); return r.problems === 1 && r; }, 60000, 'base is a problem');
    const top = await until(async () => { const r = await rowOf('manual/on-top'); return r.caused_by && r; }, 60000, 'a cause');
    assert.equal(base.caused_by, null);
    assert.equal(top.caused_by, 'manual/base');
    assert.equal(top.problems, 0);
    const attention = await until(async () => {
        const list = (await admin.get('/api/web/overview')).json.attention;
        return list.find(a => a.service === 'manual/base')?.breaks.includes('manual/on-top') && list;
    }, 60000, 'what it breaks');
    assert.ok(!attention.some(a => a.service === 'manual/on-top'));
});

test('everything is kept over kill -9 and restart', async () => {
    const wanted = (await admin.get('/api/web/services')).json.services.filter(s => s.manual).map(s => [s.id, s.display, s.group, s.hidden, s.check]);
    assert.ok(wanted.length >= 8);
    await h.kill();
    await h.start();
    const got = (await admin.get('/api/web/services')).json.services.filter(s => s.manual).map(s => [s.id, s.display, s.group, s.hidden, s.check]);
    assert.deepEqual(got.sort(), wanted.sort());
    const nas = await token.post('/api/automation/services', { name: 'NAS' }, { headers: { 'idempotency-key': 'nas-1' } });
    assert.equal(nas.headers['idempotency-replayed'], 'true', 'keys are kept, too');
});
