// The wall clock jumps: what is measured in durations goes on, ids grow, nobody is signed out, nothing is called down.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, scratchFolder, until } from './lib/hydrad.mjs';

const sequenceOf = id => Number(id.split('-')[1]);
const HOUR = 3600 * 1000;
const folder = scratchFolder(), offset = path.join(folder, 'offset');
const shift = seconds => fs.writeFileSync(offset, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s\n`);

let h, admin, token;
before(async () => {
    shift(0);
    h = await Hydrad.start({ env: {
        LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
        FAKETIME_TIMESTAMP_FILE: offset, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1',
    } });
    admin = await h.setUp();
    token = await h.token(admin, ['services:read', 'events:read', 'events:write', 'nodes:read'], { expires_in: '90d' });
});
after(async () => {
    await h?.done();
    fs.rmSync(folder, { recursive: true, force: true });
});

const overview = async () => (await admin.get('/api/web/overview')).json;
const ahead = async () => Date.parse((await overview()).now) - Date.now();

/** The clock moves; hydrad has noticed once what it says of now has moved. */
async function step(seconds) {
    shift(seconds);
    await until(async () => Math.abs(await ahead() - seconds * 1000) < HOUR / 4, 60000, 'the new time');
}

async function allIsWell(stream) {
    const from = stream.events.length;
    const published = await token.post('/api/automation/events', { type: 'beat', data: {} });
    assert.ok(published.status < 300, published.text);
    await stream.next(e => e.type === 'beat', { from, ms: 60000, what: 'the event' });
    const vitals = stream.events.length;
    await stream.next(e => e.type === 'node.vitals', { from: vitals, ms: 60000, what: 'numbers after the step' });
    const numbers = stream.events.map(e => sequenceOf(e.id));
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), 'ids grow');
    const o = await overview();
    assert.equal(o.nodes[0].state, 'online');
    assert.ok(!o.attention.some(a => a.service === 'manual/self'), JSON.stringify(o.attention));
    assert.doesNotMatch(JSON.stringify([o.verdict, o.attention]), /-\d+ (s|min|h|d)\b/, 'no negative time');
}

test('an hour back, an hour forth: the stream goes on, checks go on, people stay signed in', async () => {
    const added = await admin.post('/api/web/services', { name: 'self', url: h.base, check: { kind: 'http', target: `${h.base}/healthz`, interval_ms: 1000, retries: 0 } });
    assert.equal(added.status, 201, added.text);
    const check = async () => (await admin.get('/api/web/services/manual/self')).json;
    await until(async () => (await check()).state === 'healthy', 60000, 'a first check');
    const stream = await admin.events({ topics: 'state,feed,vitals,custom' });
    for (const seconds of [-3600, 0, 3600, 0]) {
        await step(seconds);
        await allIsWell(stream);
        const s = await check();
        assert.equal(s.state, 'healthy', s.reason);
        assert.ok(s.history.every(x => !x.to || Date.parse(x.to) >= Date.parse(x.from)), JSON.stringify(s.history));
    }
    await stream.close();
    assert.ok(await h.signIn('ada', 'no such password').catch(e => /40[13]/.test(e.message)), 'a wrong password is still wrong');
});

test('what happened before and after a step stands in the order in which it happened', async () => {
    const told = async () => (await admin.get('/api/web/events')).json.entries.filter(e => /^step \d is down/.test(e.text)).map(e => Number(e.text[5]));
    for (const [i, seconds] of [0, -3600, 0].entries()) {
        await step(seconds);
        const check = { kind: 'tcp', target: '127.0.0.1:1', interval_ms: 1000, retries: 0 };
        assert.equal((await admin.post('/api/web/services', { name: `step ${i}`, check })).status, 201);
        await until(async () => (await told()).includes(i), 60000, `step ${i} in the feed`);
    }
    assert.deepEqual(await told(), [2, 1, 0]);
    const audit = await h.verb(['audit', 'verify']);
    assert.equal(audit.code, 0, audit.out + audit.err);
});

test('a start before its own last sign: everything is there, old ids get a snapshot', async () => {
    await step(0);
    const stream = await admin.events({ topics: 'state' });
    await until(() => stream.lastEventId, 60000, 'an id');
    const last = stream.lastEventId;
    await h.kill();
    shift(-3600);
    await h.start();
    assert.equal((await admin.get('/api/web/session')).status, 200, 'the session holds');
    const o = await overview();
    assert.ok(o.services.some(s => s.id === 'manual/self'));
    const again = await admin.events({ topics: 'state', lastEventId: last });
    await again.next(e => e.type === 'resync', { ms: 60000, what: 'resync' });
    await until(async () => (await overview()).services.find(s => s.id === 'manual/self').state === 'healthy', 60000, 'checked again');
    await again.close();
});
