// The health history and the day's uptime outlive a crash; the time in which nobody watched stays empty.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, run, until } from './lib/hydrad.mjs';
import { page } from './lib/servers.mjs';

const ID = 'manual/door';
let h, admin, door;

before(async () => {
    h = await Hydrad.start();
    admin = await h.setUp();
    door = await page();
});
after(async () => {
    await door?.close();
    await h?.done();
});

const service = async () => (await admin.get(`/api/web/services/${ID}`)).json;
const reach = (state, what) => until(async () => { const s = await service(); return s.state === state && s; }, 30000, what);
const plain = s => ({ from: s.from, state: s.state, reason: s.reason });
const rows = async sql => (await run('sqlite3', ['-readonly', '-cmd', '.timeout 5000', path.join(h.dir, 'hydra.db'), sql])).out.trim();

async function crash() {
    await h.kill();
    admin.close();
    const down = Date.now();
    await h.start();
    admin = h.client(admin.auth);
    return down;
}

test('after kill -9 history and uptime are as before, and the gap is a gap', { timeout: 120000 }, async () => {
    const check = { kind: 'http', target: `http://127.0.0.1:${door.port}/`, interval_ms: 1000, timeout_ms: 2000, retries: 0 };
    assert.equal((await admin.post('/api/web/services', { name: 'Door', check })).status, 201);
    await reach('healthy', 'the first answer');
    door.answer = { status: 500, body: 'broken' };
    const ill = await until(async () => { const s = await service(); return ['down', 'degraded'].includes(s.state) && s; }, 60000, 'a failure');
    assert.ok(ill.reason);
    door.answer = { status: 200, body: 'well' };
    const before = await reach('healthy', 'well again');
    const written = () => rows(`SELECT count(*) FROM service_history WHERE service = '${ID}'`);
    await until(async () => Number(await written()) === before.history.length, 60000, 'all of it in the database');

    const killed = await crash();
    const after1 = await reach('healthy', 'well after the crash');
    assert.deepEqual(after1.history.slice(0, before.history.length).map(plain), before.history.map(plain));
    for (let i = 0; i + 1 < before.history.length; i++) assert.equal(after1.history[i].to, before.history[i].to, 'what had ended');
    const last = after1.history[before.history.length - 1], next = after1.history[before.history.length];
    assert.ok(Date.parse(last.to) <= killed, `it was seen until ${last.to}, and hydrad died by ${new Date(killed).toISOString()}`);
    assert.ok(Date.parse(next.from) >= killed, `it was seen again from ${next.from} on`);
    assert.ok(last.to < next.from, 'nobody watched in between');
    assert.equal(after1.since, before.since, 'since when it is well was not forgotten');

    const count = after1.history.length;
    await until(async () => Number(await rows(`SELECT count(*) FROM service_history WHERE service = '${ID}' AND state <> 'unwatched'`)) === count, 60000, 'the second life in the database');
    await crash();
    const after2 = await reach('healthy', 'well after the second crash');
    assert.deepEqual(after2.history.slice(0, count).map(plain), after1.history.map(plain));
    assert.equal(after2.history[before.history.length - 1].to, last.to, 'the first gap');
});

test('uptime counts only what was watched', { timeout: 60000 }, async () => {
    await h.stop();
    const minutes = n => Date.now() - n * 60000;
    const rowsOfADay = [[minutes(3000), 'healthy'], [minutes(120), 'down'], [minutes(90), 'unwatched'], [minutes(60), 'healthy'], [minutes(30), 'unwatched']];
    const values = rowsOfADay.map(([t, s]) => `('${ID}', ${t}, '${s}')`).join(', ');
    const db = await run('sqlite3', [path.join(h.dir, 'hydra.db'), `DELETE FROM service_history; INSERT INTO service_history (service, from_ms, state) VALUES ${values}`]);
    assert.equal(db.code, 0, db.err);
    admin.close();
    await h.start();
    admin = h.client(admin.auth);
    const s = await reach('healthy', 'well');
    const up = 1440 - 120 + 30, known = up + 30;
    assert.ok(Math.abs(s.uptime.hours24 - 100 * up / known) < 0.2, `${s.uptime.hours24} %, expected ${100 * up / known} %`);
});

test('one that was removed and added again has no past, after a crash neither', { timeout: 60000 }, async () => {
    assert.equal((await admin.delete(`/api/web/services/${ID}`)).status, 204);
    assert.equal((await admin.post('/api/web/services', { name: 'Door' })).status, 201);
    const added = await service();
    await until(async () => await rows(`SELECT state FROM service_history WHERE service = '${ID}'`) === 'unchecked', 60000, 'only the new one in the database');
    await crash();
    const s = await service();
    assert.equal(s.history[0].from, added.history[0].from);
});
