// Commands to a node, carried out on real systemd, Docker and Podman.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { scratchFolder, until } from './lib/hydrad.mjs';
import { Engine } from './lib/engine.mjs';
import { Registry } from './lib/registry.mjs';
import { Watch, engine, start, stopIt } from './lib/watch.mjs';

const none = 'unix:///nowhere.sock', noBus = 'unix:path=/nowhere';
const policy = (dir, text) => { const p = path.join(dir, 'agent.yaml'); fs.writeFileSync(p, text); return p; };

describe('what is refused, and what is remembered', () => {
    let dir, w;
    before(() => { dir = scratchFolder(); w = new Watch(['--docker', none, '--dbus', noBus, '--state', dir, '--policy', path.join(dir, 'agent.yaml')]); });
    after(async () => { await w.stop(); fs.rmSync(dir, { recursive: true }); });

    test('the policy is told, and told again when its file changes', async () => {
        const first = await until(() => w.last('policy'));
        assert.deepEqual([first.path, first.trouble], ['', null]);
        policy(dir, 'allow:\n  - do: unit.*\n');
        await until(() => w.last('policy')?.path.endsWith('agent.yaml'));
        policy(dir, 'allow:\n  - doo: unit.*\n');
        const broken = await until(() => w.last('policy', p => p.trouble));
        assert.match(broken.trouble, /line 2: there is no key "doo"; did you mean "do"\?/);
        assert.match((await w.command('broken', 'unit.restart', 'systemd/a.service')).text, /allows nothing until its policy is mended/);
        fs.rmSync(path.join(dir, 'agent.yaml'));
    });
    test('not allowed', async () => {
        const o = await w.command('kill', 'container.kill', 'docker/plex');
        assert.equal(o.state, 'refused');
        assert.equal(o.text, 'The policy of this node does not allow container.kill on docker/plex: add it to allow in /etc/hydra/agent.yaml.');
        assert.match((await w.command('dbus', 'unit.stop', 'systemd/dbus.service')).text, /never done from here/);
    });
    test('stale, repeated, unknown', async () => {
        assert.match((await w.command('stale', 'unit.restart', 'systemd/a.service', `expires=${Date.now() - 1000}`)).text, /too late/);
        const one = await w.command('one', 'unit.restart', 'systemd/a.service', 'sequence=7');
        assert.equal(one.state, 'failed');
        assert.match(one.text, /systemd can't be reached/);
        for (const n of [7, 6, 1]) assert.equal((await w.command(`again-${n}`, 'unit.restart', 'systemd/a.service', `sequence=${n}`)).state, 'refused');
        assert.equal((await w.command('one', 'unit.restart', 'systemd/a.service', 'sequence=8')).text, one.text, 'an id that is known is answered, not done');
        assert.equal((await w.query('one')).text, one.text);
        assert.equal((await w.query('never')).state, 'unknown');
    });
    test('a restart forgets neither outcomes nor the sequence', async () => {
        await w.stop('SIGKILL');
        fs.appendFileSync(path.join(dir, 'commands.jsonl'), '{"begin":"torn","us'); // the crash came while this was written
        w = new Watch(['--docker', none, '--dbus', noBus, '--state', dir]);
        assert.match((await w.query('one')).text, /systemd can't be reached/);
        assert.equal((await w.query('torn')).state, 'unknown');
        assert.equal((await w.command('late', 'unit.restart', 'systemd/a.service', 'sequence=7')).state, 'refused');
        assert.equal((await w.command('next', 'unit.restart', 'systemd/a.service', 'sequence=8')).state, 'failed');
    });
    test('what had begun and has no end failed', async () => {
        await w.stop();
        fs.appendFileSync(path.join(dir, 'commands.jsonl'), `${JSON.stringify({ begin: 'cut', user: 'a', verb: 'unit.restart', target: 'systemd/a.service', argument: '', sequence: 9, boot: 'x', time: 1 })}\n`);
        w = new Watch(['--docker', none, '--dbus', noBus, '--state', dir]);
        assert.match((await w.end('cut')).text, /the agent was restarted while it ran/i);
        assert.equal((await w.query('cut')).state, 'failed');
    });
});

const bus = {};
const manager = (...args) => execFileSync('busctl', [`--address=${bus.address}`, 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', ...args]).toString();
const unit = (name, text) => fs.writeFileSync(path.join(bus.dir, 'units', name), text);

describe('units of a real systemd', () => {
    let w;
    before(async () => {
        bus.dir = `${scratchFolder()}/systemd`;
        fs.mkdirSync(`${bus.dir}/units`, { recursive: true });
        unit('web.service', '[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/true\n');
        unit('broken.service', '[Service]\nExecStart=/bin/sh -c "echo cannot open /etc/x; sleep .3; exit 3"\n');
        unit('needy.service', '[Unit]\nRequires=no.service\nAfter=no.service\n[Service]\nExecStart=/bin/sleep 1000\n');
        unit('slow.service', '[Service]\nType=oneshot\nExecStart=/bin/sleep 3\n');
        unit('never.service', '[Unit]\nConditionPathExists=/nowhere\n[Service]\nExecStart=/bin/sleep 1000\n');
        let journal;
        [bus.address, journal] = await start('systemd', bus.dir);
        // Of the distribution: a mask until the next boot is weaker than what stands in /etc or /run.
        fs.writeFileSync(`${/^\/proc\/\d+\/root/.exec(journal)[0]}/usr/lib/systemd/system/shop.service`, '[Service]\nExecStart=/bin/sleep 1000\n');
        bus.leader = /^\/proc\/(\d+)/.exec(journal)[1];
        manager('Reload');
        w = new Watch(['--docker', none, '--dbus', bus.address, '--journal', journal, '--state', bus.dir, '--policy', policy(bus.dir, 'allow:\n  - do: unit.*\n')]);
        await w.source('systemd');
    });
    after(async () => { await w?.stop(); await stopIt('systemd', bus.dir); });

    test('start, restart, reload, stop', async () => {
        for (const [verb, text, run] of [['start', /^Started in \d/, 'running'], ['restart', /^Restarted in/, 'running'], ['reload', /^Reloaded in/, 'running'], ['stop', /^Stopped in/, null]]) {
            const o = await w.command(verb, `unit.${verb}`, 'systemd/web.service');
            assert.equal(o.state, 'done', o.text);
            assert.match(o.text, text);
            if (run) await w.service('systemd/web.service', run);
        }
        assert.ok(w.outcomes('start').some(o => o.state === 'running' && o.step === 'starting'));
    });
    test('a unit that fails at once, with its last lines', async () => {
        const o = await w.command('broken', 'unit.start', 'systemd/broken.service');
        assert.equal(o.state, 'failed');
        assert.match(o.text, /exit code 3/);
        assert.match(o.output, /cannot open \/etc\/x/);
        const r = await w.command('reset', 'unit.reset-failed', 'systemd/broken.service');
        assert.equal(r.state, 'done', r.text);
        assert.match(execFileSync('busctl', [`--address=${bus.address}`, 'get-property', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1/unit/broken_2eservice', 'org.freedesktop.systemd1.Unit', 'ActiveState']).toString(), /inactive/);
    });
    test('what systemd refuses comes in its words', async () => {
        assert.match((await w.command('none', 'unit.start', 'systemd/nothing.service')).text, /systemd refused: .*nothing\.service.*not found/);
        assert.equal((await w.command('needy', 'unit.start', 'systemd/needy.service')).state, 'failed');
        assert.match((await w.command('never', 'unit.start', 'systemd/never.service')).text, /condition/);
        assert.match((await w.command('odd', 'unit.start', 'systemd/../x')).text, /is no unit/);
    });
    test('mask and unmask', async () => {
        const m = await w.command('mask', 'unit.mask', 'systemd/shop.service');
        assert.equal(m.state, 'done', m.text);
        assert.match((await w.command('masked', 'unit.start', 'systemd/shop.service')).text, /masked/);
        const u = await w.command('unmask', 'unit.unmask', 'systemd/shop.service');
        assert.equal(u.state, 'done', u.text);
        assert.equal((await w.command('unmasked', 'unit.start', 'systemd/shop.service')).state, 'done');
        assert.match((await w.command('mask-web', 'unit.mask', 'systemd/web.service')).text, /refused: .*already exists/);
    });
    test('two for the same target: one after the other', async () => {
        w.say('slow-1 unit.restart systemd/slow.service');
        w.say('slow-2 unit.stop systemd/slow.service');
        await until(() => w.outcomes('slow-2').some(o => o.step === 'waiting for others to be done'));
        assert.equal((await w.end('slow-1')).state, 'done');
        assert.equal((await w.end('slow-2')).state, 'done');
        const order = w.of('outcome', o => o.id.startsWith('slow') && o.state === 'done').map(o => o.id);
        assert.deepEqual(order, ['slow-1', 'slow-2']);
    });
    test('what ran when the agent was killed is told', async () => {
        w.say('killed unit.restart systemd/slow.service');
        await until(() => w.outcomes('killed').length);
        await w.stop('SIGKILL');
        w = new Watch(['--docker', none, '--dbus', bus.address, '--state', bus.dir, '--policy', path.join(bus.dir, 'agent.yaml')]);
        assert.match((await w.end('killed')).text, /restarted while it ran/);
    });
    test('power off: held back, then done', async () => {
        policy(bus.dir, 'allow: [{do: machine.power-off}]\n');
        const held = spawn('nsenter', ['-t', bus.leader, '-a', 'systemd-inhibit', '--what=shutdown', '--who=apt', '--why=installing', 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
        const ended = new Promise(r => held.on('exit', r));
        await until(() => execFileSync('busctl', [`--address=${bus.address}`, 'call', 'org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager', 'ListInhibitors']).toString().includes('installing'), 60000, 'the inhibitor');
        const no = await w.command('held', 'machine.power-off', '-');
        assert.equal(no.state, 'failed');
        assert.match(no.text, /holds the shutdown back \(apt: installing\)/);
        held.stdin.end();
        await ended;
        await until(() => !execFileSync('busctl', [`--address=${bus.address}`, 'call', 'org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager', 'ListInhibitors']).toString().includes('installing'), 60000, 'its end');
        const yes = await w.command('off', 'machine.power-off', '-');
        assert.equal(yes.state, 'done', yes.text);
        await w.source('systemd', 'failed');
    });
});

describe('processes of this machine', () => {
    let dir, w;
    before(() => { dir = scratchFolder(); w = new Watch(['--docker', none, '--dbus', noBus, '--policy', policy(dir, 'allow: [{do: process.signal}]\n')]); });
    after(async () => { await w.stop(); fs.rmSync(dir, { recursive: true }); });
    const ticks = pid => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[19];

    test('a signal to exactly the one that was meant', async () => {
        const p = spawn('sleep', ['1000']), ended = new Promise(r => p.on('exit', (code, signal) => r(signal)));
        const start = await until(() => { try { return ticks(p.pid); } catch { return null; } });
        const other = await w.command('other', 'process.signal', `${p.pid}:${Number(start) + 1}`, 'argument=TERM');
        assert.equal(other.state, 'failed');
        assert.match(other.text, /has ended meanwhile/);
        assert.equal((await w.command('cont', 'process.signal', `${p.pid}:${start}`, 'argument=SIGCONT')).text, 'SIGCONT was sent to sleep.');
        const o = await w.command('term', 'process.signal', `${p.pid}:${start}`, 'argument=TERM');
        assert.equal(o.state, 'done', o.text);
        assert.match(o.text, /^sleep ended .* after SIGTERM/);
        assert.equal(await ended, 'SIGTERM');
    });
    test('what is no process, no signal, or not for signals', async () => {
        for (const [id, target, argument, text] of [['a', 'x', 'TERM', /no process/], ['b', '1:0', 'TERM', /first process/], ['c', '5:1', 'NONSENSE', /no signal/], ['d', '5', 'TERM', /no process/], ['e', '4194304:1', 'TERM', /ended meanwhile/]])
            assert.match((await w.command(id, 'process.signal', target, `argument=${argument}`)).text, text);
    });
});

for (const kind of ['docker', 'podman'])
    describe(`containers of a real ${kind}`, () => {
        let dir, api, w, registry, args;
        const make = async (name, body, running = true) => {
            const made = await api('POST', `/containers/create?name=${name}`, { Image: 'hydra-test:1', HostConfig: { NetworkMode: 'host' }, ...body });
            assert.equal(made.status, 201, made.text);
            if (running) assert.equal((await api('POST', `/containers/${name}/start`)).status, 204);
            await until(() => w.last('service', s => s.id === `${kind}/${name}`), 60000, name);
            return made.json.Id;
        };
        const state = async name => (await api('GET', `/containers/${name}/json`)).json?.State?.Status;
        before(async () => {
            dir = `${scratchFolder()}/${kind}`;
            registry = await Registry.start();
            process.env.CONTAINERS_REGISTRIES_CONF = `${dir}-registries.conf`; // Podman's: no TLS there
            fs.writeFileSync(process.env.CONTAINERS_REGISTRIES_CONF, `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
            const [socket] = await start(kind, dir);
            api = engine(socket);
            policy(dir, 'allow:\n  - do: "*"\n');
            args = () => ['--docker', `unix://${socket}`, '--dbus', noBus, '--state', dir, '--policy', path.join(dir, 'agent.yaml')];
            w = new Watch(args());
            await w.source(kind);
        });
        after(async () => { await w?.stop(); await stopIt(kind, dir); await registry?.stop(); });

        test('stop, start, restart, pause, unpause', async () => {
            await make('web', { Cmd: ['sleep', '1000'], StopSignal: 'SIGKILL' });
            for (const [verb, text, now] of [['start', /ran already/, 'running'], ['stop', /^Stopped in/, 'exited'], ['stop', /stopped already/, 'exited'], ['start', /^Started in/, 'running'],
                ['restart', /^Restarted in/, 'running'], ['pause', /^Paused/, 'paused'], ['unpause', /^Resumed/, 'running']]) {
                const o = await w.command(`${verb}-${text}`.replace(/[^a-z-]/g, ''), `container.${verb}`, `${kind}/web`);
                assert.equal(o.state, 'done', `${verb}: ${o.text}`);
                assert.match(o.text, text);
                assert.equal(await state('web'), now);
            }
        });
        test('one that ends at once, with its last lines', async () => {
            await make('bad', { Cmd: ['sh', '-c', 'echo no such file /etc/x >&2; exit 3'] }, false);
            const o = await w.command('bad', 'container.start', `${kind}/bad`);
            assert.equal(o.state, 'failed', o.text);
            assert.match(o.text, /exit code 3/);
            assert.match(o.output, /no such file \/etc\/x/);
        });
        test('rename, kill, remove; refusals in the engine’s words', async () => {
            await make('old', { Cmd: ['sleep', '1000'] });
            assert.equal((await w.command('rename', 'container.rename', `${kind}/old`, 'argument=new')).state, 'done');
            await w.service(`${kind}/new`, 'running');
            assert.match((await w.command('badname', 'container.rename', `${kind}/new`, 'argument=../x')).text, /letters, digits/);
            assert.match((await w.command('taken', 'container.rename', `${kind}/new`, 'argument=web')).text, /refused: .*in use/);
            const running = await w.command('early', 'container.remove', `${kind}/new`);
            assert.equal(running.state, 'failed');
            assert.match(running.text, /refused: .*running/);
            assert.equal((await w.command('hup', 'container.kill', `${kind}/new`, 'argument=CONT')).state, 'done');
            assert.equal((await w.command('kill', 'container.kill', `${kind}/new`)).state, 'done');
            assert.equal(await state('new'), 'exited');
            assert.equal((await w.command('remove', 'container.remove', `${kind}/new`)).state, 'done');
            assert.equal(await state('new'), undefined);
            assert.match((await w.command('gone', 'container.start', `${kind}/nothing`)).text, /no such container/);
        });

        test('connect to a network of the engine, and disconnect', async t => {
            const net = `hydra-${randomUUID().slice(0, 8)}`; // Podman keeps its networks for the whole machine
            assert.ok((await api('POST', '/networks/create', { Name: net, Driver: 'bridge' })).status < 300);
            t.after(async () => { await api('DELETE', '/containers/wired?force=1'); await api('DELETE', `/networks/${net}`); });
            await make('wired', { Cmd: ['sleep', '1000'], StopSignal: 'SIGKILL', HostConfig: { NetworkMode: 'bridge' } }, false);
            const networks = async () => Object.keys((await api('GET', '/containers/wired/json')).json.NetworkSettings.Networks);
            await w.service(`${kind}/wired`, 'stopped');
            const told = async of => (await w.inspect('networks', `target=${of}`)).answer.networks.find(n => n.name === net);
            assert.deepEqual(await told(kind), { name: net, driver: 'bridge', scope: 'local', internal: false, joinable: true, joined: null });
            assert.equal((await told(`${kind}/wired`)).joined, false);
            const joined = await w.command('join', 'container.connect', `${kind}/wired`, `argument=${net}`);
            assert.equal(joined.state, 'done', joined.text);
            assert.match(joined.text, /^Connected in/);
            assert.ok((await networks()).includes(net));
            await until(() => w.last('service', r => r.id === `${kind}/wired`)?.networks.includes(net), 60000, 'the network among its facts');
            assert.equal((await told(`${kind}/wired`)).joined, true);
            const left = await w.command('leave', 'container.disconnect', `${kind}/wired`, `argument=${net}`);
            assert.equal(left.state, 'done', left.text);
            assert.ok(!(await networks()).includes(net));
            assert.equal((await told(`${kind}/wired`)).joined, false);
            assert.match((await w.inspect('networks', `target=${kind}/nowhere`)).text, /There is no container/);
            assert.match((await w.command('nowhere', 'container.connect', `${kind}/wired`, 'argument=nowhere')).text, /refused: .*nowhere/);
            assert.match((await w.command('badnet', 'container.connect', `${kind}/wired`, 'argument=../x')).text, /Say a network of its engine/);
        });

        const sleeper = { Cmd: ['sleep', '1000'], Env: ['PATH=/bin', 'FROM=image'], StopSignal: 'SIGKILL' };
        const pullImage = async image => { const a = await api('POST', `/images/create?fromImage=${image.slice(0, image.lastIndexOf(':'))}&tag=${image.slice(image.lastIndexOf(':') + 1)}`); assert.equal(a.status, 200, a.text); };
        const look = async name => (await api('GET', `/containers/${name}/json`)).json;
        const fromImage = async (name, image, body = {}) => { await pullImage(image); return make(name, { Image: image, ...body }); };

        test('update: a newer image, the same settings', async () => {
            const image = registry.push('app', '1', 'one', sleeper);
            const old = await fromImage('app', image, {
                Env: ['MINE=1'], Labels: { mine: 'yes', 'com.docker.compose.image': 'sha256:old' }, Volumes: { '/data': {} },
                HostConfig: { NetworkMode: 'host', Binds: ['/tmp:/host:ro'], Memory: 64 << 20, RestartPolicy: { Name: 'unless-stopped' } },
            });
            const before = await look('app');
            const same = await w.command('same', 'container.update', `${kind}/app`);
            assert.equal(same.state, 'done', same.text);
            assert.match(same.text, /newest .* already/);
            assert.equal((await look('app')).Id, old);

            registry.push('app', '1', 'two', { ...sleeper, Env: ['PATH=/bin', 'FROM=second'] });
            const o = await w.command('update', 'container.update', `${kind}/app`);
            assert.equal(o.state, 'done', o.text);
            assert.match(o.text, /Updated to the newest/);
            assert.ok(w.outcomes('update').some(s => /^pulling/.test(s.step)), 'it says that it pulls');
            const after_ = await look('app'), kept = await look('app-before-update');
            assert.notEqual(after_.Id, old);
            assert.equal(kept.Id, old);
            assert.deepEqual([after_.State.Running, kept.State.Running], [true, false]);
            assert.notEqual(after_.Image, before.Image);
            assert.ok(after_.Config.Env.includes('MINE=1') && after_.Config.Env.includes('FROM=second') && !after_.Config.Env.includes('FROM=image'), after_.Config.Env.join());
            assert.equal(after_.Config.Labels.mine, 'yes');
            assert.notEqual(after_.Config.Labels['com.docker.compose.image'], 'sha256:old');
            assert.deepEqual([after_.HostConfig.Memory, after_.HostConfig.RestartPolicy.Name, after_.HostConfig.NetworkMode], [64 << 20, 'unless-stopped', 'host']);
            assert.equal(after_.Mounts.find(m => m.Destination === '/host').RW, false);
            const volume = c => c.Mounts.find(m => m.Destination === '/data').Name;
            assert.equal(volume(after_), volume(before), 'its data moves along');

            registry.push('app', '1', 'three', sleeper);
            assert.equal((await w.command('update-2', 'container.update', `${kind}/app`)).state, 'done', 'what the last one kept makes room');
            assert.equal((await look('app-before-update')).Id, after_.Id);
        });

        test('update: a new one that fails is taken back', async () => {
            const image = registry.push('worse', '1', 'good', sleeper);
            const old = await fromImage('worse', image);
            registry.push('worse', '1', 'broken', { ...sleeper, Cmd: ['sh', '-c', 'echo no such table; exit 3'] });
            const o = await w.command('taken-back', 'container.update', `${kind}/worse`);
            assert.equal(o.state, 'failed');
            assert.match(o.text, /ended with exit code 3.* The old container is back and runs/);
            assert.match(o.output, /no such table/);
            const now = await look('worse');
            assert.deepEqual([now.Id, now.State.Running], [old, true]);
            assert.equal(await state('worse.hydra-update'), undefined);
            assert.equal(await state('worse-before-update'), undefined);
        });

        test('update: an image that is not there, one that is pinned', async () => {
            const image = registry.push('lost', '1', 'x', sleeper);
            await fromImage('lost', image);
            registry.manifests.clear();
            const o = await w.command('lost', 'container.update', `${kind}/lost`);
            assert.equal(o.state, 'failed');
            assert.match(o.text, /can't pull the image: .*(manifest|not found).*Nothing was changed/);
        });

        test('update: the agent is killed at every moment; the result is the old one or the new one, running', async () => {
            const image = registry.push('cut', '1', 'v0', sleeper);
            await fromImage('cut', image);
            const steps = ['pulling', 'making it anew', 'stopping the old one', 'starting the new one', 'waiting until it is well'];
            for (const [i, step] of steps.entries()) {
                registry.push('cut', '1', `v${i + 1}`, sleeper);
                const old = (await look('cut')).Id, id = `cut-${i}`;
                w.say(`${id} container.update ${kind}/cut`);
                await until(() => w.outcomes(id).some(o => o.step?.startsWith(step) || o.state !== 'running'), 60000, step);
                await w.stop('SIGKILL');
                w = new Watch(args());
                const end = await w.end(id);
                const now = await look('cut');
                assert.equal(now?.State.Running, true, `${step}: ${end.text}`);
                assert.equal(now.Id === old, end.state === 'failed', `${step}: ${end.text}`);
                assert.equal(await state('cut.hydra-update'), undefined, step);
                if (end.state === 'failed') assert.match(end.text, /restarted/);
                await w.service(`${kind}/cut`, 'running');
            }
        });

        test('projects: by label, in the order of dependencies', async () => {
            const part = (name, service, depends = '') => make(name, { Cmd: ['sleep', '1000'], StopSignal: 'SIGKILL', Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': service, 'com.docker.compose.depends_on': depends, 'com.docker.compose.oneoff': 'False' } });
            await part('shop-web-1', 'web', 'db:service_started:false');
            await part('shop-db-1', 'db');
            await until(() => w.last('service', s => s.id === `${kind}/shop-web-1`)?.project === 'shop' && w.last('service', s => s.id === `${kind}/shop-db-1`)?.project === 'shop');
            const down = await w.command('down', 'project.down', `${kind}/shop`);
            assert.equal(down.state, 'done', down.text);
            assert.match(down.text, /^Stopped: 2 containers/);
            assert.deepEqual(w.outcomes('down').map(o => o.step).filter(s => s), ['stopping shop-web-1 (1 of 2)', 'stopping shop-db-1 (2 of 2)']);
            assert.deepEqual([await state('shop-web-1'), await state('shop-db-1')], ['exited', 'exited']);
            const up = await w.command('up', 'project.up', `${kind}/shop`);
            assert.equal(up.state, 'done', up.text);
            assert.deepEqual(w.outcomes('up').map(o => o.step).filter(s => s), ['starting shop-db-1 (1 of 2)', 'starting shop-web-1 (2 of 2)']);
            const again = await w.command('again', 'project.restart', `${kind}/shop`);
            assert.equal(again.state, 'done', again.text);
            assert.deepEqual([await state('shop-web-1'), await state('shop-db-1')], ['running', 'running']);
            policy(dir, `allow:\n  - do: "*"\ndeny:\n  - {do: container.stop, on: ${kind}/shop-db-1}\n`);
            const denied = await w.command('denied', 'project.down', `${kind}/shop`);
            assert.equal(denied.state, 'refused', denied.text);
            assert.match(denied.text, /denies container.stop on shop-db-1/);
            assert.deepEqual([await state('shop-web-1'), await state('shop-db-1')], ['running', 'running']);
            policy(dir, 'allow:\n  - do: "*"\n');
            assert.match((await w.command('nobody', 'project.up', `${kind}/nothing`)).text, /no such project/);
        });
    });

describe('what nobody uses is removed', () => {
    let e, w, call;
    const exists = async at => (await call('GET', at)).status === 200;
    before(async () => {
        e = Engine.start();
        call = engine(e.socket);
        const dir = scratchFolder();
        w = new Watch(['--docker', `unix://${e.socket}`, '--dbus', noBus, '--state', dir, '--policy', policy(dir, 'allow: [{do: docker.prune}]\ndeny: [{do: container.remove, on: docker/precious}]\n')]);
        await w.source('docker');
        await e.run('busy', 'exec sleep 100000', { HostConfig: { NetworkMode: 'none', Binds: ['in-use:/v'] } });
        for (const name of ['done', 'precious', 'web-before-update', 'web.hydra-update'])
            await e.call('POST', `/containers/create?name=${name}`, { Image: 'hydra-test:1', Cmd: ['true'], HostConfig: { NetworkMode: 'none' } });
        const imported = await e.call('POST', '/commit?container=busy&repo=extra&tag=1', {});
        assert.ok(imported.Id);
        await e.call('POST', '/volumes/create', { Name: 'left-over' });
        await e.call('POST', '/volumes/create', {});
        await w.service('docker/busy', 'running');
    });
    after(async () => { await w?.stop(); e?.stop(); });

    test('the default policy does not allow it', async () => {
        const plain = new Watch(['--docker', none, '--dbus', noBus]);
        assert.match((await plain.command('no', 'docker.prune', '-')).text, /does not allow docker\.prune/);
        await plain.stop();
    });
    test('an engine that the policy names is meant by no name, too', async () => {
        const dir = scratchFolder();
        const other = new Watch(['--docker', `unix://${e.socket}`, '--dbus', noBus, '--state', dir, '--policy', policy(dir, 'allow: [{do: docker.prune}]\ndeny: [{do: docker.prune, on: docker}]\n')]);
        await other.source('docker');
        const o = await other.command('any', 'docker.prune', '-', 'argument=images');
        assert.deepEqual([o.state, o.text], ['refused', 'The policy of this node denies docker.prune on docker.']);
        await other.stop();
    });
    test('what it does not know it does not do', async () => {
        assert.match((await w.command('odd', 'docker.prune', '-', 'argument=images,everything')).text, /Say what to remove: containers, /);
        assert.match((await w.command('where', 'docker.prune', 'podman')).text, /No engine of containers answers/);
    });
    test('images, and what can be made again', async () => {
        const o = await w.command('images', 'docker.prune', 'docker');
        assert.equal(o.state, 'done', o.text);
        assert.match(o.text, /^Removed 1 image: \d+(\.\d)? \w+ are free again\.$/);
        assert.match(o.output, /image extra:1: removed/);
        assert.ok(!await exists('/images/extra:1/json'));
        assert.ok(await exists('/images/hydra-test:1/json'), 'one in use stays');
        assert.ok(await exists('/containers/done/json'));
        assert.ok(await exists('/volumes/left-over'));
        assert.equal((await w.command('again', 'docker.prune', '-', 'argument=images')).text, 'There was nothing to remove.');
    });
    test('volumes: anonymous ones, and named ones when they are named', async () => {
        const o = await w.command('volumes', 'docker.prune', '-', 'argument=volumes');
        assert.match(o.text, /^Removed 1 volume: /);
        assert.ok(await exists('/volumes/left-over'));
        const named = await w.command('named', 'docker.prune', '-', 'argument=named-volumes');
        assert.match(named.text, /^Removed 1 named volume: 0 bytes are free again\.$/);
        assert.ok(!await exists('/volumes/left-over'));
        assert.ok(await exists('/volumes/in-use'));
    });
    test('containers: but what the policy protects, and what an update put aside', async () => {
        const o = await w.command('containers', 'docker.prune', '-', 'argument=containers');
        assert.equal(o.state, 'done', o.text);
        assert.match(o.text, /^Removed 1 container: .* 3 stay: the output says why\.$/);
        assert.match(o.output, /container precious: stays, for the policy denies container\.remove on it/);
        assert.match(o.output, /container web-before-update: stays, for an update put it aside/);
        assert.deepEqual(await Promise.all(['busy', 'done', 'precious'].map(n => exists(`/containers/${n}/json`))), [true, false, true]);
    });
});
