// The Debian packages: what they hold, and their whole life on a machine with a real systemd.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { Hub, makeHubKey } from './lib/hub.mjs';
import { Machine } from './lib/nspawn.mjs';

const build = path.join(root, 'build-package');
const scratch = scratchFolder();

async function must(program, args, options) {
    const r = await run(program, args, options);
    assert.equal(r.code, 0, `${program} ${args.join(' ')}: ${r.out}${r.err}`);
    return r.out.trim();
}

/** Builds the packages of one version: their paths, by name. */
async function pack(folder, version, program = [path.join(root, 'deploy/debian/build'), build]) {
    const out = await must(program[0], [...program.slice(1), path.join(scratch, folder)],
        { env: { HYDRA_PACKAGE_VERSION: version, SOURCE_DATE_EPOCH: '1700000000' }, timeout: 1100000 });
    return Object.fromEntries(out.split('\n').map(file => [path.basename(file).split('_')[0], file]));
}

const names = ['hydra', 'hydra-agent'];
let old, next;
const field = (file, name) => must('dpkg-deb', ['-f', file, name]);
const contents = file => must('dpkg-deb', ['-c', file]);
const digest = file => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

before(async () => {
    old = await pack('old', '0.1.0', [path.join(root, 'dev'), 'package']);
    next = await pack('next', '0.1.1');
});
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test('the same sources give the same bytes', async () => {
    const again = await pack('again', '0.1.0');
    assert.deepEqual(Object.keys(old), names);
    for (const [name, file] of Object.entries(old)) assert.equal(digest(file), digest(again[name]), name);
});

test('a package says what it needs, and all of it is root\'s', async () => {
    for (const file of Object.values(old)) {
        const needs = await field(file, 'Depends');
        for (const name of ['libc6 (>= ', 'libuv1', 'libcurl4', 'ca-certificates']) assert.ok(needs.includes(name), `${name}: ${needs}`);
        assert.doesNotMatch(needs, /-dev\b/);
        for (const line of (await contents(file)).split('\n')) assert.match(line, /^[-d]\S{6}[-r]-[-x] root\/root /, line);
    }
    assert.match(await contents(old.hydra), / \.\/usr\/bin\/hydrad\n/);
    assert.doesNotMatch(await contents(old.hydra), /hydra-agent|hydra-generation|hydra-root/);
    const agent = await contents(old['hydra-agent']);
    for (const f of ['libexec/hydra-agent-helper', 'lib/systemd/system/hydra-generation@.service', 'lib/systemd/system/hydra-generation-boot.service', 'lib/systemd/system/hydra-root@.service'])
        assert.ok(agent.includes(` ./usr/${f}\n`), f);
});

test('programs hold no trace of where they were built', async () => {
    const dir = path.join(scratch, 'unpacked');
    for (const file of Object.values(old)) await must('dpkg-deb', ['-x', file, dir]);
    for (const name of fs.readdirSync(path.join(dir, 'usr/bin')))
        assert.ok(!fs.readFileSync(path.join(dir, 'usr/bin', name)).includes(`${root}/`), name);
});

test('lintian has nothing to say', { timeout: 120000 }, async () => {
    // The maintainer has no address yet.
    const tags = 'bogus-mail-host,bogus-mail-host-in-debian-changelog';
    const r = await run('lintian', ['--allow-root', '--fail-on', 'error,warning', '--suppress-tags', tags, ...Object.values(old)], { timeout: 110000 });
    assert.equal(r.code, 0, r.out + r.err);
});

test('install, upgrade, remove, purge', { timeout: 240000 }, async t => {
    const machine = new Machine(path.join(scratch, 'machine'));
    t.after(() => machine.stop());
    const dpkg = async (...words) => machine.ok('env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', '--force-unsafe-io', ...words);
    // Its /tmp is its own.
    const install = packages => dpkg('-i', ...Object.values(packages).map(file => {
        const inside = path.join('/root', path.basename(file));
        fs.copyFileSync(file, path.join(machine.root, inside));
        return inside;
    }));
    const welcome = async () => JSON.parse(await machine.ok('curl', '-s', 'http://127.0.0.1:7770/api/web/welcome'));
    const read = file => machine.ok('cat', file);
    // Images of containers keep packages from starting anything.
    await machine.ok('rm', '-f', '/usr/sbin/policy-rc.d');
    // The machine's own manual pages would be indexed each time.
    await machine.ok('rm', '-f', '/var/lib/man-db/auto-update');

    await t.test('hydrad runs when it is installed', async () => {
        const said = await install(old);
        assert.match(said, /journalctl -u hydrad/);
        assert.equal(await machine.status('/readyz'), '200');
        for (const unit of ['hydrad.socket', 'hydrad.service']) {
            assert.equal(await machine.is('enabled', unit), 'enabled');
            assert.equal(await machine.is('active', unit), 'active');
        }
        const pid = await machine.ok('systemctl', 'show', '-P', 'MainPID', 'hydrad');
        assert.equal(await machine.ok('ps', '-o', 'user=', '-p', pid), 'hydra');
        assert.match(await machine.ok('hydra', 'version'), /^hydra /);
    });

    await t.test('the agent waits until the machine is enrolled', async () => {
        assert.equal(await machine.is('enabled', 'hydra-agent'), 'enabled');
        assert.equal(await machine.is('active', 'hydra-agent'), 'inactive');
        assert.equal(await machine.ok('systemctl', 'show', '-P', 'ConditionResult', 'hydra-agent'), 'no');
        assert.match(await machine.ok('id', 'hydra-agent'), /systemd-journal/);
    });

    await t.test('its policy is the default, and the admin\'s to change', async () => {
        assert.match(await read('/etc/hydra/agent.yaml'), /^allow:$/m);
        await machine.ok('sh', '-c', 'echo "# mine" >>/etc/hydra/agent.yaml');
    });

    await t.test('polkit lets each user do to units what the policy allows, and nothing else', async () => {
        const bus = (user, method, ...words) => machine.run('runuser', '-u', user, '--', 'busctl', '--system', 'call', 'org.freedesktop.systemd1',
            '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', method, ...words);
        const may = async (user, method, ...words) => (await bus(user, method, ...words)).code === 0;
        fs.writeFileSync(path.join(machine.dir, 'units/sleeper.service'), '[Service]\nExecStart=/bin/sleep 1000\n');
        await machine.ok('systemctl', 'daemon-reload');
        for (const user of names) {
            assert.ok(await may(user, 'StartUnit', 'ss', 'sleeper.service', 'replace'), user);
            assert.ok(await may(user, 'RestartUnit', 'ss', 'sleeper.service', 'replace'), user);
            assert.ok(await may(user, 'ResetFailedUnit', 's', 'sleeper.service'), user);
            for (const [method, ...words] of [
                ['StopUnit', 'ss', 'dbus.service', 'replace'], ['KillUnit', 'ssi', 'sleeper.service', 'all', '9'], ['Reload'],
                ['MaskUnitFiles', 'asbb', '1', 'sleeper.service', 'true', 'false'],
                ['StartTransientUnit', 'ssa(sv)a(sa(sv))', 'mine.service', 'replace', '1', 'ExecStart', 'a(sasb)', '1', '/bin/true', '1', '/bin/true', 'false', '0'],
            ]) {
                const r = await bus(user, method, ...words);
                assert.match(r.err, /authenticat|denied/i, `${user} ${method}: ${r.out}${r.err}`);
            }
        }
        await machine.ok('systemd-run', '--unit=asker', '--uid=hydra-agent', 'sleep', '1000');
        const asker = await machine.ok('systemctl', 'show', '-P', 'MainPID', 'asker');
        const mayMachine = async what => (await machine.run('pkcheck', '--process', asker, '--action-id', `org.freedesktop.login1.${what}`)).code === 0;
        assert.equal(await mayMachine('reboot'), false);
        assert.equal(await may('nobody', 'StopUnit', 'ss', 'sleeper.service', 'replace'), false);
        await machine.ok('sh', '-c', 'cp /etc/hydra/agent.yaml /root/ && printf "allow:\\n- do: unit.stop\\n  on: sleeper\\n- do: machine.reboot\\n" >/etc/hydra/agent.yaml');
        assert.equal(await may('hydra-agent', 'StartUnit', 'ss', 'sleeper.service', 'replace'), false);
        assert.ok(await may('hydra-agent', 'StopUnit', 'ss', 'sleeper.service', 'replace'));
        // Who may mask may start, says polkit; not where the policy is asked for each unit.
        await machine.ok('sh', '-c', 'printf "allow:\\n- do: unit.*\\n- do: machine.reboot\\n" >/etc/hydra/agent.yaml');
        for (const unit of ['dbus.service', 'hydra-generation@switch:2:test:60:x.service']) assert.equal(await may('hydra-agent', 'StartUnit', 'ss', unit, 'replace'), unit === 'dbus.service', unit);
        assert.equal(await may('hydra-agent', 'StopUnit', 'ss', 'systemd-journald.service', 'replace'), false);
        assert.ok(await may('hydra-agent', 'MaskUnitFiles', 'asbb', '1', 'nothing.service', 'true', 'false'));
        assert.ok(await may('hydra-agent', 'UnmaskUnitFiles', 'asb', '1', 'nothing.service', 'true'));
        assert.ok(await mayMachine('reboot'));
        assert.ok(await mayMachine('reboot-multiple-sessions'));
        for (const not of ['power-off', 'reboot-ignore-inhibit']) assert.equal(await mayMachine(not), false, not);
        await machine.ok('systemctl', 'stop', 'asker');
        await machine.ok('cp', '/root/agent.yaml', '/etc/hydra/agent.yaml');
    });

    await t.test('the agent runs as a user of its own once the machine is enrolled, by root, too', async () => {
        const hub = new Hub(fs.mkdtempSync(path.join(scratch, 'hub-')));
        await hub.start([await makeHubKey(scratch, 'hub')]);
        const bridge = await machine.reach(hub.port);
        try {
            await machine.ok('hydra-agent', 'enroll', hub.token('tower'));
            assert.equal(await machine.ok('stat', '-c', '%U', '/var/lib/hydra-agent/key.pem'), 'root');
            await machine.ok('systemctl', 'start', 'hydra-agent');
            const pid = await machine.ok('systemctl', 'show', '-P', 'MainPID', 'hydra-agent');
            assert.equal(await machine.ok('ps', '-o', 'user:20=', '-p', pid), 'hydra-agent');
            await hub.message('frame');
            hub.link.send({ command: { id: 'c1', node: 'tower', verb: 'unit.start', target: 'systemd/sleeper.service', sequence: 1, expiresMs: Date.now() + 60000 } });
            const outcome = (await hub.message('outcome', o => o.id === 'c1' && o.state !== 'RUNNING')).outcome;
            assert.equal(outcome.state, 'DONE', outcome.text);
            assert.match((await hub.message('hello')).hello.upgradeObstacle, /installed by a package/);

            // The machine's own people, by their group; who is not in it is told what to do.
            assert.equal(await machine.ok('stat', '-c', '%a %U %G', '/run/hydra-agent/hydra.sock'), '660 hydra-agent hydra');
            await machine.ok('useradd', '-G', 'hydra', 'pia');
            const local = (user, ...words) => machine.run('runuser', '-u', user, '--', 'hydra', '--local', ...words);
            const asked = await local('pia', 'restart', 'sleeper');
            assert.equal(asked.code, 0, asked.err);
            const told = (await hub.message('localAction')).localAction;
            assert.deepEqual([told.user, told.verb, told.target, told.outcome.state], ['pia', 'unit.restart', 'systemd/sleeper.service', 'DONE']);
            assert.match((await local('pia', 'logs', 'sleeper')).out + (await local('pia', 'status')).out, /services on tower/);
            const stranger = await local('nobody', 'status');
            assert.equal(stranger.code, 2);
            assert.match(stranger.err, /members of the group hydra/);
        } finally {
            bridge.stop();
            hub.stop();
        }
        await machine.ok('systemctl', 'stop', 'hydra-agent');
    });

    await t.test('an agent that no package brought is upgraded by the hub, in the process that systemd knows', async () => {
        const sh = line => machine.ok('sh', '-ec', line);
        await sh('rm -rf /var/lib/hydra-agent/* && cp /etc/hydra/agent.yaml /root/mine.yaml && printf "allow:\\n- do: agent.upgrade\\n" >/etc/hydra/agent.yaml');
        await sh('mkdir -p /opt/hydra-agent /etc/systemd/system/hydra-agent.service.d && cp /usr/bin/hydra-agent /opt/hydra-agent/ && chown -R hydra-agent /opt/hydra-agent');
        await sh('printf "[Service]\\nExecStart=\\nExecStart=/opt/hydra-agent/hydra-agent run\\nReadWritePaths=/opt/hydra-agent\\n" >/etc/systemd/system/hydra-agent.service.d/own.conf && systemctl daemon-reload');
        fs.copyFileSync(path.join(root, 'build/tests/system/hydra-agent-next'), path.join(machine.root, 'usr/lib/hydra/agents/next'));
        const hydrad = (...words) => machine.ok('runuser', '-u', 'hydra', '--', 'hydrad', ...words, '--data', '/var/lib/hydra');
        await sh('echo correct horse battery >/tmp/password && chmod 644 /tmp/password');
        await hydrad('user', 'add', 'eve', '--role', 'admin', '--password-file', '/tmp/password');
        const secret = await hydrad('token', 'add', 'cli', '--user', 'eve', '--scope', '*');
        await machine.ok('hydra-agent', 'enroll', await hydrad('node', 'add', 'shed', '--agents-address', '127.0.0.1:7771'));
        await machine.ok('systemctl', 'start', 'hydra-agent');
        const main = () => machine.ok('systemctl', 'show', '-P', 'MainPID', 'hydra-agent'), pid = await main();
        const hydra = (...words) => machine.run('env', `HYDRA_TOKEN=${secret}`, 'HYDRA_URL=http://127.0.0.1:7770', 'hydra', ...words);
        await until(async () => JSON.parse((await hydra('nodes', '-o', 'json')).out || '[]').find(n => n.node === 'shed')?.upgrade === '99.1.0', 90000, 'the offer');
        const done = await hydra('node', 'upgrade', 'shed');
        assert.equal(done.code, 0, done.err + done.out + await machine.ok('journalctl', '-u', 'hydra-agent', '-n', '40', '--no-pager'));
        assert.equal(await main(), pid);
        assert.equal(await machine.ok('systemctl', 'show', '-P', 'NRestarts', 'hydra-agent'), '0');
        assert.equal(await machine.ok('/opt/hydra-agent/hydra-agent', 'version'), 'hydra-agent 99.1.0');
        assert.equal(await machine.is('active', 'hydra-agent'), 'active');
        await machine.ok('systemctl', 'stop', 'hydra-agent');
        await hydrad('node', 'rm', 'shed');
        await sh('rm -rf /var/lib/hydra-agent/* /opt/hydra-agent /etc/systemd/system/hydra-agent.service.d /usr/lib/hydra/agents/next && cp /root/mine.yaml /etc/hydra/agent.yaml && systemctl daemon-reload');
    });

    await t.test('an upgrade keeps data, settings, and what was switched off', async () => {
        await machine.ok('sh', '-c', 'echo correct horse battery >/root/password');
        await machine.ok('hydrad', 'user', 'add', 'ada', '--role', 'admin', '--password-file', '/root/password', '--data', '/var/lib/hydra');
        await machine.ok('systemctl', 'disable', 'hydrad.service');
        const pid = await machine.ok('systemctl', 'show', '-P', 'MainPID', 'hydrad');
        const socket = await machine.ok('systemctl', 'show', '-P', 'ActiveEnterTimestampMonotonic', 'hydrad.socket');
        await install(next);
        assert.equal(await machine.ok('dpkg-query', '-W', '-f', '${Version}', 'hydra'), '0.1.1');
        assert.equal(await machine.status('/readyz'), '200');
        assert.equal((await welcome()).setup_needed, false);
        assert.notEqual(await machine.ok('systemctl', 'show', '-P', 'MainPID', 'hydrad'), pid);
        assert.equal(await machine.ok('systemctl', 'show', '-P', 'ActiveEnterTimestampMonotonic', 'hydrad.socket'), socket);
        assert.equal(await machine.is('enabled', 'hydrad.service'), 'disabled');
        assert.match(await read('/etc/hydra/agent.yaml'), /# mine/);
    });

    await t.test('removed, it is gone but for what it knew; installed again, it knows it', async () => {
        await dpkg('-r', ...Object.keys(next));
        await until(async () => (await machine.is('active', 'hydrad')) !== 'active', 60000, 'the end of hydrad');
        assert.notEqual((await machine.run('curl', '-sm', '5', 'http://127.0.0.1:7770/readyz')).code, 0);
        assert.notEqual((await machine.run('test', '-e', '/usr/bin/hydrad')).code, 0);
        await machine.ok('test', '-e', '/var/lib/hydra/hydra.db');
        await install(next);
        await machine.ok('systemctl', 'start', 'hydrad.socket'); // disabled with the service, and so left alone
        assert.equal(await machine.status('/readyz'), '200');
        assert.equal((await welcome()).setup_needed, false);
        assert.equal(await machine.is('enabled', 'hydrad.service'), 'disabled');
    });

    await t.test('without the hub\'s package the agent\'s brings the command line', async () => {
        const target = () => machine.run('readlink', '-f', '/usr/bin/hydra').then(r => r.out.trim());
        assert.equal(await target(), '/usr/bin/hydra');
        await dpkg('-r', 'hydra');
        assert.equal(await target(), '/usr/lib/hydra-agent/hydra');
        assert.match((await machine.run('hydra', '--local', 'status')).err, /No agent listens on this machine/);
        await install({ hydra: next.hydra });
        assert.equal(await target(), '/usr/bin/hydra');
        await dpkg('-r', 'hydra', 'hydra-agent');
        assert.notEqual((await machine.run('test', '-e', '/usr/bin/hydra')).code, 0);
        await install(next);
    });

    await t.test('purged, nothing is left', async () => {
        await machine.ok('sh', '-c', 'mkdir -p /etc/hydra && echo "log-level: warn" >/etc/hydra/hydrad.yaml');
        await dpkg('-P', ...Object.keys(next));
        for (const gone of ['/var/lib/hydra', '/var/lib/hydra-agent', '/etc/hydra'])
            assert.notEqual((await machine.run('test', '-e', gone)).code, 0, gone);
        for (const user of names) assert.notEqual((await machine.run('id', user)).code, 0, user);
        assert.equal(await machine.ok('sh', '-c', 'find /etc/systemd /var/lib/systemd -name "*hydra*" | grep -v hydra-test || true'), '');
    });
});
