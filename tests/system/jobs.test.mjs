// Jobs on a real Docker engine: by API, command line and stream; refusals, guard rails, kill -9 in the middle.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Hydrad, root, run, scratchFolder, until } from './lib/hydrad.mjs';

const script = path.join(root, 'tests/system/start-docker'), exec = promisify(execFile);
const dir = scratchFolder(), binary = path.join(root, 'build/hydra');
let socketPath, h, admin, operator, viewer, env;

/** The engine itself: {status, json}. */
function engine(method, at, body) {
    return new Promise((resolve, reject) => {
        const text = body && JSON.stringify(body);
        const r = http.request({ socketPath, method, path: `/v1.41${at}`, headers: text ? { 'content-type': 'application/json' } : {} }, a => {
            let all = '';
            a.on('data', d => { all += d; });
            a.on('end', () => resolve({ status: a.statusCode, json: all ? JSON.parse(all) : null }));
        });
        r.on('error', reject);
        r.end(text);
    });
}
async function container(name, more = {}) {
    const made = await engine('POST', `/containers/create?name=${name}`, { Image: 'hydra-test:1', Cmd: ['sleep', '1000'], StopTimeout: 0, HostConfig: { NetworkMode: 'none' }, ...more });
    assert.equal(made.status, 201, JSON.stringify(made.json));
    assert.equal((await engine('POST', `/containers/${made.json.Id}/start`)).status, 204);
}
const inspect = async name => (await engine('GET', `/containers/${name}/json`)).json;
const started = async name => (await inspect(name)).State.StartedAt;

const id = name => `tower/docker/${name}`;
const seen = name => until(async () => (await admin.get(`/api/web/services/${id(name)}`)).status === 200, 60000, name);
const order = (body, client = admin) => client.post('/api/web/jobs', body);
const job = async (which, client = admin) => (await client.get(`/api/web/jobs/${which}`)).json;
const end = which => until(async () => { const j = await job(which); return !['waiting', 'running'].includes(j.state) && j; }, 60000, `the end of ${which}`);
const hydra = (args, more = {}) => run(binary, args, { env: { ...env, ...more }, timeout: 60000 });
const audit = async action => (await admin.get(`/api/web/audit?action=${action}`)).json.entries;

before(async () => {
    ({ stdout: socketPath } = await exec(script, [path.join(dir, 'docker')]));
    socketPath = socketPath.trim();
    for (const name of ['plex', 'redis', 'slow']) await container(name, name === 'slow' ? { Cmd: ['sh', '-c', "trap '' TERM; while :; do sleep 1; done"], StopTimeout: 4 } : {});
    h = await Hydrad.start({ args: ['--node', 'tower', '--docker', `unix://${socketPath}`] });
    admin = await h.setUp();
    operator = await h.person(admin, 'oscar', 'operator');
    viewer = await h.person(admin, 'vera', 'viewer');
    const token = await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] });
    env = { HYDRA_URL: h.base, HYDRA_TOKEN: token.json.secret, HOME: dir };
    for (const name of ['plex', 'redis', 'slow']) await seen(name);
});
after(async () => {
    await h?.done();
    await exec(script, ['--stop', path.join(dir, 'docker')]).catch(() => {});
    fs.rmSync(dir, { recursive: true, force: true });
});

test('a container is restarted, and everybody who listens hears of it', async () => {
    const stream = await admin.events({ topics: 'jobs' }), before = await started('plex');
    const a = await order({ verb: 'container.restart', service: id('plex') });
    assert.equal(a.status, 202, a.text);
    assert.equal(a.json.title, 'Restart plex on tower');
    const j = await end(a.json.id);
    assert.equal(j.state, 'done', j.text);
    assert.ok(j.text && j.started && j.ended);
    assert.notEqual(await started('plex'), before);
    await stream.next(e => e.type === 'job.changed' && e.data.id === j.id && e.data.state === 'done');
    await stream.close();
    const ended = await until(async () => (await audit('job.end'))[0], 60000, 'the entry of its end'), begun = (await audit('job.begin'))[0];
    assert.deepEqual([begun.actor, begun.target, begun.outcome], ['ada', id('plex'), 'done']);
    assert.deepEqual([ended.actor, ended.target, ended.outcome], ['ada', id('plex'), 'done']);
    const list = (await viewer.get(`/api/web/jobs?service=${id('plex')}`)).json;
    assert.equal(list.jobs[0].id, j.id);
});

test('what can be done depends on kind, state and role', async () => {
    const verbs = async client => (await client.get(`/api/web/actions/${id('plex')}`)).json.actions.map(a => a.verb);
    assert.deepEqual(await verbs(viewer), []);
    assert.ok((await verbs(operator)).includes('container.restart'));
    assert.ok(!(await verbs(operator)).includes('container.update'));
    assert.ok((await verbs(admin)).includes('container.update'));
    const update = (await admin.get(`/api/web/actions/${id('plex')}`)).json.actions.find(a => a.verb === 'container.update');
    assert.equal(update.allowed, false);
    assert.match(update.why, /policy of this node does not allow container.update/);
    const reboot = (await admin.get('/api/web/actions/tower')).json.actions[0];
    assert.deepEqual([reboot.verb, reboot.danger, reboot.permission], ['machine.reboot', true, 'node:reboot']);
    assert.equal((await admin.get('/api/web/actions/nothing')).status, 404);
});

test('who may not is refused, and the permission named', async () => {
    const a = await order({ verb: 'container.restart', service: id('plex') }, viewer);
    assert.deepEqual([a.status, a.json.permission], [403, 'service:restart']);
    assert.equal((await order({ verb: 'container.remove', service: id('plex') }, operator)).json.permission, 'service:update');
    assert.equal((await order({ verb: 'machine.reboot', node: 'tower' }, operator)).json.permission, 'node:reboot');
    assert.equal((await order({ verb: 'container.restart', service: id('plex'), force: true }, operator)).json.permission, 'settings:write');
});

test('limits to a label: what lies outside is seen, but neither touched nor read', async () => {
    await container('green', { Labels: { team: 'green' } });
    await seen('green');
    const user = await h.person(admin, 'gina', 'operator');
    assert.equal((await admin.patch(`/api/web/users/${user.id}`, { limits: ' label:team=gre* ' })).json.limits, 'label:team=gre*');
    const gina = await h.signIn('gina', user.password);
    assert.equal((await gina.get('/api/web/session')).json.limits, 'label:team=gre*');
    const offered = async name => (await gina.get(`/api/web/actions/${id(name)}`)).json.actions.map(a => a.verb);
    assert.deepEqual(await offered('plex'), []);
    assert.ok((await offered('green')).includes('container.restart'));
    const refused = await order({ verb: 'restart', service: id('plex') }, gina);
    assert.equal(refused.status, 403, refused.text);
    assert.match(refused.json.detail, /service:restart only where your limits fit \(label:team=gre\*\): tower\/docker\/plex is outside/);
    assert.equal((await order({ verb: 'restart', services: [id('green'), id('plex')] }, gina)).status, 403);
    const done = await order({ verb: 'restart', service: id('green') }, gina);
    assert.equal(done.status, 202, done.text);
    assert.equal((await end(done.json.id)).state, 'done');
    assert.equal((await gina.get(`/api/web/logs?service=${id('green')}`)).status, 200);
    const unread = await gina.get(`/api/web/logs?service=${id('plex')}`);
    assert.equal(unread.status, 403, unread.text);
    assert.match(unread.json.detail, /logs:read only where your limits fit: label:team=gre\*/);
    assert.equal((await gina.get('/api/web/logs?node=tower')).status, 403);
    assert.equal((await gina.get('/api/web/nodes/tower/processes')).status, 403);
    assert.deepEqual((await gina.get('/api/web/logs/sources')).json.sources.map(s => s.name), ['green']);
    const entry = (await audit('job.begin')).find(e => e.actor === 'gina' && e.outcome === 'refused' && e.target === id('plex'));
    assert.equal(entry.detail.verb, 'restart');
});

test('the same key orders once', async () => {
    const headers = { 'idempotency-key': `nightly-${Date.now()}` }, body = { verb: 'container.restart', service: id('redis') };
    const first = await admin.post('/api/automation/jobs', body, { headers });
    assert.equal(first.status, 202, first.text);
    await end(first.json.id);
    const at = await started('redis'), second = await admin.post('/api/automation/jobs', body, { headers });
    assert.equal(second.json.id, first.json.id);
    assert.equal(second.headers['idempotency-replayed'], 'true');
    assert.equal(await started('redis'), at);
});

test('several one after another; the first failure ends them', async () => {
    const both = await order({ verb: 'restart', services: [id('plex'), id('redis')] });
    const done = await end(both.json.id);
    assert.deepEqual([done.state, done.text], ['done', 'All 2 done.']);
    await engine('POST', '/containers/redis/stop');
    const bad = await order({ verb: 'pause', services: [id('redis'), id('plex')] }); // what is off can't be paused
    const failed = await end(bad.json.id);
    assert.equal(failed.state, 'failed');
    assert.equal((await job(failed.children[1])).state, 'cancelled');
    assert.equal((await inspect('plex')).State.Paused, false);
    await engine('POST', '/containers/redis/start');
});

test('several wait: whose rights are taken meanwhile begins no further one', async () => {
    const user = await h.person(admin, 'rita', 'operator'), rita = await h.signIn('rita', user.password);
    const key = await rita.post('/api/web/tokens', { name: 'nightly', scopes: ['services:read', 'service:restart'] });
    assert.equal(key.status, 201, key.text);
    const nightly = h.client({ token: key.json.secret });
    for (const [client, take, why] of [
        [nightly, () => rita.delete(`/api/web/tokens/${key.json.token.id}`), /API token with which rita ordered it does not count any more/],
        [rita, () => admin.patch(`/api/web/users/${user.id}`, { role: 'viewer' }), /rita may no longer restart plex on tower/]]) {
        const before = await started('plex'), both = await order({ verb: 'restart', services: [id('slow'), id('plex')] }, client);
        assert.equal(both.status, 202, both.text);
        const taken = await take();
        assert.ok([200, 204].includes(taken.status), taken.text);
        const over = await end(both.json.id), [first, second] = await Promise.all(over.children.map(c => job(c)));
        assert.deepEqual([over.state, first.state, second.state], ['failed', 'done', 'refused'], over.text); // what ran went on
        assert.match(second.text, why);
        assert.equal(await started('plex'), before);
        const told = await until(async () => (await audit('job.end')).find(e => e.detail?.job === second.id), 30000, 'the audit entry'); // written behind what is shown
        assert.deepEqual([told.actor, told.outcome], ['rita', 'refused']);
        assert.match(told.detail.text, why);
    }
});

test('guard rails hold for web and command line, until somebody insists', async () => {
    assert.equal((await operator.put('/api/web/guard', { rules: [] })).status, 403);
    const set = await admin.put('/api/web/guard', { rules: [{ services: ['*/docker/plex'] }] });
    assert.equal(set.status, 200, set.text);
    const a = await order({ verb: 'container.restart', service: id('plex') });
    assert.equal(a.status, 409);
    assert.equal(a.json.type, 'https://hydra.local/problems/guarded');
    assert.equal((await order({ verb: 'machine.reboot', node: 'tower' })).status, 409);
    const cli = await hydra(['service', 'restart', 'plex']);
    assert.equal(cli.code, 2);
    assert.match(cli.err, /protected by the guard rails/);
    assert.equal((await hydra(['service', 'restart', 'plex', '--force'])).code, 0);
    await h.restart();
    admin.close();
    admin = h.client(admin.auth);
    assert.equal((await admin.get('/api/web/guard')).json.rules.length, 1, 'kept over a restart');
    assert.equal((await admin.put('/api/web/guard', { rules: [] })).status, 200);
    assert.equal((await audit('guard.change')).length, 2);
    await seen('plex');
});

test('the command line waits and tells by its exit code', async () => {
    const before = await started('plex');
    const r = await hydra(['service', 'restart', 'plex']);
    assert.equal(r.code, 0, r.err);
    assert.match(r.out, /✓ Restart plex on tower: done/);
    assert.notEqual(await started('plex'), before);
    const quick = await hydra(['service', 'restart', id('plex'), '--no-wait']);
    assert.match(quick.out, /^[0-9a-z]{26}\n$/);
    const one = await hydra(['jobs', '-w', quick.out.trim()]);
    assert.equal(one.code, 0, one.err);
    assert.match((await hydra(['jobs'])).out, /done +Restart plex on tower +ada/);
    assert.equal(JSON.parse((await hydra(['jobs', quick.out.trim(), '-o', 'json'])).out).state, 'done');
    const none = await hydra(['service', 'stop', 'nothing-like-it']);
    assert.equal(none.code, 2);
    assert.match(none.err, /There is no service/);
    const wrong = await hydra(['service', 'reload', 'plex']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /plex is a container/);
    const unpaused = await hydra(['service', 'unpause', 'plex']);
    assert.equal(unpaused.code, 1, 'it is not paused');
    assert.equal((await hydra(['job', 'cancel', quick.out.trim()])).code, 2);
    assert.equal((await hydra(['node', 'reboot', 'nowhere'])).code, 2);
});

test('what the policy of the node does not allow is refused there', async () => {
    const a = await order({ verb: 'container.remove', service: id('redis') });
    const j = await end(a.json.id);
    assert.equal(j.state, 'refused');
    assert.match(j.text, /policy/);
    assert.equal((await inspect('redis')).State.Running, true);
    const cli = await hydra(['service', 'update', 'redis']);
    assert.equal(cli.code, 2);
    assert.match(cli.err, /^\S+\/redis: It is a database: a new version may change its files .* Make a backup first\.\n/);
    assert.doesNotMatch((await hydra(['service', 'update', 'slow'])).err, /backup/);
});

test('one job is followed by its own stream, from how it is', async () => {
    const a = await order({ verb: 'container.restart', service: id('slow') });
    const stream = await admin.events({ path: `/api/events/jobs/${a.json.id}` });
    await stream.next(e => e.data.state === 'running');
    await stream.next(e => e.data.state === 'done', { ms: 60000 });
    assert.ok(stream.events.every(e => e.type === 'job.changed' && e.data.id === a.json.id));
    await stream.close();
});

test('a second click is refused, and what has not begun can be cancelled', async () => {
    const a = await order({ verb: 'restart', services: [id('slow'), id('plex')] }), before = await started('plex');
    assert.equal((await order({ verb: 'container.restart', service: id('slow') })).status, 409);
    const running = await job(a.json.id);
    assert.equal((await admin.delete(`/api/web/jobs/${running.children[0]}`)).status, 409);
    assert.equal((await viewer.delete(`/api/web/jobs/${a.json.id}`)).status, 403);
    assert.equal((await admin.delete(`/api/web/jobs/${a.json.id}`)).status, 204);
    const j = await end(a.json.id);
    assert.equal(j.state, 'cancelled');
    assert.match(j.text, /1 of 2 done.*Cancelled by ada/);
    assert.equal(await started('plex'), before);
});

test('of many clicks at once one is an order', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => order({ verb: 'container.restart', service: id('slow') })));
    const taken = answers.filter(a => a.status === 202);
    assert.equal(taken.length, 1, answers.map(a => a.text).join('\n'));
    assert.ok(answers.every(a => a === taken[0] || a.status === 409));
    assert.equal((await end(taken[0].json.id)).state, 'done');
    assert.equal((await end((await order({ verb: 'container.restart', service: id('slow') })).json.id)).state, 'done');
});

/** How often the engine sent SIGTERM to a container. */
const toldToStop = (name, since) => new Promise((resolve, reject) => {
    const filters = encodeURIComponent(JSON.stringify({ container: [name], event: ['kill'] }));
    http.get({ socketPath, path: `/v1.41/events?since=${since}&until=${Math.floor(Date.now() / 1000) + 1}&filters=${filters}` }, r => {
        let all = '';
        r.on('data', d => { all += d; });
        r.on('end', () => resolve(all.split('\n').filter(l => l && JSON.parse(l).Actor.Attributes.signal === '15').length));
    }).on('error', reject);
});

test('kill -9 in the middle: asked for, never given again', async () => {
    const since = Math.floor(Date.now() / 1000);
    const a = await order({ verb: 'restart', services: [id('slow'), id('plex')] });
    const first = a.json.children[0];
    await until(async () => await toldToStop('slow', since) === 1, 60000, 'the engine to be told');
    const waiting = hydra(['jobs', '-w', first]);
    await h.kill();
    admin.close();
    await h.start();
    admin = h.client(admin.auth);
    const j = await end(first);
    assert.notEqual(j.state, 'refused', j.text);
    await waiting;
    const family = await end(a.json.id);
    assert.equal(family.state === 'done', j.state === 'done', family.text);
    assert.equal(await toldToStop('slow', since), 1, 'it was told to stop once');
    const ends = (await audit('job.end')).filter(e => e.detail?.job === first);
    assert.equal(ends.length, 1);
});
