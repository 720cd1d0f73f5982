// The demonstration: simulated nodes over the real protocol, marked as what they are. They answer all questions, have logs, and do in
// appearance what is ordered.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { readContract } from './lib/contract.mjs';
import { plainEnvironment, root, until } from './lib/hydrad.mjs';
import { LogStream } from './lib/log-stream.mjs';
import { Schemas } from './lib/schema.mjs';

const isFree = port => new Promise(r => { const s = net.createServer().on('error', () => r(false)).listen(port, '127.0.0.1', () => s.close(() => r(true))); });
const schemas = new Schemas(readContract());

/** `./dev demo`, from that second of its day on; stop() ends it. */
async function demonstration(from) {
    let port = 20000 + Math.floor(Math.random() * 20000) * 2 % 30000, said = ''; // and the one after it, for the agents
    while (!(await isFree(port)) || !(await isFree(port + 1))) port += 2;
    const demo = spawn(path.join(root, 'dev'), ['demo', '--listen', `127.0.0.1:${port}`, '--from', String(from)], { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const s of [demo.stdout, demo.stderr]) s.on('data', d => { said += d; });
    const [, password] = await until(() => /sign in as demo with (\S+)\./.exec(said), 120000, `the demonstration: ${said}`);
    const c = new Client(`http://127.0.0.1:${port}`);
    const a = await until(async () => { const x = await c.post('/api/web/login', { name: 'demo', password }).catch(() => null); return x?.status === 200 && x; }, 60000, 'sign-in');
    const admin = new Client(c.base, { cookie: /hydra_session=([^;]+)/.exec(a.headers['set-cookie'][0])[1] });
    await until(async () => (await admin.get('/api/web/services')).json.services.length > 70, 60000, 'its services');
    return { admin, stop: () => { try { process.kill(-demo.pid, 'SIGTERM'); } catch { /* ended */ } } };
}

let demo, admin;
const service = async id => (await admin.get(`/api/web/services/${id}`)).json;
const node = async id => (await admin.get(`/api/web/nodes/${id}`)).json;
const job = async id => (await admin.get(`/api/web/jobs/${id}`)).json;
const order = async body => { const a = await admin.post('/api/web/jobs', body); assert.equal(a.status, 202, a.text); return a.json.id; };
/** Orders, and waits for the end. */
const act = async (body, ms = 30000) => { const id = await order(body); return until(async () => { const j = await job(id); return !['waiting', 'running'].includes(j.state) && j; }, ms, `the end of ${JSON.stringify(body)}`); };
const asked = async (id, what) => (await admin.get(`/api/web/nodes/${id}/${what}`)).json;
const logs = async query => (await admin.get(`/api/web/logs?${query}`)).json;

describe('a calm day', () => {
    before(async () => { demo = await demonstration(0); admin = demo.admin; });
    after(() => demo.stop());

    test('three nodes of the standing example report, all of their services are there, and the session says what it is', async () => {
        const nodes = await until(async () => { const x = (await admin.get('/api/web/nodes')).json.nodes; return x.length === 3 && x.every(n => n.vitals?.cpu > 0 && n.agent?.kind === 'remote') && x; }, 60000, 'three nodes');
        assert.deepEqual(nodes.map(n => n.id).toSorted(), ['hydra-ai', 'hydra-compute', 'hydra-storage']);
        assert.deepEqual(nodes.map(n => n.label), ['simulated', 'simulated', 'simulated']);
        assert.equal((await admin.get('/api/web/session')).json.demo, true);
    });

    test('each question has an answer that keeps the contract, or a sentence why not', async () => {
        const kinds = { 'process-tree': 'ProcessTree', 'kernel-log': 'KernelLog', time: 'TimeState', disks: 'Disks', packages: 'PackageUpdates', 'folders?path=/': 'FolderUsage', 'docker-usage': 'DockerUsage', mounts: 'Mounts', 'log-usage': 'LogUsage', networks: 'EngineNetworks', 'networks?of=docker': 'EngineNetworks', ports: 'Ports', 'reach?to=hydra-storage': 'Reach' };
        const nix = { generations: 'Generations', 'generations/diff?from=previous&to=current': 'GenerationDiff', 'generations/plan?to=previous': 'GenerationPlan', 'garbage?days=30': 'Garbage' };
        const wanted = { 'hydra-ai': { ...kinds, ...nix }, 'hydra-compute': { ...kinds, ...nix }, 'hydra-storage': { ...kinds, unraid: 'Unraid' } };
        for (const [id, questions] of Object.entries(wanted))
            for (const [what, schema] of Object.entries(questions)) {
                const a = await admin.get(`/api/web/nodes/${id}/${what}`);
                assert.equal(a.status, 200, `${id} ${what}: ${a.text}`);
                assert.deepEqual(schemas.check(a.json, { $ref: `#/components/schemas/${schema}` }), [], `${id} ${what}`);
            }
        assert.match((await asked('hydra-storage', 'generations')).detail, /does not run NixOS/);
        assert.match((await asked('hydra-ai', 'folders?path=/nowhere')).detail, /no folder/);

        const both = (await admin.get('/api/web/reach/hydra-storage/docker/hydra-grafana')).json;
        assert.deepEqual(schemas.check(both, { $ref: '#/components/schemas/ServiceReach' }), []);
        assert.match(both.text, /^It answers, on hydra-storage itself and from hydra-/);
    });

    test('what nodes tell fits together', async () => {
        const tree = (await asked('hydra-storage', 'process-tree')).processes;
        assert.ok(tree.every((p, i) => p.parent === 0 || tree.slice(0, i).some(x => x.pid === p.parent)), 'parents first');
        assert.ok(tree.filter(p => p.service === 'docker/hydra-postgres').length > 4);
        const [engine] = (await asked('hydra-storage', 'docker-usage')).engines;
        const running = (await admin.get('/api/web/services')).json.services.filter(s => s.id.startsWith('hydra-storage/docker/'));
        assert.equal(engine.containers.items.filter(c => c.in_use).length, running.length);
        const usage = engine.images.bytes + engine.containers.bytes + engine.volumes.bytes + engine.build_cache.bytes;
        const image = await until(async () => { const s = await node('hydra-storage'); const f = s.disks?.find(d => d.mount === '/var/lib/docker'); return f ?? true; }, 60000, 'the image');
        if (image.used) assert.ok(Math.abs(image.used - usage) < 1e9, `${image.used} ${usage}`);
    });

    test('logs have history, levels and members, are searched, merged and the same each time', async () => {
        const litellm = 'hydra-storage/docker/hydra-litellm', tabby = 'hydra-ai/systemd/tabbyapi.service';
        const page = await logs(`service=${litellm}&limit=1000&level=err`);
        assert.equal(page.lines.length, 1000);
        assert.ok(page.lines.every(l => l.level === 'err' && l.fields.exception === 'APIConnectionError'));
        const secret = await logs(`service=${litellm}&q=api_key&limit=3`);
        assert.ok(secret.lines.length === 3 && secret.lines.every(l => l.text.includes('***') && !/sk-[0-9a-f]/.test(l.text)), secret.lines[0]?.text);
        const both = await logs(`service=${litellm}&service=${tabby}&limit=200`);
        assert.deepEqual(new Set(both.lines.map(l => l.service)), new Set([litellm, tabby]));
        assert.deepEqual(both.lines.map(l => l.t), both.lines.map(l => l.t).toSorted((a, b) => a - b));
        const until_ms = Date.now() - 60000, query = `service=${tabby}&limit=50&until=${until_ms}`;
        assert.deepEqual((await logs(query)).lines, (await logs(query)).lines);
        const before = await logs(`${query}&before=${encodeURIComponent((await logs(query)).before)}`);
        assert.ok(before.lines.length === 50 && before.lines.at(-1).t < (await logs(query)).lines[0].t);
        assert.ok((await logs('service=hydra-compute/docker/comfyui-cu128&limit=200')).lines.some(l => l.text.includes('\u001b[32m')), 'colours');
        assert.ok(new Set((await logs('node=hydra-ai&limit=500')).lines.map(l => l.service)).size > 3, 'a journal has lines of many');
    });

    test('a restart: steps, outcome, a new start, and a log that tells of it while it is followed', async () => {
        const id = 'hydra-storage/docker/plex', start = Date.now();
        const tail = await LogStream.open(admin, `service=${id}&limit=1`);
        const j = await act({ verb: 'container.restart', service: id });
        assert.deepEqual([j.state, /^Restarted in .*demonstration/.test(j.text)], ['done', true], j.text);
        await until(async () => Date.parse((await service(id)).started) >= start, 60000, 'it runs anew');
        await until(() => tail.texts.some(t => /stopping services/.test(t)) && tail.texts.some(t => /Starting Plex/.test(t)), 60000, 'its log');
        tail.close();
    });

    test('what is stopped stays so until it is started, pauses, and is checked as such', async () => {
        const id = 'hydra-storage/docker/sonarr';
        assert.equal((await act({ verb: 'container.stop', service: id })).state, 'done');
        await until(async () => (await service(id)).state === 'stopped', 60000, 'it is off');
        assert.equal((await act({ verb: 'container.start', service: id })).state, 'done');
        await until(async () => (await service(id)).state !== 'stopped', 60000, 'it runs');
        assert.equal((await act({ verb: 'container.pause', service: id })).state, 'done');
        assert.equal((await act({ verb: 'container.unpause', service: id })).state, 'done');
        const update = await act({ verb: 'container.update', service: id });
        assert.match(update.text, /^Updated to the newest lscr\.io\/linuxserver\/sonarr:latest/);
    });

    test('a project is restarted in the order of what needs what', async () => {
        const j = await act({ verb: 'project.restart', node: 'hydra-storage', target: 'docker/auditforecaster' }, 60000);
        assert.match(j.text, /^Restarted: 6 containers/);
    });

    test('a process takes a signal and is gone', async () => {
        const p = (await asked('hydra-ai', 'process-tree')).processes.find(x => x.name === 'agetty');
        const j = await act({ verb: 'process.signal', node: 'hydra-ai', target: p.target, argument: 'TERM' });
        assert.match(j.text, /^agetty ended/);
        assert.ok(!(await asked('hydra-ai', 'process-tree')).processes.some(x => x.target === p.target));
    });

    test('one node refuses to be switched off, as its policy says; another goes away, and comes back when it is woken', async () => {
        const refused = await admin.post('/api/web/jobs', { verb: 'machine.reboot', node: 'hydra-ai' });
        const j = refused.status === 202 ? await until(async () => { const x = await job(refused.json.id); return !['waiting', 'running'].includes(x.state) && x; }, 60000, 'no') : null;
        assert.ok(j ? j.state === 'refused' : refused.status >= 400, refused.text);
        assert.equal((await act({ verb: 'machine.power-off', node: 'hydra-compute' })).state, 'done');
        await until(async () => (await node('hydra-compute')).state === 'away', 150000, 'it is away');
        const woken = await act({ verb: 'machine.wake', node: 'hydra-compute' });
        assert.equal(woken.state, 'done', woken.text);
        await until(async () => (await node('hydra-compute')).state !== 'away', 60000, 'it is back');
    });
});

describe('a rebuild that breaks a service', () => {
    const tabby = 'hydra-ai/systemd/tabbyapi.service';
    before(async () => { demo = await demonstration(86); admin = demo.admin; });
    after(() => demo.stop());

    test('shows in the service, its log, the list of generations and what they differ in', async () => {
        const s = await until(async () => { const x = await service(tabby); return /libstdc/.test(x.why ?? '') && x; }, 60000, 'it fails');
        assert.match(s.why, /libstdc\+\+/);
        await until(async () => (await logs(`service=${tabby}&q=ImportError&limit=5`)).lines.length, 60000, 'its log');
        const { generations } = await asked('hydra-ai', 'generations');
        assert.ok(generations[0].running && generations[0].current);
        const diff = await asked('hydra-ai', 'generations/diff?from=previous&to=current');
        assert.deepEqual(diff.packages.removed.map(p => p.name), ['gcc-13.3.0-lib']);
        assert.ok(diff.units.changed.includes('tabbyapi.service'));
        await until(async () => (await admin.get('/api/web/audit')).text.includes('generation.rebuild'), 60000, 'the audit log');
    });

    test('is tried again in vain', async () => {
        const j = await act({ verb: 'unit.restart', service: tabby });
        assert.equal(j.state, 'failed');
        assert.match(j.output, /libstdc/);
    });

    test('ends when the system before runs again, which the hub confirms', async () => {
        const j = await act({ verb: 'generation.rollback', node: 'hydra-ai' }, 60000);
        assert.equal(j.state, 'done', j.text);
        await until(async () => (await service(tabby)).why === null, 60000, 'it runs');
        const { generations, switch: last } = await asked('hydra-ai', 'generations');
        assert.deepEqual([generations[0].running, generations[1].running, generations[1].current, last.phase], [false, true, true, 'confirmed']);
    });

    test('and comes back by itself when somebody switches to it again: nobody confirms it', async () => {
        const { generations: [bad, good] } = await asked('hydra-ai', 'generations');
        const j = await act({ verb: 'generation.switch', node: 'hydra-ai', target: String(bad.number), argument: 'within:15' }, 90000);
        assert.equal(j.state, 'failed', j.text);
        assert.match(j.text, /^Rolled back\./);
        assert.equal((await asked('hydra-ai', 'generations')).generations.find(g => g.running).number, good.number);
    });
});

describe('a full image and a mount that hangs', () => {
    before(async () => { demo = await demonstration(205); admin = demo.admin; });
    after(() => demo.stop());

    test('show in what takes up space, in logs, and in the kernel’s', async () => {
        await until(async () => (await asked('hydra-storage', 'docker-usage')).engines[0].build_cache.items.length > 3, 60000, 'the image fills up');
        await until(async () => (await logs('service=hydra-storage/docker/hydra-loki&service=hydra-storage/docker/hydra-prometheus&service=hydra-storage/docker/hydra-grafana&q=no%20space%20left')).lines.length, 60000, 'who writes says so');
        const { entries } = await asked('hydra-ai', 'kernel-log');
        assert.match(entries[0].text, /^(nfs|INFO)/);
        const j = await act({ verb: 'container.update', service: 'hydra-storage/docker/radarr' });
        assert.deepEqual([j.state, /no space left/.test(j.text)], ['failed', true], j.text);
    });

    test('end by a prune, and by a remount', async () => {
        const j = await act({ verb: 'docker.prune', node: 'hydra-storage', target: 'docker', argument: 'images,build-cache' });
        assert.match(j.text, /^Removed \d+ images, \d+ entries of the build cache: \d+\.\d GB are free again\./);
        assert.equal((await asked('hydra-storage', 'docker-usage')).engines[0].build_cache.items.length, 0);
        const journal = (await asked('hydra-ai', 'log-usage')).journal.bytes;
        const shorter = await act({ verb: 'journal.vacuum', node: 'hydra-ai', argument: 'size:500000000' });
        assert.match(shorter.text, /^The journal takes \d+ MB now: \d\.\d GB are free again \(demonstration\)\.$/);
        assert.ok((await asked('hydra-ai', 'log-usage')).journal.bytes < journal);
        const [biggest] = (await asked('hydra-storage', 'log-usage')).containers.items;
        const emptied = await act({ verb: 'container.truncate-log', service: `hydra-storage/${biggest.target}` });
        assert.match(emptied.text, / is empty: .* are free again/);
        assert.notEqual((await asked('hydra-storage', 'log-usage')).containers.items[0].name, biggest.name);
        const mount = await act({ verb: 'mount.remount', node: 'hydra-ai', target: '/mnt/models' });
        assert.equal(mount.state, 'done', mount.text);
        assert.ok(!(await asked('hydra-ai', 'kernel-log')).entries.some(e => e.text.startsWith('nfs')));
    });
});
