// journal.vacuum and container.truncate-log on a machine with a real journald and a real Docker: what logs take up is told, what may go goes,
// what is not allowed or not a log stays. The agent and its helper as they are shipped.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { AgentMachine } from './lib/agent-machine.mjs';
import { Hydrad, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';

const dir = scratchFolder();
const allow = 'allow:\n- do: [journal.vacuum, logs]\n- do: container.truncate-log\n  on: [docker/talker, docker/quiet, docker/linked]\n';
const MB = 1 << 20;
let m, h, admin, vera, otto, tunnel, cli, engine;

// Entered from outside: systemd-nspawn keeps what it starts itself from keyrings, which runc wants. No network, no rules of a firewall.
const startDocker = () => spawn('nsenter', ['-t', m.leader, '-m', '-u', '-i', '-n', '-p', '--', 'dockerd', '-H', 'unix:///run/docker.sock', '--data-root', '/var/lib/docker', '--exec-root', '/run/docker-exec',
    '--storage-driver', 'vfs', '--iptables=false', '--ip6tables=false', '--bridge=none', '--ip-forward=false', '--ip-masq=false', '--exec-opt', 'native.cgroupdriver=cgroupfs', '--shutdown-timeout', '2'], { stdio: 'ignore' });
async function stopDocker() {
    if (!engine) return;
    const over = new Promise(resolve => engine.once('exit', resolve));
    await m.run('pkill', '-x', 'dockerd');
    await over;
    engine = null;
}
const curl = (...words) => m.ok('curl', '-sS', '--fail-with-body', '--unix-socket', '/run/docker.sock', ...words);
const docker = (method, where, body) => curl('-X', method, ...(body ? ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)] : []), `http://d/v1.41${where}`);
const inspect = async name => JSON.parse(await docker('GET', `/containers/${name}/json`));
async function container(name, line, log = {}) {
    await docker('POST', `/containers/create?name=${name}`, { Image: 'hydra-test:1', Cmd: ['sh', '-c', line], HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'json-file', ...log } }, StopTimeout: 0 });
    await docker('POST', `/containers/${name}/start`);
}
async function image() {
    await m.ok('sh', '-c', 'set -e; d=$(mktemp -d); mkdir -p $d/bin $d/dev $d/proc $d/sys $d/etc; cp /bin/busybox $d/bin/; for a in sh sleep echo cat seq; do ln -s busybox $d/bin/$a; done; tar -C $d -cf /image.tar .');
    await curl('-X', 'POST', '-H', 'Content-Type: application/x-tar', '--data-binary', '@/image.tar', 'http://d/v1.41/images/create?fromSrc=-&repo=hydra-test&tag=1');
}

before(async () => {
    m = AgentMachine.start(dir + '/machine');
    await m.ok('mkdir', '-p', '/etc/hydra', '/var/lib/docker');
    await m.run('groupadd', '-r', 'docker');
    m.policy(allow);
    engine = startDocker();
    await until(async () => (await m.run('curl', '-sfm', '2', '--unix-socket', '/run/docker.sock', 'http://d/_ping')).code === 0, 60000, 'Docker');
    await image();
    await container('talker', 'seq 1 60000; while true; do sleep 0.2; echo still here; done');
    await container('quiet', 'exec sleep 100000');
    await container('guarded', 'seq 1 2000; exec sleep 100000');
    await container('linked', 'seq 1 2000; exec sleep 100000');
    await container('mute', 'exec sleep 100000', { Type: 'none' });
    const port = await freePort();
    h = await Hydrad.start({ args: ['--agents', `127.0.0.1:${port}`] });
    admin = await h.setUp();
    vera = await h.person(admin, 'vera', 'viewer');
    otto = await h.person(admin, 'otto', 'operator');
    const { token } = (await admin.post('/api/web/enrolments', { node: 'tower' })).json;
    tunnel = await m.reach(port);
    await m.installAgent(token);
    await until(async () => (await admin.get('/api/web/services/tower/docker/talker')).status === 200, 60000, 'the containers');
    const { secret } = (await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] })).json;
    cli = (...words) => run(path.join(root, 'build/hydra'), words, { env: { HYDRA_URL: h.base, HYDRA_TOKEN: secret, HOME: dir } });
});
after(async () => {
    tunnel?.stop();
    await h?.done();
    await stopDocker();
    m?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
});

async function act(order, who = admin) {
    const r = await who.post('/api/web/jobs', order);
    assert.equal(r.status, 202, JSON.stringify(r.json));
    return until(async () => { const j = (await who.get(`/api/web/jobs/${r.json.id}`)).json; return j.ended && j; }, 120000, `the end of ${r.json.title}`);
}
const empty = (name, who) => act({ verb: 'container.truncate-log', service: `tower/docker/${name}` }, who);
const usage = async () => (await vera.get('/api/web/nodes/tower/log-usage')).json;
const logOf = async name => { const c = await inspect(name); return { path: c.LogPath, at: path.join(m.root, c.LogPath) }; };

test('what logs take up is told to everybody who may look at nodes', async () => {
    const a = await usage();
    assert.equal(a.journal_text, null);
    assert.equal(a.containers_text, null);
    assert.ok(a.journal.bytes > 0 && a.journal.files > 0, JSON.stringify(a.journal));
    assert.deepEqual(a.containers.items.map(c => c.name).sort(), ['guarded', 'linked', 'quiet', 'talker'], 'one that keeps no file is left out');
    assert.equal(a.containers.items[0].name, 'talker', 'the biggest first');
    assert.ok(a.containers.items[0].bytes > MB);
    const table = await cli('node', 'log-usage', 'tower');
    assert.equal(table.code, 0, table.err);
    assert.match(table.out, /journal +[\d.]+ .?B/);
    assert.match(table.out, /container +talker +[\d.]+ MB/);
});

test('the journal is shortened to what is to stay', async () => {
    for (let i = 0; i < 4; i++) {
        await m.ok('sh', '-c', 'head -c 6000000 /dev/urandom | base64 -w 400 | systemd-cat -t noise');
        await m.ok('journalctl', '--rotate');
    }
    const before = (await usage()).journal;
    assert.ok(before.archived_bytes > 8 * MB, JSON.stringify(before));
    assert.ok(Date.parse(before.since) <= Date.now());
    const j = await act({ verb: 'journal.vacuum', node: 'tower', argument: `size:${4 * MB}` });
    assert.equal(j.state, 'done', j.text + j.output);
    assert.match(j.text, /^The journal takes [\d.]+ .?B now: [\d.]+ MB are free again\.$/);
    assert.equal(j.title, 'Shorten the journal of tower');
    assert.match(j.output, /freed/);
    const after = (await usage()).journal;
    assert.ok(before.bytes - after.bytes > 8 * MB, `${before.bytes} → ${after.bytes}`);
    const kept = await cli('node', 'vacuum', 'tower', '--age', '30d');
    assert.equal(kept.code, 0, kept.out + kept.err);
    assert.match(kept.out, /Nothing was won/);
    await m.ok('systemd-cat', '-t', 'after', 'echo', 'it goes on');
    await until(async () => /it goes on/.test(await m.ok('journalctl', '-t', 'after', '-o', 'cat')), 60000, 'the journal goes on');
});

test('what makes no sense is said before anything is sent', async () => {
    const wrong = async (argument, words) => { const r = await admin.post('/api/web/jobs', { verb: 'journal.vacuum', node: 'tower', ...(argument && { argument }) }); assert.equal(r.status, 400); assert.match(r.json.errors?.[0]?.message ?? r.json.detail, words); };
    await wrong('', /what stays/);
    for (const argument of ['500M', 'size:0', 'size:5', 'age:60', 'size:-1', 'size:10485760 size:20971520', 'size:10485760;reboot', 'files:3']) await wrong(argument, /size:BYTES/);
    const none = await cli('node', 'vacuum', 'tower');
    assert.equal(none.code, 2);
    assert.match(none.err, /--size 500M, --age 14d or both/);
    for (const [option, value] of [['--size', 'many'], ['--size', '0'], ['--size', '-5M'], ['--age', 'old']]) {
        const r = await cli('node', 'vacuum', 'tower', option, value);
        assert.equal(r.code, 2, `${option} ${value}`);
    }
    for (const who of [vera, otto]) {
        assert.equal((await who.post('/api/web/jobs', { verb: 'journal.vacuum', node: 'tower', argument: 'size:10485760' })).status, 403);
        assert.equal((await who.post('/api/web/jobs', { verb: 'container.truncate-log', service: 'tower/docker/talker' })).status, 403);
    }
});

test('one container\'s log is emptied, and it goes on to be written', async () => {
    const j = await empty('talker');
    assert.equal(j.state, 'done', j.text);
    assert.match(j.text, /^The log of talker is empty: [\d.]+ MB are free again\.$/);
    assert.equal(j.title, 'Empty the log of talker on tower');
    await until(async () => /still here/.test(await docker('GET', '/containers/talker/logs?stdout=1')), 60000, 'what it prints from then on');
    const { containers } = await usage();
    assert.ok(containers.items.find(c => c.name === 'talker').bytes < MB);
    const r = await cli('service', 'truncate-log', 'tower/docker/quiet');
    assert.equal(r.code, 0, r.out + r.err);
    assert.match(r.out, /The log of quiet is empty: 0 bytes are free again/);
});

test('what is refused is not done', async () => {
    const refused = async (name, words, state = 'refused') => { const j = await empty(name); assert.equal(j.state, state, j.text); assert.match(j.text, words); };
    const guarded = await logOf('guarded');
    const size = fs.statSync(guarded.at).size;
    await refused('guarded', /does not allow container\.truncate-log on docker\/guarded: add it to allow in/);
    const direct = unit => m.run('runuser', '-u', 'hydra-agent', '--', 'busctl', 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'StartUnit', 'ss', unit, 'replace');
    assert.match((await direct('hydra-root@empty:guarded:x.service')).err, /denied|authenti/i, 'polkit asks the policy, whatever the agent says');
    await m.run(path.join(root, 'build/hydra-agent-helper'), 'empty:guarded:x');
    assert.equal(fs.statSync(guarded.at).size, size, 'the helper asks the policy, too');
    m.policy('allow:\n- do: container.truncate-log\n- do: logs\n');
    await refused('mute', /Docker keeps no file of what mute prints: its log driver is none, not json-file/);
    assert.match((await act({ verb: 'journal.vacuum', node: 'tower', argument: 'size:10485760' })).text, /does not allow journal\.vacuum: add it to allow in/);

    const { at } = await logOf('linked');
    fs.writeFileSync(path.join(m.root, 'precious'), 'x'.repeat(100));
    fs.linkSync(at, `${at}.second`);
    await refused('linked', /has a second name on this disk: it is left alone/, 'failed');
    fs.rmSync(`${at}.second`);
    fs.renameSync(at, `${at}.aside`);
    fs.symlinkSync('/precious', at);
    await refused('linked', /symbolic link is on the way/, 'failed');
    assert.equal(fs.statSync(path.join(m.root, 'precious')).size, 100);
    fs.rmSync(at);
    fs.renameSync(`${at}.aside`, at);
    const id = path.basename(path.dirname(at));
    assert.match((await m.run(path.join(root, 'build/hydra-agent-helper'), `empty:${id}:y`)).out, /refused: There is no container/, 'a name, never an id');
    assert.equal((await empty('linked')).state, 'done');
    m.policy(allow);
});

test('without Docker there is still the journal', async () => {
    await stopDocker();
    const a = await until(async () => { const u = await usage(); return !u.containers && u; }, 60000, 'no Docker');
    assert.match(a.containers_text, /Docker/);
    assert.ok(a.journal.bytes > 0);
});
