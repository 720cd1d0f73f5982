// A node that is away while hydrad is killed and started: shown as it was, its services unknown, and taken over without a double or a
// false event when it is back. The real agent, containers, both ways out of hydrad, backup and older databases.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from './lib/engine.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, sleep, until } from './lib/hydrad.mjs';
import { enrol, freePort } from './lib/machine.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const hydra = process.env.HYDRA ?? path.join(root, 'build/hydra');
const LONG = 120000;
const dir = scratchFolder(), state = path.join(dir, 'agent');
let h, admin, cli, engine, agent;

before(async () => {
    engine = Engine.start();
    for (const name of ['plex', 'redis', 'gone']) await engine.run(name, 'exec sleep 100000', { StopTimeout: 0, Labels: { 'api.token': 'hunter22' } });
    await engine.run('broken', 'exit 3');
    h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
    cli = (await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] })).json.secret;
    assert.equal((await run(program, ['enroll', '-', '--state', state], { input: (await h.verb(['node', 'add', 'tower'])).out })).code, 0);
    start();
});
after(async () => {
    agent?.kill('SIGKILL');
    await h?.done();
    engine?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
});

function start() {
    agent = spawn(program, ['--state', state, '--docker', `unix://${engine.socket}`], { env: plainEnvironment(), stdio: 'ignore' });
    agent.exited = new Promise(r => agent.on('exit', r));
}

async function kill() {
    agent.kill('SIGKILL');
    await agent.exited;
}

const ids = ['broken', 'gone', 'plex', 'redis'].map(n => `tower/docker/${n}`);
const get = async where => (await admin.get(where)).json;
const node = async () => (await get('/api/web/nodes')).nodes.find(n => n.id === 'tower');
const containers = async () => (await get('/api/web/services')).services.filter(s => s.id.startsWith('tower/docker/')).sort((a, b) => (a.id < b.id ? -1 : 1));
const states = async () => Object.fromEntries((await containers()).map(s => [s.id.split('/')[2], s.state]));
const is = wanted => until(async () => JSON.stringify(await states()) === JSON.stringify(wanted), LONG, JSON.stringify(wanted)).catch(async e => assert.fail(`${e.message}; it is ${JSON.stringify(await states())}`));
const entries = async () => (await get('/api/web/events?limit=200')).entries;
let marks = 0;
/** What has been said of tower. Entries are written a moment later, in their order: once a later one is there, they are. */
async function settled() {
    const node = `mark-${++marks}`;
    await sleep(1000); // for what must not be said
    assert.ok((await enrol((await admin.post('/api/web/enrolments', { node })).json.token)).certificate);
    assert.equal((await admin.delete(`/api/web/nodes/${node}`)).status, 204);
    const all = await until(async () => { const l = await entries(); return l.some(e => e.text === `${node} was removed`) && l; }, LONG, 'a later entry');
    return all.filter(e => e.node === 'tower' || e.service?.startsWith('tower/')).map(e => e.text);
}
const sql = text => execFileSync('sqlite3', ['-cmd', '.timeout 60000', path.join(h.dir, 'hydra.db'), `PRAGMA foreign_keys = ON; ${text}`], { encoding: 'utf8' }).trim();
const kept = () => Number(sql('SELECT count(*) FROM node_told'));
const ask = (...words) => run(hydra, words, { env: { HYDRA_URL: h.base, HYDRA_TOKEN: cli, HOME: dir } });
const well = { broken: 'down', gone: 'unchecked', plex: 'unchecked', redis: 'unchecked' };
const unknown = { broken: 'unknown', gone: 'unknown', plex: 'unknown', redis: 'unknown' };

test('what it told is kept soon, without secrets', async () => {
    await is(well);
    await until(() => kept() === 1, LONG, 'its row');
    assert.ok(Number(sql('SELECT length(reports) FROM node_told')) < 200000);
});

test('hydrad killed under a node that is there: nothing happened', async () => {
    const before = await settled();
    await h.kill();
    await h.start();
    assert.deepEqual((await containers()).map(s => s.id), ids); // from the first answer on
    await until(async () => (await node()).state === 'online', LONG, 'the link');
    await is(well);
    await until(async () => (await get('/api/web/services/tower/docker/plex')).run_text !== '', LONG, 'its own words');
    assert.deepEqual(await settled(), before);
});

test('hydrad killed while the node is away: it is away still, with all that is known of it', async () => {
    await kill();
    await until(async () => (await node()).state === 'away', LONG, 'its absence');
    const before = await get('/api/web/nodes/tower');
    assert.ok(before.facts && before.filesystems.length && before.sources.length && before.services_list.length);
    const seen = (await node()).seen, told = await settled();
    assert.equal(told.filter(t => t === 'tower has not been heard from').length, 1);
    await until(() => sql('SELECT away FROM node_told') === '1', LONG, 'its row');
    await h.kill();
    await h.start();
    const n = await get('/api/web/nodes/tower');
    assert.equal(n.state, 'away');
    assert.equal(n.severity, 'bad');
    assert.equal(n.seen, seen);
    assert.deepEqual(n.facts, before.facts);
    assert.deepEqual(n.filesystems.map(f => f.mount), before.filesystems.map(f => f.mount));
    assert.deepEqual(n.disks.map(d => [d.name, d.size]), before.disks.map(d => [d.name, d.size]));
    assert.equal(n.vitals, null);
    assert.deepEqual(n.sources.map(s => s.name).sort(), before.sources.map(s => s.name).sort());
    assert.deepEqual(n.services_list.sort(), before.services_list.sort());
    for (const s of await containers()) assert.deepEqual([s.state, s.reason, s.since], ['unknown', 'its node has not been heard from', seen], s.id);
    const plex = await get('/api/web/services/tower/docker/plex');
    assert.equal(plex.run, 'running');
    assert.match(plex.image, /hydra-test/);
    assert.ok(!JSON.stringify(plex).includes('hunter22'));
    // What this machine's own agent watches is known a moment after the start.
    const { verdict } = await until(async () => { const o = await get('/api/web/overview'); return o.verdict.counts.unknown === n.services_list.length && o; }, LONG, 'only its services unknown');
    const { counts } = verdict;
    assert.equal(counts.down, 0);
    assert.match(verdict.sentence, new RegExp(`^tower has not been heard from for .*: ${counts.unknown} services are unknown$`));
    assert.deepEqual(await settled(), told);
    assert.ok((await get('/api/web/nodes/tower/processes')).rows.length);
});

test('the command line says so', async () => {
    const nodes = await ask('nodes');
    assert.match(nodes.out, /SEEN/);
    assert.match(nodes.out, /^tower +away /m);
    const services = await ask('services');
    assert.match(services.out, /^tower\/docker\/plex +unknown .*its node has not been heard from/m);
    const status = await ask('status');
    assert.equal(status.code, 1);
    assert.match(status.out, /tower has not been heard from/);
});

test('killed once more: the same', async () => {
    const seen = (await node()).seen, told = await settled();
    await h.kill();
    await h.start();
    assert.equal((await node()).seen, seen);
    await is(unknown);
    assert.deepEqual(await settled(), told);
});

test('it comes back: no doubles, and news are what happened', async () => {
    const told = await settled();
    await engine.call('POST', '/containers/redis/stop?t=0');
    await engine.call('DELETE', '/containers/gone?force=1');
    start();
    await is({ broken: 'down', plex: 'unchecked', redis: 'stopped' });
    const news = (await settled()).slice(0, -told.length || undefined);
    assert.equal(news.filter(t => t === 'tower is back').length, 1, news);
    assert.equal(news.filter(t => /^gone on tower was removed while/.test(t)).length, 1, news);
    assert.ok(!news.some(t => /plex|broken|was added/.test(t)), news);
    assert.deepEqual([...new Set(await containers().then(l => l.map(s => s.id)))].length, 3);
});

test('a graceful end keeps the latest, and a backup takes it along', async () => {
    const file = path.join(dir, 'backup.db');
    await h.stop();
    await kill();
    assert.equal((await h.verb(['backup', file])).code, 0);
    sql('DELETE FROM node_told');
    assert.equal((await h.verb(['restore', file])).code, 0);
    await h.start();
    assert.equal((await node()).state, 'late', h.err); // it was there a moment ago
    await is({ broken: 'unknown', plex: 'unknown', redis: 'unknown' });
});

test('what another version wrote is passed over; a database from before has none', async () => {
    for (const change of ['UPDATE node_told SET version = 99', 'ALTER TABLE jobs DROP COLUMN by_user; ALTER TABLE jobs DROP COLUMN by_token; DROP TABLE node_told; DROP TABLE bmcs; DELETE FROM schema_migrations WHERE version >= 5']) {
        await h.kill();
        sql(change);
        await h.start();
        const n = await node();
        assert.equal(n.os, '');
        assert.deepEqual(await containers(), []);
    }
    start();
    await is({ broken: 'down', plex: 'unchecked', redis: 'stopped' });
    await until(() => kept() === 1, LONG, 'its row');
});

test('a node that is removed takes it along', async () => {
    assert.equal((await admin.delete('/api/web/nodes/tower')).status, 204);
    assert.equal(kept(), 0);
    await h.restart();
    assert.equal(kept(), 0);
    assert.equal(await node(), undefined);
});
