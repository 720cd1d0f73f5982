// Power by a management controller: another node asks it for one that may be away.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Bmc, freeUdpPort } from './lib/bmc.mjs';
import { ForeignAgent } from './lib/foreign-agent.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';
import { Watch } from './lib/watch.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const cli = path.join(root, 'build/hydra');
const dir = scratchFolder();
let bmc, h, admin, agent, env;

const token = async node => (await admin.post('/api/web/enrolments', { node })).json.token;
const over = id => until(async () => { const j = (await admin.get(`/api/web/jobs/${id}`)).json; return !['waiting', 'running'].includes(j.state) && j; }, 120000, 'the end of the job');
const order = (argument, more = {}) => admin.post('/api/web/jobs', { verb: 'machine.power', node: 'nas', argument, ...more });
async function power(argument, more) {
    const ordered = await order(argument, more);
    assert.equal(ordered.status, 202, ordered.text);
    return over(ordered.json.id);
}
const hydra = args => run(cli, args, { env });
const policy = text => fs.writeFileSync(path.join(dir, 'agent.yaml'), text);
const offers = async () => (await admin.get('/api/web/actions/nas')).json.actions.filter(a => a.verb === 'machine.power');

before(async () => {
    bmc = await Bmc.start(path.join(dir, 'bmc'));
    h = await Hydrad.start({ args: ['--node', 'tower', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
    const made = await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] });
    env = { HYDRA_URL: h.base, HYDRA_TOKEN: made.json.secret, HOME: dir };
    policy('allow: [{do: machine.power, on: "127.0.0.1:*"}]\n');
    const enrolled = await run(program, ['enroll', await token('helper'), '--state', path.join(dir, 'state')]);
    assert.equal(enrolled.code, 0, enrolled.err);
    agent = spawn(program, ['--state', path.join(dir, 'state'), '--policy', path.join(dir, 'agent.yaml')], { env: plainEnvironment(), stdio: 'ignore' });
    // The node that is switched: it was there once, and is away.
    const secret = await token('nas'), nas = await new ForeignAgent().meet(secret);
    assert.equal((await nas.enrol(secret)).code, 0);
    await until(async () => (await admin.get('/api/web/nodes')).json.nodes.find(n => n.id === 'helper')?.state === 'online', 60000, 'helper');
});
after(async () => {
    agent?.kill('SIGKILL');
    await bmc?.stop();
    await h?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

test('a controller is set, by a node that can reach it, and its password is never told again', async () => {
    const where = '/api/web/nodes/nas/bmc';
    assert.deepEqual((await admin.get(where)).json, { set: false, address: null, user: null, via: null, hub_node: 'tower', changed: null, changed_by: null });
    assert.deepEqual(await offers(), [], 'without one nothing is offered');
    const unknown = await order('status');
    assert.match(unknown.json.detail, /knows no management controller \(BMC\) of nas/);

    for (const [body, field] of [
        [{ address: '-H evil', user: 'admin', password: 'x', via: 'helper' }, 'address'],
        [{ address: '10.0.0.1:99999', user: 'admin', password: 'x', via: 'helper' }, 'address'],
        [{ address: '10.0.0.1', user: 'a'.repeat(17), password: 'x', via: 'helper' }, 'user'],
        [{ address: '10.0.0.1', user: 'admin', password: 'x'.repeat(21), via: 'helper' }, 'password'],
        [{ address: '10.0.0.1', user: 'admin', password: 'x', via: 'nas' }, 'via'],
        [{ address: '10.0.0.1', user: 'admin', password: 'x', via: 'nobody' }, 'via'],
        [{ address: '10.0.0.1', user: 'admin', via: 'helper' }, 'password'],
    ]) {
        const r = await admin.put(where, body);
        assert.deepEqual([r.status, r.json.field], [400, field], r.text);
    }
    assert.equal((await admin.get('/api/web/nodes/nobody/bmc')).status, 404);
    assert.match((await admin.put('/api/web/nodes/tower/bmc', { address: '10.0.0.1', user: 'admin', password: 'x' })).json.detail, /tower can't ask its own controller/);

    const set = await admin.put(where, { address: bmc.address, user: 'admin', password: bmc.password, via: 'helper' });
    assert.equal(set.status, 200, set.text);
    assert.deepEqual([set.json.set, set.json.address, set.json.user, set.json.via], [true, bmc.address, 'admin', 'helper']);
    const audit = await admin.get('/api/web/audit?action=bmc.set');
    assert.match(audit.text, /\*\*\*/);
    for (const answer of [set, audit, await admin.get(where)]) assert.ok(!answer.text.includes(bmc.password));

    // Neither to another address nor by another node without being said again.
    for (const other of [{ address: '127.0.0.1:9', via: 'helper' }, { address: bmc.address, via: null }]) {
        const moved = await admin.put(where, { user: 'admin', ...other });
        assert.deepEqual([moved.status, moved.json.field], [400, 'password'], moved.text);
        assert.match(moved.json.detail, /given to no other address/);
    }
    assert.equal((await admin.put(where, { address: bmc.address, user: 'admin', via: 'helper' })).status, 200);
});

test('it is offered with its words, each with what it will do', async () => {
    const all = await offers();
    assert.deepEqual(all.map(a => [a.argument, a.danger]), [['status', false], ['on', false], ['soft', true], ['off', true], ['cycle', true], ['reset', true]]);
    assert.ok(all.every(a => a.allowed && a.confirm.includes('nas') && a.permission === 'node:reboot'), JSON.stringify(all));
    policy('allow: [{do: machine.power, on: 10.0.0.9}]\n');
    await until(async () => (await offers())[0].allowed === false, 60000, 'the policy to be told');
    assert.match((await offers())[0].why, /policy/);
    assert.equal((await power('status')).state, 'refused');
    policy('allow: [{do: machine.power, on: "127.0.0.1:*"}]\n');
    await until(async () => (await offers())[0].allowed, 60000, 'the policy to be told');
});

test('status, off, on, cycle, reset: over the real protocol, and the state is seen afterwards', async () => {
    const asked = await power('status');
    assert.deepEqual([asked.state, asked.text, asked.node, asked.title], ['done', 'nas is on.', 'helper', 'Power: status nas, by its controller from helper']);
    const off = await power('off');
    assert.equal(off.state, 'done', off.text);
    assert.match(off.text, /^nas was switched off at once, in /);
    assert.equal(bmc.on, false);
    assert.match((await power('off')).text, /^nas was off already\.$/);
    for (const word of ['cycle', 'reset']) {
        const j = await power(word);
        assert.deepEqual([j.state, j.text], ['failed', 'nas is off: switch it on instead.']);
    }
    assert.match((await power('on')).text, /^nas was switched on, in /);
    assert.equal(bmc.on, true);
    assert.match((await power('reset')).text, /^nas was reset, in /);
    assert.ok(bmc.calls.includes('reset 1'), bmc.calls.join());
    const cycled = await power('cycle');
    assert.match(cycled.text, /^nas was switched off and on again, in /, cycled.text);
    assert.equal(bmc.on, true);
    const wrong = await order('explode');
    assert.deepEqual([wrong.status, wrong.json.field], [400, 'argument']);
    assert.equal((await order('')).status, 400);
});

test('hydra node bmc and hydra node power do the same, with exit codes', async () => {
    const shown = await hydra(['node', 'bmc', 'nas']);
    assert.equal(shown.out, `${bmc.address} as admin, asked by helper\n`, shown.err);
    fs.writeFileSync(path.join(dir, 'password'), `${bmc.password}\n`);
    const set = await hydra(['node', 'bmc', 'nas', '--user', 'admin', '--password-file', path.join(dir, 'password')]);
    assert.equal(set.code, 0, set.err);
    const soft = await hydra(['node', 'power', 'nas', 'soft']);
    assert.deepEqual([soft.code, /nas was shut down/.test(soft.out)], [0, true], soft.err);
    assert.ok(bmc.calls.includes('shutdown 1'), bmc.calls.join());
    assert.equal((await hydra(['node', 'power', 'nas', 'cycle'])).code, 1);
    const on = await hydra(['node', 'power', 'nas', 'on']);
    assert.equal(on.code, 0, on.err);
    assert.equal((await hydra(['node', 'power', 'nas', 'explode'])).code, 2);
});

test('what protects the node stands against it, but not against looking and switching on', async () => {
    assert.equal((await admin.put('/api/web/guard', { rules: [{ services: ['nas'] }] })).status, 200);
    const refused = await order('cycle');
    assert.deepEqual([refused.status, refused.json.type.split('/').at(-1)], [409, 'guarded'], refused.text);
    assert.deepEqual((await offers()).map(a => !!a.guard), [false, false, true, true, true, true]);
    assert.equal((await power('status')).state, 'done');
    assert.equal((await power('reset', { force: true })).state, 'done');
    assert.equal((await admin.put('/api/web/guard', { rules: [] })).status, 200);
});

test('a wrong password, a wrong user, too few rights, nobody there: each is said', async () => {
    const set = (more) => admin.put('/api/web/nodes/nas/bmc', { address: bmc.address, user: 'admin', password: bmc.password, via: 'helper', ...more });
    const says = async (more, sentence) => {
        assert.equal((await set(more)).status, 200);
        const j = await power('status');
        assert.equal(j.state, 'failed');
        assert.match(j.text, sentence);
    };
    await says({ password: 'wrong' }, /does not take the password of "admin"/);
    await says({ user: 'stranger' }, /knows no user "stranger"/);
    await says({ address: `127.0.0.1:${await freeUdpPort()}` }, /No controller answers at 127\.0\.0\.1/);
    assert.equal((await set({})).status, 200);
});

test('the password is in no file, no list of processes, no log', async () => {
    const watch = [];
    const look = setInterval(() => {
        for (const pid of fs.readdirSync('/proc').filter(p => /^\d+$/.test(p)))
            try { watch.push(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')); } catch { /* it ended */ }
    }, 20);
    assert.equal((await power('status')).state, 'done');
    clearInterval(look);
    assert.ok(watch.some(c => c.includes('ipmitool') && c.includes('lanplus')), 'it was seen at work');
    assert.ok(!watch.some(c => c.includes('ipmitool') && c.includes(bmc.password)));
    const found = await run('grep', ['-rlaF', bmc.password, path.join(dir, 'state'), h.dir]);
    assert.equal(found.out, '');
    assert.match(fs.readFileSync(path.join(dir, 'state/commands.jsonl'), 'utf8'), /"verb":"machine\.power","target":"bmc\/127\.0\.0\.1:\d+","argument":"status nas"/);
});

test('it outlives a restart of hydrad; a viewer and an operator see nothing of it', async () => {
    await h.stop();
    await h.start();
    await until(async () => (await admin.get('/api/web/nodes')).json?.nodes?.find(n => n.id === 'helper')?.state === 'online', 60000, 'helper back');
    await until(async () => (await power('status')).text === 'nas is on.', 60000, 'an answer');
    for (const role of ['viewer', 'operator']) {
        assert.equal((await admin.post('/api/web/users', { name: role, password: 'a long enough password', role })).status, 201);
        const them = await h.signIn(role, 'a long enough password');
        assert.equal((await them.get('/api/web/nodes/nas/bmc')).status, 403);
        assert.equal((await them.post('/api/web/jobs', { verb: 'machine.power', node: 'nas', argument: 'off' })).status, 403);
        assert.ok(!(await them.get('/api/web/actions/nas')).text.includes('machine.power'));
    }
    assert.equal(bmc.on, true);
});

test('an admin with limits reaches the controllers of nodes within them, asked by nodes within them', async () => {
    const them = {};
    for (const [name, limits] of [['both', 'node:nas, node:helper'], ['one', 'node:nas'], ['other', 'node:helper']]) {
        assert.equal((await admin.post('/api/web/users', { name, password: 'a long enough password', role: 'admin', limits })).status, 201);
        them[name] = await h.signIn(name, 'a long enough password');
    }
    const where = '/api/web/nodes/nas/bmc', body = { address: bmc.address, user: 'admin', password: bmc.password };
    assert.equal((await them.both.get(where)).json.via, 'helper');
    assert.equal((await them.both.put(where, { ...body, via: 'helper' })).status, 200);
    assert.equal((await them.one.put(where, { ...body, via: 'helper' })).status, 403, 'helper is not theirs');
    assert.equal((await them.both.put(where, body)).status, 403, 'nor is the hub\'s own machine');
    for (const r of [them.other.get(where), them.other.put(where, { ...body, via: 'helper' }), them.other.delete(where)]) assert.equal((await r).status, 403);
    assert.equal((await power('status')).text, 'nas is on.');
});

test('without ipmitool its absence is told, with what to do; without a password nothing is done', async () => {
    const tree = path.join(dir, 'tree');
    fs.mkdirSync(tree);
    for (const [root, sentence] of [[['--root', tree], /ipmitool is not installed on this node\. On Debian: apt install ipmitool/], [[], /No user and password|Say status, on/]]) {
        const w = new Watch([...root, '--docker', 'unix:///nowhere.sock', '--dbus', 'unix:path=/nowhere', '--policy', path.join(dir, 'agent.yaml')]);
        const o = await w.command('bare', 'machine.power', `bmc/${bmc.address}`, 'status');
        assert.equal(o.state, 'failed');
        assert.match(o.text, sentence);
        await w.stop();
    }
});

// A node whose ipmitool says what the test has it say: each call takes a file of its own, `1`, `2`, …, and waits until it is there.
function scripted(t, name) {
    const tree = path.join(dir, name);
    fs.mkdirSync(path.join(tree, 'usr/bin'), { recursive: true });
    fs.writeFileSync(path.join(tree, 'calls'), '');
    fs.writeFileSync(path.join(tree, 'usr/bin/ipmitool'), `#!/bin/sh
for word; do :; done
echo "$word" >> ${tree}/calls
n=$(wc -l < ${tree}/calls)
while ! [ -e ${tree}/$n ]; do sleep 0.05; done
. ${tree}/$n
`, { mode: 0o755 });
    const watch = new Watch(['--root', tree, '--docker', 'unix:///nowhere.sock', '--dbus', 'unix:path=/nowhere', '--policy', path.join(dir, 'agent.yaml')]);
    t.after(() => watch.stop('SIGKILL'));
    return {
        watch,
        calls: () => fs.readFileSync(path.join(tree, 'calls'), 'utf8').split('\n').filter(Boolean),
        says(n, script) {
            fs.writeFileSync(path.join(tree, `${n}.new`), `${script}\n`);
            fs.renameSync(path.join(tree, `${n}.new`), path.join(tree, `${n}`));
        },
        order: (id, argument) => watch.say(`${id} machine.power bmc/127.0.0.1:9 argument=${argument} secret=admin,pw`),
    };
}
const silent = 'echo "Error: Unable to establish IPMI v2 / RMCP+ session"; exit 1';

test('a controller that misses an answer while it switches is asked again; one that does before is not', async t => {
    const s = scripted(t, 'misses');
    s.says(1, 'echo "Chassis Power is on"');
    s.says(2, 'echo "Chassis Power Control: Down/Off"');
    s.says(3, silent);
    s.says(4, 'echo "Get Chassis Power Status failed: Node busy"; exit 1');
    s.says(5, 'echo "Chassis Power is on"');
    s.says(6, 'echo "Chassis Power is off"');
    s.order('misses', 'off');
    const ended = await s.watch.end('misses');
    assert.deepEqual([ended.state, /was switched off at once, in /.test(ended.text)], ['done', true], ended.text);
    assert.deepEqual(s.calls(), ['status', 'off', 'status', 'status', 'status', 'status']);
    assert.deepEqual(s.watch.outcomes('misses').filter(o => o.state === 'running').map(o => o.step).slice(-3), [
        'waiting until 127.0.0.1 is off', 'its controller took it, and gives no answer since: asking again', 'waiting until 127.0.0.1 is off',
    ]);
    s.says(7, silent);
    s.order('before', 'on');
    const before = await s.watch.end('before');
    assert.equal(before.state, 'failed');
    assert.match(before.text, /Unable to establish|No controller answers/);
    await s.watch.stop();
});

test('questions to the node are answered while controllers are silent, and it ends at once', async t => {
    const s = scripted(t, 'silent');
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) s.watch.say(`${id} machine.power bmc/127.0.0.1:${id.charCodeAt(0)} argument=status secret=admin,pw`);
    await until(() => s.calls().length === 4, 60000, 'all threads of the orders to wait');
    const mounts = await s.watch.inspect('mounts');
    assert.match(mounts.text, /does not tell what is mounted/); // a thread has looked: the tree has no /proc
    assert.equal(s.calls().length, 4);
    for (let n = 1; n <= 6; n++) s.says(n, 'echo "Chassis Power is on"');
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) assert.equal((await s.watch.end(id)).state, 'done');
    s.order('left', 'status');
    await until(() => s.calls().length === 7, 60000, 'one more that waits');
    assert.deepEqual(await s.watch.stop(), { code: 0, signal: null });
});

test('what is forgotten is gone, and goes with its node', async () => {
    assert.equal((await admin.delete('/api/web/nodes/nas/bmc')).status, 204);
    assert.equal((await admin.delete('/api/web/nodes/nas/bmc')).status, 404);
    assert.equal((await admin.put('/api/web/nodes/nas/bmc', { address: bmc.address, user: 'admin', password: bmc.password, via: 'helper' })).status, 200);
    assert.equal((await hydra(['node', 'bmc', 'nas', '--remove'])).code, 0);
    assert.equal((await admin.get('/api/web/nodes/nas/bmc')).json.set, false);
    assert.equal((await admin.put('/api/web/nodes/nas/bmc', { address: bmc.address, user: 'admin', password: bmc.password, via: 'helper' })).status, 200);
    assert.equal((await admin.delete('/api/web/nodes/nas')).status, 204);
    assert.ok((await admin.get('/api/web/audit?action=bmc.remove')).json.entries.length >= 2);
});
