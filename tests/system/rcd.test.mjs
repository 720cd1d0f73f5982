// Services of /etc/rc.d, as on Unraid: a tree with scripts of ours and the processes of this machine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { scratchFolder } from './lib/hydrad.mjs';
import { Watch } from './lib/watch.mjs';

const tree = scratchFolder();
const pidFile = path.join(tree, 'avahi.pid');
let w;

before(() => {
    for (const d of ['etc/rc.d', 'proc', 'state']) fs.mkdirSync(path.join(tree, d), { recursive: true });
    execFileSync('mount', ['--bind', '/proc', path.join(tree, 'proc')]);
    fs.copyFileSync('/bin/sleep', path.join(tree, 'avahi-daemon'));
    fs.chmodSync(path.join(tree, 'avahi-daemon'), 0o755);
    // As such scripts are: the daemon keeps what it was given as output.
    fs.writeFileSync(path.join(tree, 'etc/rc.d/rc.avahidaemon'), `#!/bin/sh
start() { ${tree}/avahi-daemon 1000 & echo $! >${pidFile}; }
stop() { kill "$(cat ${pidFile})"; }
case $1 in start) start ;; stop) stop ;; restart) stop; start ;; *) exit 9 ;; esac
`, { mode: 0o755 });
    fs.writeFileSync(path.join(tree, 'etc/rc.d/rc.libvirt'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    fs.writeFileSync(path.join(tree, 'agent.yaml'), 'allow:\n  - do: unit.*\ndeny:\n  - {do: unit.start, on: samba}\n');
    fs.writeFileSync(path.join(tree, 'etc/rc.d/rc.samba'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    w = new Watch(['--root', tree, '--docker', 'unix:///nowhere.sock', '--dbus', 'unix:path=/nowhere', '--policy', path.join(tree, 'agent.yaml')]);
});
after(async () => {
    await w.stop();
    try { process.kill(Number(fs.readFileSync(pidFile, 'utf8')), 'SIGKILL'); } catch { /* ended */ }
    execFileSync('umount', ['-l', path.join(tree, 'proc')]);
    fs.rmSync(tree, { recursive: true });
});

test('what can be started is shown, and what does not run is no trouble', async () => {
    await w.source('rc.d');
    const s = await w.service('rc.d/avahidaemon', 'stopped');
    assert.deepEqual([s.engine, s.name, s.on_purpose, s.unit_file], ['rc.d', 'avahidaemon', true, '/etc/rc.d/rc.avahidaemon']);
    assert.ok(!w.last('service', r => r.id === 'rc.d/docker'), 'only what has a script');
});
test('start, restart, stop', async () => {
    const started = await w.command('start', 'unit.start', 'rc.d/avahidaemon');
    assert.equal(started.state, 'done', started.text);
    assert.match(started.text, /^Started in \d/);
    const first = await w.service('rc.d/avahidaemon', 'running');
    const again = await w.command('restart', 'unit.restart', 'rc.d/avahidaemon');
    assert.equal(again.state, 'done', again.text);
    assert.notEqual(Number(fs.readFileSync(pidFile, 'utf8')), first.main_pid);
    const stopped = await w.command('stop', 'unit.stop', 'rc.d/avahidaemon');
    assert.equal(stopped.state, 'done', stopped.text);
    assert.equal((await w.service('rc.d/avahidaemon', 'stopped')).on_purpose, true);
    await w.command('anew', 'unit.start', 'rc.d/avahidaemon');
    await w.service('rc.d/avahidaemon', 'running');
    process.kill(Number(fs.readFileSync(pidFile, 'utf8')), 'SIGKILL'); // by nobody's order
    const ended = await w.service('rc.d/avahidaemon', 'stopped');
    assert.deepEqual([ended.on_purpose, ended.why], [false, 'It ran, and has ended.']);
});
test('what fails, what can’t be, what may not be', async () => {
    assert.deepEqual((({ state, text }) => [state, text])(await w.command('bad', 'unit.start', 'rc.d/libvirt')), ['failed', 'rc.libvirt start ended with exit code 3.']);
    assert.match((await w.command('mask', 'unit.mask', 'rc.d/avahidaemon')).text, /started, stopped and restarted, no more/);
    assert.match((await w.command('none', 'unit.start', 'rc.d/sshd')).text, /no such service in \/etc\/rc\.d/);
    assert.match((await w.command('odd', 'unit.start', 'rc.d/../../bin/sh')).text, /no such service in \/etc\/rc\.d/);
    assert.equal((await w.command('denied', 'unit.start', 'rc.d/samba')).state, 'refused');
});
