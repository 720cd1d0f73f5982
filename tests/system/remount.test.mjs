// mount.remount on a machine with a real systemd: a file system that hangs, one that is gone, one that is in use; by a unit and by a line of
// /etc/fstab; and everything that is refused. The agent and its helper as they are shipped.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { AgentMachine } from './lib/agent-machine.mjs';
import { Hydrad, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';

const dir = scratchFolder(), build = process.env.HYDRA_BUILD ?? path.join(root, 'build');
const allow = 'allow:\n- do: mount.remount\n  on: [/mnt/nas, /mnt/line, /mnt/slow, docker/web, /mnt/broken, /mnt/nowhere, /mnt/outer]\n- do: logs\n';
let m, h, admin, vera, otto, tunnel, cli;

before(async () => {
    m = AgentMachine.start(dir + '/machine', {
        'mnt-nas.mount': '[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=tmpfs\nWhere=/mnt/nas\nType=tmpfs\n',
        'mnt-broken.mount': '[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=/dev/nothing\nWhere=/mnt/broken\nType=ext4\n',
        'mnt-slow.mount': '[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=nothing\nWhere=/mnt/slow\nType=slow\n',
        'mnt-outer-inner.mount': '[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=tmpfs\nWhere=/mnt/outer/inner\nType=tmpfs\n',
    });
    m.write('etc/fstab', 'tmpfs /mnt/line tmpfs size=1m 0 0\ntmpfs /mnt/outer tmpfs size=1m 0 0\nnas:/films /mnt/films nfs4 hard,noauto 0 0\n');
    await m.ok('mkdir', '-p', '/mnt/nas', '/mnt/line', '/mnt/broken', '/mnt/slow', '/mnt/outer', '/mnt/nowhere', '/etc/hydra');
    m.policy(allow);
    const port = await freePort();
    h = await Hydrad.start({ args: ['--agents', `127.0.0.1:${port}`] });
    admin = await h.setUp();
    vera = await h.person(admin, 'vera', 'viewer');
    otto = await h.person(admin, 'otto', 'operator');
    const { token } = (await admin.post('/api/web/enrolments', { node: 'tower' })).json;
    tunnel = await m.reach(port);
    await m.installAgent(token);
    await until(async () => (await admin.get('/api/web/nodes/tower')).json.os, 60000, 'the node');
    const { secret } = (await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] })).json;
    cli = (...words) => run(path.join(root, 'build/hydra'), words, { env: { HYDRA_URL: h.base, HYDRA_TOKEN: secret, HOME: dir } });
});
after(async () => {
    tunnel?.stop();
    await h?.done();
    m?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
});

const mounted = async at => (await m.ok('cat', '/proc/mounts')).split('\n').map(l => l.split(' ')).filter(w => w[1] === at).map(w => w[2]);
const order = (who, target) => who.post('/api/web/jobs', { verb: 'mount.remount', node: 'tower', target });
async function remount(target, who = admin) {
    const r = await order(who, target);
    assert.equal(r.status, 202, JSON.stringify(r.json));
    return until(async () => { const j = (await who.get(`/api/web/jobs/${r.json.id}`)).json; return j.ended && j; }, 120000, `the end of ${r.json.title}`);
}
const known = async at => (await admin.get('/api/web/nodes/tower/mounts')).json.mounts.find(x => x.mount === at);

test('what hangs is taken off by force and mounted again by its unit; the agent never waits', async () => {
    await m.ok('sh', '-c', '[ -e /dev/fuse ] || mknod /dev/fuse c 10 229');
    const fuse = spawn('nsenter', ['-t', m.leader, '-m', '--', path.join(root, 'tests/system/hanging-mount'), '/mnt/nas'], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
        await new Promise((resolve, reject) => { fuse.stdout.once('data', resolve); fuse.once('exit', c => reject(new Error(`hanging-mount ended with ${c}`))); });
        const item = await until(async () => (await admin.get('/api/web/overview')).json.attention.find(a => a.mount === '/mnt/nas'), 60000, 'a word of it where attention is asked for');
        assert.equal(item.node, 'tower');
        const offers = (await otto.get('/api/web/actions/tower?mount=/mnt/nas')).json.actions;
        assert.deepEqual(offers.map(a => [a.verb, a.allowed, a.permission]), [['mount.remount', true, 'service:restart']]);
        assert.deepEqual((await vera.get('/api/web/actions/tower?mount=/mnt/nas')).json.actions, []);
        const before = await known('/mnt/nas');
        assert.deepEqual([before.mounted, before.type, before.configured, before.unit, before.allowed], [true, 'fuse.sshfs', 'unit', 'mnt-nas.mount', true]);
        const j = await remount('/mnt/nas', otto);
        assert.equal(j.state, 'done', j.text + j.output);
        assert.match(j.text, /^\/mnt\/nas is mounted again, after \d+\.\d s\./);
        assert.equal(j.title, 'Remount /mnt/nas on tower');
        assert.deepEqual(await mounted('/mnt/nas'), ['tmpfs']);
        await until(async () => !(await admin.get('/api/web/overview')).json.attention.some(a => a.mount === '/mnt/nas'), 60000, 'its end where attention is asked for');
    } finally {
        fuse.kill('SIGKILL');
    }
});

test('what is gone is mounted', async () => {
    await m.ok('systemctl', 'stop', 'mnt-nas.mount');
    assert.deepEqual(await mounted('/mnt/nas'), []);
    assert.equal((await known('/mnt/nas')).mounted, false);
    const r = await cli('node', 'remount', 'tower', '/mnt/nas');
    assert.equal(r.code, 0, r.out + r.err);
    assert.match(r.out, /mounted again/);
    assert.equal(await m.is('active', 'mnt-nas.mount'), 'active');
    const table = await cli('node', 'mounts', 'tower');
    assert.match(table.out, /\/mnt\/nas +tmpfs +tmpfs +(yes|true)/);
    assert.match(table.out, /\/mnt\/films +nas:\/films +nfs4 +(no|false)/);
});

test('who has files of it open is told before and after', async () => {
    const holder = spawn('nsenter', ['-t', m.leader, '-m', '-p', '--', 'sh', '-c', 'exec 3>/mnt/nas/held; exec sleep 30000'], { stdio: 'ignore' });
    try {
        await until(async () => (await known('/mnt/nas')).users.some(u => u.name === 'sleep' && u.files >= 1), 60000, 'who holds it');
        const j = await remount('/mnt/nas');
        assert.equal(j.state, 'done', j.text + j.output);
        assert.match(j.text, /1 process had files of it open, which stay with the old mount/);
        assert.match(j.output, /\d+ sleep: 1 file\n/);
        assert.deepEqual(await mounted('/mnt/nas'), ['tmpfs']);
    } finally {
        holder.kill('SIGKILL');
    }
});

test('by a line of /etc/fstab that systemd has not heard of', async () => {
    const j = await remount('/mnt/line');
    assert.equal(j.state, 'done', j.text + j.output);
    assert.deepEqual(await mounted('/mnt/line'), ['tmpfs']);
    assert.equal((await remount('/mnt/line')).state, 'done');
    assert.deepEqual(await mounted('/mnt/line'), ['tmpfs'], 'never two over one another');
});

test('an agent that is killed meanwhile sees how it ends', async () => {
    m.write('usr/sbin/mount.slow', '#!/bin/sh\nsleep 6\nexec mount -t tmpfs nothing "$2"\n');
    await m.ok('chmod', '755', '/usr/sbin/mount.slow');
    const r = await order(admin, '/mnt/slow');
    const job = async () => (await admin.get(`/api/web/jobs/${r.json.id}`)).json;
    await until(async () => JSON.stringify(await job()).includes('"mounting"'), 60000, 'it mounts');
    await m.ok('systemctl', 'kill', '-s', 'KILL', 'hydra-agent');
    const j = await until(async () => { const now = await job(); return now.ended && now; }, 120000, 'its end');
    assert.equal(j.state, 'done', j.text + j.output);
    assert.deepEqual(await mounted('/mnt/slow'), ['tmpfs']);
});

test('an agent that loses D-Bus meanwhile sees how it ends', async () => {
    const r = await order(admin, '/mnt/slow');
    const job = async () => (await admin.get(`/api/web/jobs/${r.json.id}`)).json;
    await until(async () => JSON.stringify(await job()).includes('"mounting"'), 60000, 'it mounts');
    await m.ok('systemctl', 'restart', 'dbus');
    const j = await until(async () => { const now = await job(); return now.ended && now; }, 120000, 'its end');
    assert.equal(j.state, 'done', j.text + j.output);
    assert.match(j.text, /^\/mnt\/slow is mounted again/);
    assert.deepEqual(await mounted('/mnt/slow'), ['tmpfs']);
});

test('an error says nothing of what is mounted: that is looked up, and mended or told', async () => {
    m.write('etc/systemd/system/hydra-root@.service.d/lie.conf', `[Service]\nEnvironment=LD_PRELOAD=${build}/tests/system/lying-umount.so\n`);
    await m.ok('systemctl', 'daemon-reload');
    try {
        for (const [word, state, words] of [
            ['late', 'done', /^\/mnt\/nas is mounted again, after/],
            ['hang', 'done', /^\/mnt\/nas is mounted again, after/],
            ['refuse', 'failed', /^\/mnt\/nas could not be mounted again\. It can't be unmounted: Operation not permitted\. What was mounted there still is\.$/],
        ]) {
            const holder = spawn('nsenter', ['-t', m.leader, '-m', '-p', '--', 'sh', '-c', 'exec 3>/mnt/nas/held; exec sleep 30000'], { stdio: 'ignore' });
            try {
                await until(async () => (await known('/mnt/nas')).users.some(u => u.name === 'sleep'), 60000, 'who holds it');
                m.write('run/lying-umount', word);
                const j = await remount('/mnt/nas');
                assert.equal(j.state, state, j.text);
                assert.match(j.text, words);
                assert.deepEqual(await mounted('/mnt/nas'), ['tmpfs'], word);
            } finally {
                holder.kill('SIGKILL');
            }
        }
    } finally {
        fs.rmSync(path.join(m.root, 'etc/systemd/system/hydra-root@.service.d'), { recursive: true, force: true });
        await m.ok('systemctl', 'daemon-reload');
    }
});

test('what can\'t be mounted says why, in the words of mount', async () => {
    const j = await remount('/mnt/broken');
    assert.equal(j.state, 'failed', j.text);
    assert.match(j.text, /^\/mnt\/broken could not be mounted again\. mnt-broken\.mount failed to start\. Nothing is mounted there now\.$/);
    assert.match(j.output, /\/dev\/nothing/);
    await until(async () => await m.ok('systemctl', 'list-units', '--all', '--no-legend', 'hydra-root@*') === '', 60000, 'that no order is kept, the failed one neither');
});

test('what is refused is not done', async () => {
    const refused = async (target, words) => { const j = await remount(target); assert.equal(j.state, 'refused', j.text); assert.match(j.text, words); };
    await refused('/mnt/nowhere', /neither in \/etc\/fstab nor in a unit/);
    await refused('/mnt/films', /does not allow mount\.remount on \/mnt\/films: add it to allow in/);
    await refused('/etc', /never done from here/);
    await m.ok('mount', '/mnt/outer');
    await m.ok('mkdir', '-p', '/mnt/outer/inner');
    await m.ok('systemctl', 'start', 'mnt-outer-inner.mount');
    await refused('/mnt/outer', /\/mnt\/outer\/inner is mounted below \/mnt\/outer: unmount that first/);
    assert.deepEqual(await mounted('/mnt/outer'), ['tmpfs']);
    await m.ok('mkdir', '-p', '/mnt/line/by-hand');
    await m.ok('mount', '-t', 'tmpfs', 'by-hand', '/mnt/line/by-hand');
    await refused('/mnt/line', /\/mnt\/line\/by-hand is mounted below \/mnt\/line: unmount that first/);
    await m.ok('umount', '/mnt/line/by-hand');
    assert.equal(await known('docker/web'), undefined);
    m.policy('allow:\n- do: "*"\n');
    await refused('/mnt/nas', /does not name the mount \/mnt\/nas: add it, letter by letter/);
    const direct = await m.run('runuser', '-u', 'hydra-agent', '--', 'busctl', 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'StartUnit', 'ss', 'hydra-root@remount:0123456789abcdef:x.service', 'replace');
    assert.match(direct.err, /denied|authenti/i, 'polkit asks the policy, whatever the agent says');
    m.policy(allow);
    assert.equal((await order(vera, '/mnt/nas')).status, 403);
    assert.equal((await order(admin, '')).status, 400);
});
