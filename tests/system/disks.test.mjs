// Disks are asked by root's helper, for the agent as it is shipped has no rights on them: a smartctl of ours on a machine with a real systemd.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { AgentMachine } from './lib/agent-machine.mjs';
import { Hydrad, root, scratchFolder, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';

const dir = scratchFolder(), data = path.join(root, 'tests/data/node/smart');
let m, h, admin, tunnel;

before(async () => {
    m = AgentMachine.start(path.join(dir, 'machine'));
    m.write('usr/sbin/smartctl', `#!/bin/sh
[ "$1" = --version ] && { echo "smartctl 7.3 2022-02-28 r5338"; exit 0; }
[ "$(id -u)" = 0 ] || { cat ${data}/denied.json; exit 2; }
[ "$1 $2 $3 $4" = "--json=c -a -n standby,3" ] || exit 1
echo "$5" >>/srv/asked
case $5 in
/dev/sda) cat ${data}/hdd.json; exit 64 ;;
/dev/sdb) cat ${data}/asleep.json; exit 3 ;;
*) echo "no JSON" ;;
esac
`, 0o755);
    // Disks that this machine has not.
    await m.ok('sh', '-c', 'mount -t tmpfs tmpfs /sys/block && for d in sda sdb sdc vda; do mkdir -p /sys/block/$d/queue; echo 15628053168 >/sys/block/$d/size; echo 1 >/sys/block/$d/queue/rotational; done; mkdir /sys/block/vda/device; echo QEMU >/sys/block/vda/device/model');
    const port = await freePort();
    h = await Hydrad.start({ args: ['--agents', `127.0.0.1:${port}`] });
    admin = await h.setUp();
    const { token } = (await admin.post('/api/web/enrolments', { node: 'tower' })).json;
    tunnel = await m.reach(port);
    await m.installAgent(token);
    await until(async () => (await admin.get('/api/web/nodes/tower')).json.os, 60000, 'the node');
});
after(async () => {
    tunnel?.stop();
    await h?.done();
    m?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
});

const ask = async () => (await admin.get('/api/web/nodes/tower/disks')).json;

test('disks tell how they are, without a drop-in; one that sleeps is left so', async () => {
    const answer = await ask();
    assert.deepEqual([answer.smartctl, answer.text], ['7.3', null]);
    const of = name => answer.disks.find(d => d.device === name);
    assert.deepEqual(['sda', 'sdb', 'sdc'].map(n => [of(n).state, of(n).health]), [['active', 'warning'], ['asleep', 'unknown'], ['unknown', 'unknown']]);
    assert.equal(of('sda').smart.temperature_c, 36);
    assert.match(of('sdc').smart.text, /^Not valid JSON/);
    assert.equal(of('vda').kind, 'virtual');
    assert.deepEqual(fs.readFileSync(path.join(m.root, 'srv/asked'), 'utf8').trim().split('\n'), ['/dev/sda', '/dev/sdb', '/dev/sdc']);
});

test('nobody but the agent\'s user may have them asked, and the agent for nothing else', async () => {
    const start = (user, order) => m.run('runuser', '-u', user, '--', 'busctl', 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'StartUnit', 'ss', `hydra-root@${order}.service`, 'fail');
    assert.notEqual((await start('nobody', 'disks:x')).code, 0);
    assert.notEqual((await start('hydra-agent', 'disks:x:y')).code, 0);
    assert.equal((await start('hydra-agent', 'disks:x')).code, 0);
});

test('without the helper it is said, and the disks are listed all the same', async () => {
    fs.rmSync(path.join(dir, 'machine/units/hydra-root@.service'));
    await m.ok('systemctl', 'daemon-reload');
    const answer = await ask();
    assert.equal(answer.disks.length, 4);
    assert.equal(answer.text, 'The agent may not ask its disks itself.');
    assert.match(answer.hint, /^hydra-agent-helper is not installed on this node/);
});
