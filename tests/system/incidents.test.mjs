// What broke others' agents and nodes, by the numbers of the records: docs/internals/incidents.md says which test stands for which
// incident, also elsewhere, and which can't happen here.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ForeignAgent } from './lib/foreign-agent.mjs';
import { Hub, makeHubKey, makeToken } from './lib/hub.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, sleep, until } from './lib/hydrad.mjs';
import { Loki } from './lib/loki.mjs';
import { freePort } from './lib/machine.mjs';
import { decode, decodeExact, encode } from './lib/proto.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const startSystemd = path.join(root, 'tests/system/start-systemd');
const machine = path.join(os.tmpdir(), `hydra-incidents-${randomUUID().slice(0, 8)}`);
const dir = scratchFolder(), state = path.join(dir, 'state'), trap = path.join(dir, 'trap');
const UNAUTHENTICATED = 16, PERMISSION_DENIED = 7;
const asked = []; // of the engine
let engine, hub, key, bus, journal, agent, h, admin;

/** An engine that has one container and writes down what it is asked. */
function startEngine(socket) {
    const plex = { Id: 'a'.repeat(64), Names: ['/plex'], Image: 'plex:1', ImageID: 'sha256:1', State: 'running', Status: 'Up', Labels: {}, Ports: [], Mounts: [], NetworkSettings: { Networks: {} } };
    const whole = { ...plex, Name: '/plex', Created: '2026-01-01T00:00:00Z', RestartCount: 0, Config: { Image: 'plex:1', Labels: {}, Env: [] }, HostConfig: { NetworkMode: 'none', RestartPolicy: {} },
        State: { Status: 'running', Running: true, Pid: 0, StartedAt: '2026-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z' } };
    const s = http.createServer((q, a) => {
        const at = q.url.replace(/^\/v[\d.]+/, '');
        asked.push(`${q.method} ${at}`);
        const say = v => a.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(v));
        if (at.startsWith('/version')) say({ Version: '20.10', ApiVersion: '1.41', MinAPIVersion: '1.12', Components: [{ Name: 'Engine' }] });
        else if (at.startsWith('/events')) a.writeHead(200).flushHeaders();
        else if (at.startsWith('/containers/json')) say([plex]);
        else if (at.startsWith(`/containers/${plex.Id}/json`)) say(whole);
        else if (at.startsWith('/containers/') && q.method === 'POST') a.writeHead(204).end();
        else a.writeHead(404).end('{"message":"no"}');
    });
    return new Promise(r => s.listen(socket, () => r(s)));
}

function startAgent(args = [], where = state) {
    const a = spawn(program, ['--state', where, '--docker', `unix://${dir}/engine.sock`, ...args], { env: plainEnvironment({ DBUS_SYSTEM_BUS_ADDRESS: bus, PATH: `${dir}/bin:${process.env.PATH}` }), stdio: ['ignore', 'ignore', 'pipe'] });
    a.err = '';
    a.stderr.on('data', d => { a.err += d; });
    a.gone = new Promise(r => a.on('exit', code => r(code)));
    return a;
}

let sequence = 0;
/** A command straight from the hub; its last outcome. */
async function command(verb, target, more = {}) {
    const id = `c${++sequence}`;
    hub.link.send({ command: { id, node: 'tower', user: 'eve', verb, target, sequence, expiresMs: Date.now() + 60000, ...more } });
    return (await hub.message('outcome', o => o.id === id && o.state !== 'RUNNING')).outcome;
}

before(async () => {
    fs.mkdirSync(`${dir}/bin`);
    for (const name of ['sh', 'bash', 'systemctl', 'docker', 'journalctl', 'kill']) // whoever starts one by its name springs the trap
        fs.writeFileSync(`${dir}/bin/${name}`, `#!/bin/sh\ntouch ${trap}\n`, { mode: 0o755 });
    fs.writeFileSync(`${dir}/policy.yaml`, 'allow:\n  - do: "*"\n');
    fs.mkdirSync(`${machine}/units`, { recursive: true });
    fs.writeFileSync(`${machine}/units/talk.service`, '[Service]\nExecStart=/bin/sleep 100000\n');
    [bus, journal] = execFileSync(startSystemd, [machine], { encoding: 'utf8' }).trim().split(' ');
    execFileSync('busctl', [`--address=${bus}`, 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'StartUnit', 'ss', 'talk.service', 'replace']);
    engine = await startEngine(`${dir}/engine.sock`);
    key = await makeHubKey(dir, 'hub');
    hub = await new Hub(dir).start([key]);
    const made = await run(program, ['enroll', hub.token('tower'), '--state', state]);
    assert.equal(made.code, 0, made.err);
    agent = startAgent(['--policy', `${dir}/policy.yaml`]);
    await hub.message('service', s => s.id === 'docker/plex');
    await hub.message('service', s => s.id === 'systemd/talk.service');
    h = await Hydrad.start({ args: ['--node', 'home', '--journal', journal, '--agents', `127.0.0.1:${await freePort()}`], env: { DBUS_SYSTEM_BUS_ADDRESS: bus } });
    admin = await h.setUp();
});
after(async () => {
    agent?.kill('SIGKILL');
    await h?.done();
    hub?.stop();
    engine?.close();
    engine?.closeAllConnections();
    execFileSync(startSystemd, ['--stop', machine]);
    fs.rmSync(dir, { recursive: true, force: true });
});

async function foreign(node) {
    const a = await admin.post('/api/web/enrolments', { node });
    assert.equal(a.status, 201, a.text);
    const f = await new ForeignAgent().meet(a.json.token);
    assert.equal((await f.enrol(a.json.token)).code, 0);
    return Object.assign(f, { token: a.json.token });
}

/** Linked, with a container and what it can do. */
async function linked(node) {
    const f = await foreign(node);
    const l = f.link({ hello: { features: ['commands', 'policy', 'logs'] } });
    await l.heard('welcome');
    l.send({ policy: { rules: [{ verbs: ['*'], allow: true }] } });
    l.service('docker/plex');
    l.send({ source: { name: 'docker', state: 'OK', servicesComplete: true } });
    await until(async () => (await admin.get(`/api/web/services/${node}/docker/plex`)).status === 200, 60000, `${node}'s service`);
    return Object.assign(f, { l });
}

test('CVE-2026-44848, CVE-2026-44849 (Portainer): an agent is no proxy to its engine; what is no command is not done', async () => {
    const before = asked.length;
    for (const verb of ['container.exec', 'container.create', 'plugins.enable', 'POST /plugins/x/enable', 'swarm.init', '', 'docker'])
        assert.equal((await command(verb, 'docker/plex')).state, 'REFUSED', verb);
    assert.deepEqual(asked.slice(before).filter(a => !a.startsWith('GET /containers') && !a.startsWith('GET /_ping') && !a.startsWith('GET /version')), []);
});

test('CVE-2026-27734 (Beszel), CVE-2026-53519 (Nezha): a name with a path in it reaches nothing', async () => {
    const before = asked.length;
    for (const target of ['docker/../../plugins', 'docker/plex/../../images', '../../etc/passwd', `docker/${'a'.repeat(64)}/../../swarm/init`, 'docker/%2e%2e%2fplugins', 'docker/plex?force=1', 'docker/plex#', 'systemd/../ssh.service'])
        for (const verb of ['container.remove', 'container.rename', 'container.update', 'unit.stop'])
            assert.notEqual((await command(verb, target, { argument: '../x' })).state, 'DONE', `${verb} ${target}`);
    assert.deepEqual(asked.slice(before).filter(a => /\.\.|%|plugins|swarm|images|#/.test(a) || a.startsWith('DELETE')), []);
    assert.deepEqual((await command('container.rename', 'docker/plex', { argument: '../../plugins?x=1' })).state === 'DONE', false);
    assert.deepEqual(asked.slice(before).filter(a => a.includes('/rename') && a.includes('..')), []);
});

test('CVE-2026-110005 (Komodo), CVE-2026-72901 (Dokploy), CVE-2026-4631, CVE-2024-2947 (Cockpit), CVE-2023-22496, CVE-2024-32019 (Netdata): words are words, to no shell, to no option, and no program is looked for along PATH', async () => {
    const words = [`plex; touch ${trap}`, `$(touch ${trap})`, `\`touch ${trap}\``, `plex\ntouch ${trap}`, '-oProxyCommand=touch', '--help', `x|touch ${trap}`];
    for (const word of words) {
        for (const [verb, target] of [['container.restart', `docker/${word}`], ['container.kill', `docker/${word}`], ['unit.restart', `systemd/${word}.service`], ['unit.start', `systemd/${word}`], ['process.signal', word]])
            assert.notEqual((await command(verb, target)).state, 'DONE', `${verb} ${target}`);
        assert.notEqual((await command('container.rename', 'docker/plex', { argument: word })).state, 'DONE', word);
        assert.notEqual((await command('container.kill', 'docker/plex', { argument: word })).state, 'DONE', word);
    }
    assert.equal((await command('unit.restart', 'systemd/talk.service')).state, 'DONE', 'a plain one is done');
    assert.equal(fs.existsSync(trap), false);
});

test('CVE-2026-4802 (Cockpit): what is looked for in logs is looked for, not run', async () => {
    for (const [q, more] of [[`$(touch ${trap})`, ''], [`'; touch ${trap} #`, ''], [`(?{ system("touch ${trap}") })`, '&regex=1'], ['--since=x', ''], ['--file=/etc/shadow', '']]) {
        const a = await admin.get(`/api/web/logs?node=home&limit=5&q=${encodeURIComponent(q)}${more}`);
        assert.ok([200, 400].includes(a.status), a.text);
        if (a.status === 200) assert.deepEqual(a.json.lines, []);
    }
    assert.equal(fs.existsSync(trap), false);
});

test('CVE-2026-34040, CVE-2024-41110 (Docker): what is too long to be judged is refused, not judged by its beginning', async () => {
    for (const n of [513, 8192, 1 << 20]) {
        const outcome = await command('container.restart', `docker/plex${' '.repeat(n)}x`);
        assert.equal(outcome.state, 'REFUSED', `${n}: ${outcome.text}`);
    }
    const huge = `allow:\n  - do: "*"\n${'#'.repeat(2 << 20)}\ndeny:\n  - do: "*"\n`;
    fs.writeFileSync(`${dir}/policy.yaml`, huge);
    await until(async () => (await command('container.restart', 'docker/plex')).state === 'REFUSED', 60000, 'nothing is allowed by a policy that is too long');
    fs.writeFileSync(`${dir}/policy.yaml`, 'allow:\n  - do: "*"\n');
    await until(async () => (await command('container.restart', 'docker/plex')).state !== 'REFUSED', 60000, 'the policy before');
});

test('CVE-2020-24263 (Portainer): a command can ask for no privilege', async () => {
    const before = asked.length;
    for (const argument of ['{"HostConfig":{"Privileged":true}}', 'privileged', '--cap-add=ALL'])
        assert.notEqual((await command('container.update', 'docker/plex', { argument })).state, 'DONE');
    assert.deepEqual(asked.slice(before).filter(a => a.includes('/containers/create')), []);
});

test('CVE-2026-44211 (Cline), Docker\'s port 2375: an agent listens on nothing', () => {
    const sockets = execFileSync('ss', ['-Hlntup'], { encoding: 'utf8' }).split('\n').filter(l => l.includes(`pid=${agent.pid},`));
    assert.deepEqual(sockets, []);
});

test('CVE-2022-35508 (Proxmox), Pulse #948: nothing that opens a door can be read by others', () => {
    const walk = d => fs.readdirSync(d, { withFileTypes: true }).flatMap(f => (f.isDirectory() ? [path.join(d, f.name), ...walk(path.join(d, f.name))] : [path.join(d, f.name)]));
    for (const f of [state, ...walk(state)]) assert.equal(fs.statSync(f).mode & 0o077, 0, f);
    const shown = fs.readFileSync(`/proc/${agent.pid}/cmdline`, 'utf8') + fs.readFileSync(`/proc/${agent.pid}/environ`, 'utf8');
    assert.doesNotMatch(shown, /hyn_|PRIVATE KEY/);
});

test('CVE-2026-110631 (Komodo): without a key to trust, nobody is trusted', async () => {
    const empty = path.join(dir, 'no-pins');
    fs.cpSync(state, empty, { recursive: true });
    const kept = JSON.parse(fs.readFileSync(path.join(empty, 'hub.json')));
    const links = hub.links.length;
    for (const pins of [[], undefined, [''], ['00']]) {
        fs.writeFileSync(path.join(empty, 'hub.json'), JSON.stringify({ ...kept, pins }));
        const a = startAgent([], empty);
        const code = await Promise.race([a.gone, sleep(3000)]);
        if (code === undefined) { a.kill('SIGKILL'); await a.gone; }
        assert.equal(hub.links.length, links, JSON.stringify(pins));
    }
});

test('Beszel and Netdata, TLS that is not verified: a machine in the middle hears not even hello', async () => {
    const other = await makeHubKey(dir, 'other');
    const middle = await new Hub(fs.mkdtempSync(path.join(dir, 'middle-'))).start([other]);
    const made = await run(program, ['enroll', makeToken(key.pin, `127.0.0.1:${middle.port}`), '--state', path.join(dir, 'middled')]);
    assert.equal(made.code, 1);
    assert.match(made.err, /is not the hub that this token or node belongs to/);
    assert.deepEqual([middle.enrolled, middle.links], [[], []]);
    middle.stop();
});

test('Komodo #1518: a hub that takes the connection and then says nothing is left, and tried again', async () => {
    const silent = net.createServer(() => {});
    await new Promise(r => silent.listen(0, '127.0.0.1', r));
    const { port } = silent.address(), open = new Set();
    silent.on('connection', c => { open.add(c); c.on('error', () => {}); });
    const where = path.join(dir, 'patient');
    fs.cpSync(state, where, { recursive: true });
    fs.writeFileSync(path.join(where, 'hub.json'), JSON.stringify({ ...JSON.parse(fs.readFileSync(path.join(where, 'hub.json'))), address: `127.0.0.1:${port}` }));
    const a = startAgent([], where);
    await until(() => open.size >= 2, 60000, 'a second try');
    for (const c of open) c.destroy();
    await new Promise(r => silent.close(r));
    const late = await new Hub(dir).start([key], port);
    await until(() => late.links.length, 60000, 'the hub that answers');
    a.kill('SIGKILL');
    await a.gone;
    late.stop();
});

test('CVE-2023-22497 (Netdata), CVE-2018-12678 (Portainer), CVE-2026-57169 (Dockhand): whoever has no certificate of ours gets nothing, by any call', async () => {
    const f = await foreign('door');
    assert.equal((await f.link({ withCertificate: false }).ended).code, UNAUTHENTICATED);
    for (const method of ['Link', 'Logs', 'Program', 'Exec', '../Link']) {
        const client = f.client(false);
        const call = client.makeBidiStreamRequest(`/hydra.agent.v1.Agent/${method}`, b => b, b => b);
        const heard = [];
        call.on('data', d => heard.push(d)).on('error', () => {});
        call.write(encode('LogBatch')({ id: 1 }));
        const status = await new Promise(r => call.on('status', r));
        client.close();
        assert.notEqual(status.code, 0, method);
        assert.deepEqual(heard, []);
    }
});

test('CVE-2026-62283 (Nezha): the lines of a query are taken from the node that was asked, from nobody who knows its number', async () => {
    const a = await linked('asked'), b = await linked('other');
    const page = admin.get('/api/web/logs?service=asked/docker/plex&limit=5');
    await a.l.heard('logOpen');
    const { id } = decodeExact('FromHub')(a.l.said.find(m => m.body === 'logOpen').bytes).logOpen;
    const intrude = f => {
        const client = f.client();
        const call = client.makeBidiStreamRequest('/hydra.agent.v1.Agent/Logs', encode('LogBatch'), decode('LogCredit'));
        call.on('data', () => {}).on('error', () => {});
        call.ended = new Promise(r => call.on('status', s => { client.close(); r(s); }));
        return call;
    };
    const evil = intrude(b);
    evil.write({ id });
    evil.write({ lines: [{ timeUs: Date.now() * 1000, text: 'forged', cursor: '1.0.1', level: 8 }], whole: true });
    assert.notEqual((await evil.ended).code, 0);
    const good = intrude(a);
    good.write({ id });
    good.write({ lines: [{ timeUs: Date.now() * 1000, text: 'genuine', cursor: '1.0.1', level: 8 }], whole: true });
    good.end();
    assert.deepEqual((await page).json.lines.map(l => l.text), ['genuine']);
    await Promise.all([a.l.close(), b.l.close()]);
});

test('CVE-2026-44945 (Rancher), CVE-2026-40077, CVE-2026-94382 (Beszel): a node speaks for itself alone', async () => {
    const a = await linked('mine'), b = await linked('yours');
    const ordered = await admin.post('/api/web/jobs', { verb: 'container.restart', service: 'mine/docker/plex' });
    assert.equal(ordered.status, 202, ordered.text);
    const order = await a.l.heard('command');
    b.l.send({ sequence: 1, outcome: { id: order.id, state: 'DONE', timeMs: Date.now(), text: 'forged' } });
    b.l.service('mine/docker/plex', { run: 'STOPPED' });
    b.l.send({ serviceGone: '../mine/docker/plex' });
    b.l.send({ sequence: 2, service: { id: 'docker/after', kind: 'CONTAINER', engine: 'docker', name: 'after', run: 'RUNNING' } });
    await until(async () => (await admin.get('/api/web/services/yours/docker/after')).status === 200, 60000, 'what came after');
    const job = async () => (await admin.get(`/api/web/jobs/${ordered.json.id}`)).json;
    assert.equal((await job()).state, 'running');
    assert.equal((await admin.get('/api/web/services/mine/docker/plex')).json.state, 'unchecked');
    a.l.send({ sequence: 1, outcome: { id: order.id, state: 'DONE', timeMs: Date.now(), text: 'by itself' } });
    await until(async () => (await job()).state === 'done', 60000, 'its own word');
    assert.equal((await job()).text, 'by itself');
    await Promise.all([a.l.close(), b.l.close()]);
});

test('CVE-2026-46716 (Nezha): an order for nothing is no order for everything', async () => {
    const a = await linked('one');
    for (const body of [{ verb: 'restart', services: [] }, { verb: 'container.restart' }, { verb: 'container.restart', service: '' }, { verb: 'container.restart', service: '*' }, { verb: 'machine.reboot', node: '' }, { verb: 'machine.reboot' }, { verb: 'restart', services: ['*/*/*'] }]) {
        const r = await admin.post('/api/web/jobs', body);
        assert.ok(r.status >= 400 && r.status < 500, `${JSON.stringify(body)}: ${r.status} ${r.text}`);
    }
    assert.deepEqual(a.l.said.filter(m => m.body === 'command'), []);
    await a.l.close();
});

test('CVE-2026-107811 (nginx-ui), CVE-2021-36783 (Rancher): nothing that a node proves itself with is in what is told of nodes', async () => {
    const f = await foreign('secretive');
    const waiting = await admin.post('/api/web/enrolments', { node: 'waiting' });
    const pages = ['/api/web/nodes', '/api/web/nodes/secretive', '/api/web/enrolments', '/api/web/overview', '/api/web/audit', '/api/web/events'];
    for (const at of pages) {
        const { text } = await admin.get(at);
        assert.ok(!text.includes(f.token) && !text.includes(waiting.json.token), at);
        assert.doesNotMatch(text, /hyn_|PRIVATE KEY|BEGIN CERTIFICATE/, at);
    }
});

test('CVE-2022-43755 (Rancher): a token is made anew each time, and once used it opens nothing', async () => {
    const tokens = [];
    for (let i = 0; i < 3; i++) tokens.push((await admin.post('/api/web/enrolments', { node: 'again', replace: true })).json.token);
    assert.equal(new Set(tokens).size, 3);
    const last = await new ForeignAgent().meet(tokens[2]);
    assert.equal((await last.enrol(tokens[2])).code, 0);
    const second = await new ForeignAgent().meet(tokens[2]);
    assert.equal((await second.enrol(tokens[2])).code, PERMISSION_DENIED);
});

test('CVE-2026-88811 (Rancher): credentials for Loki go to Loki, wherever it points to', async () => {
    const third = await Loki.start();
    const redirecting = http.createServer((q, a) => { q.resume(); a.writeHead(307, { location: `${third.url}/loki/api/v1/push` }).end(); });
    await new Promise(r => redirecting.listen(0, '127.0.0.1', r));
    fs.writeFileSync(`${dir}/credentials`, 'ada:secret\n');
    const loud = new Hydrad({ args: ['--node', 'loud', '--journal', journal, '--agents', 'none', '--loki', `http://127.0.0.1:${redirecting.address().port}`, '--loki-auth', `${dir}/credentials`], env: { DBUS_SYSTEM_BUS_ADDRESS: bus } });
    await loud.start();
    execFileSync('nsenter', ['-t', /^\/proc\/(\d+)\/root/.exec(journal)[1], '-m', '-p', '--', 'logger', 'something to push']);
    await until(() => /logs can't be pushed.*HTTP 307/.test(loud.err), 60000, 'a refusal');
    assert.deepEqual(third.requests, []);
    assert.doesNotMatch(loud.err + loud.out, /secret/);
    await loud.done();
    await third.stop();
    await new Promise(r => { redirecting.close(r); redirecting.closeAllConnections(); });
});
