// An agent is upgraded by its hub: a good program takes over, a bad one does not, and whatever is killed in between one of the two is there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, plainEnvironment, root, run, scratchFolder, sleep, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';

const built = name => path.join(root, 'build', name === 'hydra-agent' ? name : `tests/system/${name}`), cli = path.join(root, 'build/hydra');
const dir = scratchFolder(), state = path.join(dir, 'state'), program = path.join(dir, 'bin/hydra-agent'), programs = path.join(dir, 'programs'), policy = path.join(dir, 'agent.yaml');
let h, admin, agent, env, ours;

const versionOf = async file => (await run(file, ['version'])).out.trim().split(' ')[1];
/** Puts a file there as it is, with a name of its own: what runs is not touched. */
const put = (from, to) => { fs.copyFileSync(from, `${to}~`); fs.chmodSync(`${to}~`, 0o755); fs.renameSync(`${to}~`, to); };

/** `before`: a program that starts it, with its arguments. */
function start(before = []) {
    const [first, ...rest] = [...before, program, '--state', state, '--docker', 'unix:///nonexistent', '--policy', policy, '--trial', '5'];
    agent = spawn(first, rest, { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    agent.err = '';
    agent.stderr.on('data', d => { agent.err += d; });
    agent.exited = new Promise(r => agent.on('exit', (code, signal) => r(signal ?? code)));
}
const hydra = args => run(cli, args, { env, timeout: 90000 });
const node = async () => (await admin.get('/api/web/nodes')).json?.nodes.find(n => n.id === 'tower');
const linked = () => until(() => /connected .*node=tower/.test(agent.err), 60000, () => `the link: ${agent.err}`);
const online = version => until(async () => { const n = await node(); return n?.state === 'online' && n.agent.connected && (!version || n.agent.version === version) && n; }, 60000, `tower with ${version ?? 'any version'}`);
const job = async id => (await admin.get(`/api/web/jobs/${id}`)).json;
const end = id => until(async () => { const j = await job(id); return !['waiting', 'running'].includes(j.state) && j; }, 90000, 'the end of the job');

/** The hub hands out that program, and says so. */
async function offer(name) {
    for (const f of fs.readdirSync(programs)) fs.rmSync(path.join(programs, f));
    put(built(name), path.join(programs, 'hydra-agent'));
    const version = name === 'hydra-agent-lie' ? '99.4.0' : await versionOf(built(name));
    await h.restart();
    await until(async () => (await node())?.agent.upgrade === version, 60000, `the offer of ${version}`);
    await online();
    return version;
}

before(async () => {
    for (const d of [path.dirname(program), programs]) fs.mkdirSync(d, { recursive: true });
    put(built('hydra-agent'), program);
    ours = await versionOf(program);
    fs.writeFileSync(policy, 'allow:\n  - do: [unit.restart, logs]\n');
    h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`, '--agent-programs', programs] });
    admin = await h.setUp();
    env = { HYDRA_URL: h.base, HYDRA_TOKEN: (await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] })).json.secret, HOME: dir };
    const token = await h.verb(['node', 'add', 'tower']);
    assert.equal((await run(program, ['enroll', '-', '--state', state], { input: token.out })).code, 0);
    start();
    await online(ours);
});
after(async () => {
    agent?.kill('SIGKILL');
    await h?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

test('without a newer one there is nothing to do; what the policy does not name is refused', async () => {
    const none = await hydra(['node', 'upgrade', 'tower']);
    assert.equal(none.code, 2);
    assert.match(none.err, /no newer agent for tower: it runs .* on (x86_64|aarch64)/);
    assert.match((await hydra(['node', 'upgrade', 'hub'])).err, /watched by hydrad itself/);
    assert.match((await hydra(['node', 'upgrade', '--all'])).out, /up to date/);
    await offer('hydra-agent-next');
    const refused = await hydra(['node', 'upgrade', 'tower']);
    assert.equal(refused.code, 2, refused.out);
    assert.match(refused.err, /policy of this node does not allow agent\.upgrade: add it to allow/);
    fs.writeFileSync(policy, 'allow:\n  - do: [unit.restart, logs, agent.upgrade]\n');
});

test('programs that are no good leave the old one, and the job says why', async () => {
    for (const [name, why] of [['crash', /was no good here: it was ended by signal 6\. .* goes on/], ['hang', /was no good here: the hub did not confirm it within 5 s/], ['lie', /Nothing was replaced: the new program does not start on this node/]]) {
        await offer(`hydra-agent-${name}`);
        const r = await hydra(['node', 'upgrade', 'tower']);
        assert.equal(r.code, 1, `${name}: ${r.out}${r.err}`);
        assert.match(r.err, why);
        assert.equal(await versionOf(program), ours);
        assert.ok(!fs.existsSync(`${program}.new`));
        await online(ours);
        assert.equal(agent.exitCode, null, 'the same process all the time');
    }
});

test('whatever is killed in between, one of the two is there, and the job says which', async () => {
    const version = await offer('hydra-agent-next');
    const seen = new Set();
    for (const delay of [0, 40, 90, 160, 260, 420, 700, 1100, 1500]) {
        agent.kill('SIGKILL');
        await agent.exited;
        put(built('hydra-agent'), program);
        start();
        await linked();
        await online(ours);
        const ordered = await admin.post('/api/web/jobs', { verb: 'agent.upgrade', node: 'tower' });
        assert.equal(ordered.status, 202, ordered.text);
        await sleep(delay);
        agent.kill('SIGKILL');
        await agent.exited;
        await sleep(100); // who was on trial ends with its judge
        const there = await versionOf(program);
        assert.ok([ours, version].includes(there), there);
        start();
        await linked();
        await online(there);
        const j = await end(ordered.json.id);
        seen.add(`${there === version ? 'new' : 'old'} ${j.state}`);
        if (there === version) assert.ok(['done', 'lost'].includes(j.state), `${delay} ms: ${j.state} ${j.text}`);
        else assert.ok(['failed', 'lost', 'refused'].includes(j.state), `${delay} ms: ${j.state} ${j.text}`);
    }
    assert.ok(seen.size >= 1, [...seen].join());
    agent.kill('SIGKILL');
    await agent.exited;
    put(built('hydra-agent'), program);
    start();
    await linked();
    await online(ours);
});

test('a good one takes over in the same process, and the old one is kept', async () => {
    const version = (await node()).agent.upgrade;
    const pid = agent.pid, table = await hydra(['nodes', '-o', 'json']);
    const row = JSON.parse(table.out).find(n => n.node === 'tower');
    assert.deepEqual([row.agent, row.upgrade], [ours, version]);
    const r = await hydra(['node', 'upgrade', '--all']);
    assert.equal(r.code, 0, r.err + r.out);
    assert.match(r.out, /Upgrade the agent of tower: done\. The agent is 99\.1\.0 now/);
    assert.equal(agent.exitCode, null);
    assert.equal(fs.readlinkSync(`/proc/${pid}/exe`), program);
    assert.equal(await versionOf(program), version);
    assert.equal(await versionOf(`${program}.old`), ours);
    const n = await online(version);
    assert.equal(n.agent.upgrade, null);
    const begun = (await admin.get('/api/web/audit?action=job.begin')).json.entries[0];
    assert.deepEqual([begun.actor, begun.target], ['ada', 'tower']);
    agent.kill('SIGTERM');
    assert.equal(await agent.exited, 0);
});

test('what a package or an image brought is not replaced: the sentence says how', async () => {
    put(built('hydra-agent'), program);
    fs.chmodSync(path.dirname(program), 0o555);
    try {
        const uid = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all'];
        fs.chownSync(state, 65534, 65534);
        for (const f of fs.readdirSync(state, { recursive: true })) fs.chownSync(path.join(state, f), 65534, 65534);
        for (let d = dir; d !== '/tmp' && d !== '/'; d = path.dirname(d)) fs.chmodSync(d, 0o755);
        start(['setpriv', ...uid]);
        await linked();
        await online(ours);
        const n = await until(async () => { const x = await node(); return x.agent.upgrade_obstacle && x; }, 60000, 'the obstacle');
        assert.match(n.agent.upgrade_obstacle, /may not write to .*bin, where its program is/);
        const r = await hydra(['node', 'upgrade', 'tower']);
        assert.equal(r.code, 2);
        assert.match(r.err, /can't be upgraded from here\. The agent may not write/);
    } finally {
        fs.chmodSync(path.dirname(program), 0o755);
    }
});
