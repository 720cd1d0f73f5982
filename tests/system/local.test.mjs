// hydra --local: the real agent asked over its Unix socket, with the hub up and killed; what was done is in the hub's audit log later.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from './lib/engine.mjs';
import { Hydrad, plainEnvironment, root, run, sleep, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent'), cli = path.join(root, 'build/hydra');
const dir = fs.mkdtempSync('/tmp/hydra-local-'), state = path.join(dir, 'agent'), socket = path.join(dir, 'run/hydra.sock'), policy = path.join(dir, 'agent.yaml');
let engine, h, admin, agent;

const hydra = (args, options = {}) => run(cli, ['--local', '--socket', socket, ...args], { timeout: 60000, ...options });
const started = async name => (await engine.call('GET', `/containers/${name}/json`)).State.StartedAt;

function start() {
    agent = spawn(program, ['--state', state, '--docker', `unix://${engine.socket}`, '--policy', policy, '--socket', socket, '--socket-group', 'daemon'],
        { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    agent.err = '';
    agent.stderr.on('data', d => { agent.err += d; });
    agent.exited = new Promise(r => agent.on('exit', code => r(code)));
}

/** One request at the socket: {status, text, json}. */
function ask(method, where, body, headers = {}) {
    return new Promise((resolve, reject) => {
        const r = http.request({ socketPath: socket, method, path: where, headers: { 'content-type': 'application/json', ...headers } }, answer => {
            let text = '';
            answer.setEncoding('utf8').on('data', d => { text += d; });
            answer.on('end', () => { let json; try { json = JSON.parse(text); } catch { /* none */ } resolve({ status: answer.statusCode, text, json }); });
        });
        r.on('error', reject);
        r.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

before(async () => {
    fs.mkdirSync(path.dirname(socket));
    fs.chmodSync(dir, 0o755);
    fs.writeFileSync(policy, 'allow:\n  - do: [container.restart, container.stop, container.start, logs]\ndeny:\n  - do: "*"\n    on: docker/vault\n');
    engine = Engine.start();
    await engine.run('plex', 'echo "plex begins"; i=0; while :; do i=$((i+1)); echo "line $i"; sleep .2; done', { StopTimeout: 0 });
    await engine.run('vault', 'sleep 1000');
    h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
    const token = await h.verb(['node', 'add', 'tower']);
    assert.equal((await run(program, ['enroll', '-', '--state', state], { input: token.out })).code, 0);
    start();
    await until(() => /connected .*node=tower/.test(agent.err), 60000, 'the link');
    await until(async () => /tower\/docker\/plex/.test((await hydra(['services'])).out), 60000, 'plex');
});
after(async () => {
    agent?.kill('SIGKILL');
    await h?.done();
    engine?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
});

test('status and services as a person and a program read them', async () => {
    const s = await hydra(['status']);
    assert.ok([0, 1].includes(s.code), s.err);
    assert.match(s.out, /services on tower (has failed|is not well|are not well): \d+ runs?\b/);
    assert.match(s.out, /checks over the network are the hub's/);
    assert.match(s.out, /Connected to the hub 127\.0\.0\.1:\d+ as tower/);
    const json = JSON.parse((await hydra(['status', '-o', 'json'])).out);
    assert.equal(json.exit, s.code);
    const rows = JSON.parse((await hydra(['services', '-o', 'json'])).out);
    assert.ok(rows.some(r => r.service === 'tower/docker/plex' && r.state === 'unchecked'), JSON.stringify(rows).slice(0, 400));
});

test('what fails is said, and the exit code with it', async () => {
    await engine.run('broken', 'exit 3');
    await until(async () => { const s = await hydra(['status']); return s.code === 1 && /docker\/broken/.test(s.out); }, 60000, 'the failure');
    await engine.call('DELETE', '/containers/broken?force=1');
    await until(async () => !/docker\/broken/.test((await hydra(['services'])).out), 60000, 'its end');
});

test('with the hub killed: restart, refusal, logs; the hub has them in its audit log later, once and as of then', async () => {
    await h.kill();
    await until(() => /lost the hub/.test(agent.err), 60000, 'the loss');
    const before = await started('plex'), began = Date.now();
    const done = await hydra(['restart', 'plex']);
    assert.equal(done.code, 0, done.err + done.out);
    assert.match(done.out, /Restart plex on tower: done\. Restarted in/);
    const ended = Date.now();
    assert.notEqual(await started('plex'), before);
    const refused = await hydra(['restart', 'tower/docker/vault']);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /The policy of this node does not allow container\.restart on docker\/vault: it is under deny/);
    const log = await hydra(['logs', 'plex', '-n', '5']);
    assert.equal(log.code, 0, log.err);
    assert.match(log.out, /line \d/);
    const away = await hydra(['status']);
    assert.match(away.out, /is not reached; .* wait for it/);
    agent.kill('SIGKILL'); // what waits for the hub outlives the agent
    await agent.exited;
    start();
    await until(async () => /tower\/docker\/plex/.test((await hydra(['services'])).out), 60000, 'the agent');
    await sleep(1500);
    await h.start();
    await until(() => /told what it missed/.test(agent.err), 60000, 'the replay');
    const entries = async () => (await admin.get('/api/web/audit?action=container.')).json.entries;
    const both = await until(async () => { const all = await entries(); return all.length >= 2 && all; }, 60000, 'the entries');
    assert.equal(both.length, 2, JSON.stringify(both));
    const [no, yes] = both;
    assert.deepEqual([yes.actor, yes.via, yes.action, yes.target, yes.outcome], ['root@tower', 'local', 'container.restart', 'tower/docker/plex', 'done']);
    assert.deepEqual([no.target, no.outcome], ['tower/docker/vault', 'refused']);
    const at = Date.parse(yes.time);
    assert.ok(at >= began - 2000 && at <= ended + 2000, `${yes.time} is not when it happened`);
    assert.equal((await h.verb(['audit', 'verify'])).code, 0);
});

test('told twice it is written once, also when the hub dies before it acknowledges', async () => {
    const before = (await admin.get('/api/web/audit?action=container.')).json.entries.length;
    assert.equal((await hydra(['restart', 'plex'])).code, 0);
    await until(async () => (await admin.get('/api/web/audit?action=container.')).json.entries.length === before + 1, 60000, 'the entry');
    await h.kill();
    await h.start();
    await until(async () => (await admin.get('/api/web/nodes')).json?.nodes.find(n => n.id === 'tower')?.state === 'online', 60000, 'tower');
    await sleep(3000);
    assert.equal((await admin.get('/api/web/audit?action=container.')).json.entries.length, before + 1);
});

test('one key orders once', async () => {
    const order = () => ask('POST', '/api/cli/jobs', { verb: 'restart', service: 'plex' }, { 'idempotency-key': 'nightly1' });
    const first = await order();
    assert.equal(first.status, 202, first.text);
    assert.equal(first.json.id, 'local-nightly1');
    await until(async () => (await ask('GET', '/api/cli/jobs/local-nightly1')).json.state === 'done', 60000, 'its end');
    const at = await started('plex');
    assert.equal((await order()).json.state, 'done');
    assert.equal(await started('plex'), at);
});

test('following a log, and its end when nobody reads', async () => {
    const follower = spawn(cli, ['--local', '--socket', socket, 'logs', 'plex', '-f', '-n', '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    follower.stdout.on('data', d => { out += d; });
    await until(() => (out.match(/line \d+/g) ?? []).length >= 4, 60000, 'lines');
    follower.kill();
    const name = t => { try { return fs.readFileSync(`/proc/${agent.pid}/task/${t}/comm`, 'utf8').trim(); } catch { return ''; } }; // it may end meanwhile
    const threads = () => fs.readdirSync(`/proc/${agent.pid}/task`).map(name);
    await until(() => !threads().some(t => t === 'log-tail' || t === 'logs'), 60000, 'the end of its threads');
});

test('eight logs are followed at once, a ninth is told to wait', async () => {
    const follow = () => new Promise((resolve, reject) => {
        const r = http.request({ socketPath: socket, path: '/api/events/logs?service=plex', agent: false }, a => { a.on('error', () => {}); a.resume(); resolve({ status: a.statusCode, end: () => r.destroy() }); });
        r.on('error', reject);
        r.end();
    });
    const all = [];
    for (let i = 0; i < 9; i++) all.push(await follow());
    assert.deepEqual(all.map(x => x.status), [...Array(8).fill(200), 503]);
    for (const x of all) x.end();
    await until(async () => { const x = await follow(); x.end(); return x.status === 200; }, 90000, 'room again');
});

test('looking at a job tells the hub nothing', async () => {
    const spool = () => fs.readdirSync(path.join(state, 'spool')).reduce((n, f) => n + fs.statSync(path.join(state, 'spool', f)).size, 0);
    await ask('POST', '/api/cli/jobs', { verb: 'restart', service: 'vault' }, { 'idempotency-key': 'no1' });
    await h.kill();
    await until(() => /lost the hub/.test(agent.err.slice(agent.err.lastIndexOf('connected'))), 60000, 'the loss');
    const before = spool();
    for (let i = 0; i < 200; i++) {
        assert.equal((await ask('GET', '/api/cli/jobs/local-no1')).json.state, 'refused');
        assert.equal((await ask('GET', '/api/cli/jobs/local-nightly1')).json.state, 'done');
    }
    assert.ok(spool() - before < 64 << 10, `${spool() - before} bytes`);
    await h.start();
    await until(async () => (await admin.get('/api/web/nodes')).json?.nodes.find(n => n.id === 'tower')?.state === 'online', 60000, 'tower');
});

test('without a file descriptor left nobody is answered, and later everybody is', async () => {
    await until(() => ask('GET', '/api/cli/status').then(a => a.status === 200, () => false), 60000, 'an answer');
    await sleep(7000); // its server is gone
    const limit = n => run('prlimit', ['--pid', String(agent.pid), `--nofile=${n}:4096`]);
    assert.equal((await limit(3)).code, 0);
    const knock = net.connect(socket);
    knock.on('error', () => {});
    await until(() => /nobody can be answered/.test(agent.err), 60000, 'the trouble');
    assert.equal((await limit(1024)).code, 0);
    knock.destroy();
    await until(() => ask('GET', '/api/cli/status').then(a => a.status === 200, () => false), 60000, 'an answer again');
});

test('who is not in the group is told what to do', async () => {
    assert.equal((fs.statSync(socket).mode & 0o777).toString(8), '660');
    const stranger = await run('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', cli, '--local', '--socket', socket, 'status']);
    assert.equal(stranger.code, 2);
    assert.match(stranger.err, /is for root and the members of the group daemon. As root: usermod -aG daemon/);
    const member = await run('setpriv', ['--reuid', '65534', '--regid', '65534', '--groups', '1', cli, '--local', '--socket', socket, 'restart', 'vault']);
    assert.equal(member.code, 2);
    assert.match(member.err, /under deny/);
    await until(async () => (await admin.get('/api/web/audit?action=container.')).json.entries[0].actor === 'nobody@tower', 60000, 'who asked');
});

test('what there is not is said in sentences', async () => {
    assert.match((await hydra(['nodes'])).err, /`hydra nodes` asks the hub/);
    assert.equal((await hydra(['nodes'])).code, 2);
    const none = await hydra(['restart', 'nothing']);
    assert.equal(none.code, 2);
    assert.match(none.err, /There is no service nothing on this node/);
    const bare = (await ask('POST', '/api/cli/jobs', { verb: 'remove-all', service: 'plex' }));
    assert.deepEqual([bare.status, bare.json.field], [400, 'verb']);
    assert.equal((await ask('POST', '/api/cli/jobs', { verb: 'machine.reboot', service: 'plex' })).status, 400);
    assert.equal((await ask('POST', '/api/cli/jobs', [])).status, 400);
    assert.equal((await ask('POST', '/api/cli/jobs', { verb: 'restart', service: 'plex' }, { 'idempotency-key': '../x' })).status, 400);
    assert.equal((await ask('GET', '/api/cli/jobs/local-never')).status, 404);
    assert.equal((await ask('GET', '/api/cli/users')).status, 404);
    assert.equal((await ask('GET', '/api/cli/logs?service=plex&limit=0')).json.field, 'limit');
    assert.equal((await ask('GET', '/api/cli/logs?node=other')).status, 404);
    const away = await run(cli, ['--local', '--socket', path.join(dir, 'nowhere'), 'status']);
    assert.deepEqual([away.code, /No agent listens on this machine/.test(away.err)], [2, true]);
});

test('bytes of all kinds, a second agent on the same path, a socket that was left behind', async () => {
    for (const bytes of ['GET / HTTP/9.9\r\n\r\n', '\0\x01\x02\r\n\r\n', 'POST /api/cli/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n', `GET /${'a'.repeat(70000)} HTTP/1.1\r\n\r\n`])
        await new Promise(resolve => { const s = net.connect(socket, () => s.end(bytes)); s.on('error', resolve).on('close', resolve).resume(); });
    assert.equal((await ask('GET', '/api/cli/status')).status, 200);
    await until(() => true, 1000);
    const rival = spawn(program, ['--state', path.join(dir, 'rival'), '--socket', socket], { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise(r => rival.on('exit', r)); // it is not enrolled, and leaves the socket alone
    assert.equal((await ask('GET', '/api/cli/status')).status, 200);
    agent.kill('SIGKILL');
    await agent.exited;
    assert.ok(fs.existsSync(socket));
    const dead = await hydra(['status']);
    assert.deepEqual([dead.code, /does not run/.test(dead.err)], [2, true]);
    start();
    await until(async () => [0, 1].includes((await hydra(['status'])).code), 60000, 'the agent');
    agent.kill('SIGTERM');
    assert.equal(await agent.exited, 0);
    assert.ok(!fs.existsSync(socket));
});
