// Agents and hubs of different ages: the other side speaks by the contract as it first was (tests/data/proto/agent-v1-first.proto),
// without commands, logs, policies, questions. What is new is not understood there, and nothing breaks.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ForeignAgent } from './lib/foreign-agent.mjs';
import { Hub, makeHubKey } from './lib/hub.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';
import { first, now } from './lib/proto.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const dir = scratchFolder();
let h, admin, hub, agent;

before(async () => {
    h = await Hydrad.start({ args: ['--node', 'home', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
});
after(async () => {
    agent?.kill('SIGKILL');
    hub?.stop();
    await h?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

const node = async () => (await admin.get('/api/web/nodes')).json.nodes.find(n => n.id === 'old');
const service = async () => (await admin.get('/api/web/services/old/docker/plex')).json;

test('the recorded contract is older than today\'s, and today\'s still means what it meant', () => {
    assert.throws(() => first.encode('Command')({}), /no such type/i);
    const m = { sequence: 7, replayed: true, service: { id: 'docker/plex', kind: 'CONTAINER', engine: 'docker', name: 'plex', run: 'PAUSED', ports: [{ address: '0.0.0.0', port: 32400 }] } };
    const old = first.encode('FromAgent')(m), fresh = now.encode('FromAgent')(m);
    assert.deepEqual(fresh, old);
    assert.equal(now.decode('FromAgent')(old).service.run, 'PAUSED');
    const checks = { checks: { checks: [{ service: 'x', kind: 'HTTP', target: 'http://x', intervalMs: 1000, timeoutMs: 500 }] } };
    assert.deepEqual(now.encode('FromHub')(checks), first.encode('FromHub')(checks));
});

test('an old agent and today\'s hub', async t => {
    let l, a;
    await t.test('it enrols, reports, is on the screen, and gets its checks', async () => {
        const made = await admin.post('/api/web/enrolments', { node: 'old' });
        a = await new ForeignAgent(first).meet(made.json.token);
        assert.equal((await a.enrol(made.json.token)).code, 0);
        l = a.link({ hello: { features: [] } });
        const welcome = await l.heard('welcome');
        assert.equal(welcome.node, 'old');
        l.send({ sequence: 1, facts: { hostname: 'old', osName: 'Debian 11', cpuModel: 'A CPU', memoryTotal: 8e9, bootId: 'b', agentVersion: '0.0.1' } });
        l.send({ series: { first: 0, series: [{ name: 'node_load1', labels: '', kind: 'GAUGE', help: '' }] } });
        l.frame(Date.now(), [1.5]);
        l.send({ sequence: 2, service: { id: 'docker/plex', kind: 'CONTAINER', engine: 'docker', name: 'plex', run: 'RUNNING', image: 'plexinc/pms-docker', ports: [{ address: '0.0.0.0', port: 32400 }] } });
        l.send({ source: { name: 'docker', state: 'OK', servicesComplete: true } });
        await until(async () => { const n = await node(); return n?.state === 'online' && n.vitals?.load1 === 1.5 && n.os === 'Debian 11'; }, 60000, 'its numbers');
        const order = await until(() => l.said.findLast(m => m.body === 'checks')?.checks.checks.find(c => c.service === 'old/docker/plex'), 60000, 'a check');
        l.send({ sequence: 3, check: { service: order.service, state: 'UP', timeMs: Date.now(), latencyUs: 900, code: 200, text: 'HTTP 200' } });
        await until(async () => (await service()).state === 'healthy', 60000, 'healthy');
        await until(() => l.said.findLast(m => m.body === 'acknowledge')?.acknowledge.sequence === 3, 60000, 'acknowledged');
    });
    await t.test('what it can\'t do is said, and never sent', async () => {
        const ordered = await admin.post('/api/web/jobs', { verb: 'container.restart', service: 'old/docker/plex' });
        assert.ok(ordered.status === 409 || ordered.status === 202, ordered.text);
        if (ordered.status === 202) {
            const j = await until(async () => { const x = (await admin.get(`/api/web/jobs/${ordered.json.id}`)).json; return !['waiting', 'running'].includes(x.state) && x; }, 60000, 'its end');
            assert.ok(['refused', 'failed'].includes(j.state) && /upgrade|old/i.test(j.text), j.text);
        } else {
            assert.match(ordered.json.detail, /upgrade|old/i);
        }
        const page = await admin.get('/api/web/logs?service=old/docker/plex&limit=5');
        assert.equal(page.status, 200, page.text);
        assert.deepEqual(page.json.lines, []);
        assert.match(page.json.partial[0].text, /too old|upgrade|newer|can't/i, page.json.partial[0].text);
        const asked = await admin.get('/api/web/nodes/old/docker-usage');
        assert.equal(asked.status, 409, asked.text);
        assert.match(asked.json.detail, /too old/);
        assert.deepEqual(l.said.filter(m => !m.body), [], 'nothing came that it does not know');
        assert.equal(l.status, null, 'it is linked all the while');
    });
    await t.test('what it tells late fills the gap, its certificate is renewed', async () => {
        await l.close();
        const at = Date.now();
        l = a.link({ hello: { features: [] } });
        await l.heard('welcome');
        l.send({ series: { first: 0, series: [{ name: 'node_load1', labels: '', kind: 'GAUGE', help: '' }] } });
        l.frame(at, [3]);
        l.frame(at - 1000, [2], { sequence: 4, replayed: true });
        await until(async () => (await admin.get('/api/web/nodes/old/window')).json.t.includes(at - 1000), 60000, 'the late frame');
        const renewed = new ForeignAgent(first);
        l.send({ certificateRequest: { publicKey: renewed.publicKey, proof: renewed.prove('old') } });
        await Promise.race([l.heard('certificate'), l.ended]);
        assert.ok(l.said.some(m => m.body === 'certificate') || l.status, 'an answer');
        await l.close();
    });
});

test('today\'s agent and an old hub', async t => {
    const state = path.join(dir, 'state');
    const heard = kind => hub.message(kind);
    await t.test('it enrols, links, and tells everything that the hub knows of', async () => {
        hub = await new Hub(dir, first).start([await makeHubKey(dir, 'hub')]);
        const made = await run(program, ['enroll', hub.token('tower'), '--state', state]);
        assert.equal(made.code, 0, made.err);
        agent = spawn(program, ['--state', state, '--docker', 'unix:///nonexistent'], { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
        agent.err = '';
        agent.stderr.on('data', d => { agent.err += d; });
        agent.gone = new Promise(r => agent.on('exit', r));
        assert.ok((await heard('hello')).hello.features.includes('commands'), 'it says what it can do');
        await heard('facts');
        await heard('series');
        await until(() => hub.link.messages.filter(m => m.body === 'frame').length > 2, 60000, 'frames');
        await until(() => hub.link.messages.some(m => !m.body), 60000, 'what this hub does not know');
        assert.equal(hub.link.ended, false);
    });
    await t.test('it does what the hub orders', async () => {
        const server = net.createServer(c => c.end());
        await new Promise(r => server.listen(0, '127.0.0.1', r));
        hub.link.send({ checks: { checks: [{ service: 'tower/it', kind: 'TCP', target: `127.0.0.1:${server.address().port}`, intervalMs: 1000, timeoutMs: 2000 }] } });
        assert.equal((await hub.message('check', c => c.service === 'tower/it')).check.state, 'UP');
        server.close();
    });
    await t.test('what was missed comes afterwards, numbers of what the hub does not know are acknowledged', async () => {
        hub.stop();
        await until(() => /lost the hub/.test(agent.err), 60000, 'the loss');
        await new Promise(r => setTimeout(r, 2500));
        const links = hub.links.length;
        await hub.start(hub.keys, hub.port);
        await until(() => hub.links.length > links, 60000, 'a new link');
        await until(() => /told what it missed/.test(agent.err), 60000, 'the replay');
        await until(() => hub.link.messages.some(m => m.replayed && m.body === 'frame'), 60000, 'a frame of meanwhile');
        agent.kill('SIGTERM');
        assert.equal(await agent.gone, 0);
    });
});
