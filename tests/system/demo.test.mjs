// The demonstration: simulated nodes over the real protocol, marked as what they are; commands are done in appearance.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { plainEnvironment, root, until } from './lib/hydrad.mjs';

const isFree = port => new Promise(r => { const s = net.createServer().on('error', () => r(false)).listen(port, '127.0.0.1', () => s.close(() => r(true))); });
let demo, admin, said = '';

before(async () => {
    let port = 20000 + Math.floor(Math.random() * 20000) * 2 % 30000; // and the one after it, for the agents
    while (!(await isFree(port)) || !(await isFree(port + 1))) port += 2;
    demo = spawn(path.join(root, 'dev'), ['demo', '--listen', `127.0.0.1:${port}`], { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const s of [demo.stdout, demo.stderr]) s.on('data', d => { said += d; });
    const [, password] = await until(() => /sign in as demo with (\S+)\./.exec(said), 120000, `the demonstration: ${said}`);
    const c = new Client(`http://127.0.0.1:${port}`);
    const a = await until(async () => { const x = await c.post('/api/web/login', { name: 'demo', password }).catch(() => null); return x?.status === 200 && x; }, 15000, 'sign-in');
    admin = new Client(c.base, { cookie: /hydra_session=([^;]+)/.exec(a.headers['set-cookie'][0])[1] });
});
after(() => { try { process.kill(-demo.pid, 'SIGTERM'); } catch { /* ended */ } });

test('three nodes of the standing example report, all of their services are there, and the session says what it is', async () => {
    const nodes = await until(async () => { const x = (await admin.get('/api/web/nodes')).json.nodes; return x.length === 3 && x.every(n => n.vitals?.cpu > 0) && x; }, 30000, 'three nodes');
    assert.deepEqual(nodes.map(n => n.id).toSorted(), ['hydra-ai', 'hydra-compute', 'hydra-storage']);
    assert.ok(nodes.every(n => n.label === 'simulated' && n.agent.kind === 'remote'));
    await until(async () => (await admin.get('/api/web/services')).json.services.length > 70, 15000, 'their services');
    assert.equal((await admin.get('/api/web/session')).json.demo, true);
});

test('a restart is done in appearance: steps, outcome, and the service runs since then', async () => {
    const id = 'hydra-storage/docker/plex';
    const before = Date.now();
    const a = await admin.post('/api/web/jobs', { verb: 'container.restart', service: id });
    assert.equal(a.status, 202, a.text);
    const job = await until(async () => { const j = (await admin.get(`/api/web/jobs/${a.json.id}`)).json; return !['waiting', 'running'].includes(j.state) && j; }, 15000, 'its outcome');
    assert.deepEqual([job.state, /demonstration/.test(job.text)], ['done', true]);
    await until(async () => Date.parse((await admin.get(`/api/web/services/${id}`)).json.started) >= before, 15000, 'it runs anew');
});
