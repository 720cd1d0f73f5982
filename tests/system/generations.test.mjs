// NixOS: the switch with confirm or roll back, on a machine with a real Nix store, real systemd and generations of its own; everything that
// may go wrong in between, and at each step the end of the program and of the machine: it is the old system or the new one in the end.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Hydrad, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';
import { NixosMachine } from './lib/nixos-machine.mjs';

const dir = scratchFolder();
after(() => fs.rmSync(dir, { recursive: true, force: true }));

const allowAll = 'allow:\n- do: "*"\n- do: generation.rebuild\n  on: ["path:/etc/nixos#node"]\n';
const old = { running: 1, boot: 1, profile: 1 }, fresh = { running: 2, boot: 2, profile: 2 };

describe('root\'s part', () => {
    let m, n = 0;
    const id = () => `s${++n}`;
    const answer = i => { const [state, text, ...output] = m.read(`run/hydra-generation/${i}`).split('\n'); return { state, text, output: output.join('\n') }; };
    const phase = (...p) => until(() => p.includes(m.state().phase), 60000, `${p}: ${JSON.stringify(m.state())}`);

    before(async () => {
        m = NixosMachine.start(path.join(dir, 'root'), { stages: true });
        await m.install([
            { version: '25.05.1' },
            { version: '25.11.2', units: { 'new.service': '/bin/sleep 30000' } },
            { version: '25.11.3', units: { 'broken.service': '/bin/false\nType=oneshot' } },
            { version: '25.11.4', marks: ['hang-early'] },
            { version: '25.11.5', marks: ['hang-late'] },
            { version: '25.11.6', marks: ['activation-fails'] },
            { version: '25.11.7', marks: ['dry-fails'] },
            { version: '25.11.8', kernel: '6.18.1' },
        ]);
        m.policy(allowAll);
    });
    after(() => m.stop());

    /** Back to the first generation, whatever is. */
    async function reset() {
        await m.run('systemctl', 'stop', 'hydra-rollback.timer', 'hydra-rollback.service', 'hydra-activate.service', 'hydra-settle.service');
        await m.ok('nix-env', '-p', '/nix/var/nix/profiles/system', '--switch-generation', '1');
        await m.run(`${m.systems[0]}/bin/switch-to-configuration`, 'test');
        await m.ok(`${m.systems[0]}/bin/switch-to-configuration`, 'boot');
        for (const f of ['var/lib/hydra-switch/state', 'var/lib/hydra-stage', 'var/lib/hydra-stage-reached', 'boot/read-only', 'boot/test-fails']) fs.rmSync(path.join(m.root, f), { force: true });
        await m.run('systemctl', 'reset-failed');
        assert.deepEqual(m.stand(), old);
    }

    test('a switch that is confirmed stays; its plan was told before', async () => {
        const i = id();
        const r = await m.request(`switch:2:test:60:${i}`);
        assert.equal(r.code, 0, r.err + JSON.stringify(answer(i)));
        assert.equal(answer(i).state, 'done');
        assert.match(answer(i).output, /would stop the following units: web\.service\nwould activate the configuration\.\.\.\nwould start the following units: .*new\.service/);
        await phase('waiting');
        assert.deepEqual(m.stand(), { running: 2, boot: 1, profile: 1 });
        assert.equal(await m.is('active', 'hydra-rollback.timer'), 'active');
        assert.equal(await m.is('active', 'new.service'), 'active');
        await m.ok('systemctl', 'start', `hydra-generation@confirm:${i}.service`);
        assert.deepEqual([(await m.over()).phase, m.stand()], ['confirmed', fresh]);
        assert.equal(m.state().text, 'Generation 2 runs, and starts next time.');
        await until(async () => (await m.is('active', 'hydra-rollback.timer')) === 'inactive', 60000, 'the end of the timer');
        await reset();
        assert.equal((await m.run('systemctl', 'is-active', 'new.service')).out.trim(), 'inactive');
    });

    test('a state that is damaged is put aside, once and with a word, and the next switch goes its way', async () => {
        const file = path.join(m.root, 'var/lib/hydra-switch/state');
        const words = async () => (await m.run('journalctl', '-b', '--no-pager', '-o', 'cat')).out.split('\n').filter(l => l.includes('It is put aside as')).length;
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, 'hydra-switch 1\nphase half a li');
        const before = await words();
        for (let i = 0; i < 2; i++) await m.run('systemctl', 'start', 'hydra-generation@settle.service');
        assert.equal(fs.existsSync(file), false);
        assert.equal(m.read('var/lib/hydra-switch/state.damaged'), 'hydra-switch 1\nphase half a li');
        assert.equal(await words(), before + 1);

        const i = id();
        assert.equal((await m.request(`switch:2:test:30:${i}`)).code, 0);
        await phase('waiting');
        fs.writeFileSync(file, 'torn'); // while it waits: its timer finds it so
        await until(async () => (await m.is('active', 'hydra-rollback.timer')) === 'inactive', 60000, 'the timer');
        await until(() => !fs.existsSync(file), 60000, 'the state put aside');
        await until(async () => (await m.is('active', 'hydra-rollback.service')) === 'inactive', 60000, 'its end'); // it is not tried for ever
        assert.equal(await words(), before + 2);
        assert.equal((await m.request(`switch:2:test:60:${id()}`)).code, 0);
        await phase('waiting');
        await reset();
    });

    test('nobody confirms: the old one is back, by itself', async () => {
        await m.request(`switch:2:test:30:${id()}`);
        await phase('waiting');
        const s = await m.over();
        assert.deepEqual([s.phase, s.text, m.stand()], ['rolled-back', 'Nobody confirmed it in time. The system before runs again.', old]);
        assert.equal(await m.is('active', 'web.service'), 'active');
        await reset();
    });

    test('units that fail are told, and left to who confirms', async () => {
        const i = id();
        await m.request(`switch:3:test:60:${i}`);
        await phase('waiting');
        assert.equal(m.state().exit, '4');
        await m.request(`confirm:${i}`);
        assert.match((await m.over()).text, /^Generation 3 runs, and starts next time\. Some units failed/);
        await reset();
    });

    for (const [what, generation, text] of [
        ['one that hangs before its activation', 4, 'It did not come to an end in time.'],
        ['one that hangs after it', 5, 'It did not come to an end in time.'],
        ['one whose activation fails', 6, 'It could not be activated (exit code 2).'],
    ])
        test(`${what} is rolled back, with every unit that it had stopped`, async () => {
            await m.request(`switch:${generation}:test:10:${id()}`);
            const s = await m.over();
            assert.deepEqual([s.phase, s.text, m.stand()], ['rolled-back', `${text} The system before runs again.`, old]);
            for (const u of ['web.service', 'same.service']) assert.equal(await m.is('active', u), 'active', u);
            assert.equal(await m.is('active', 'hydra-activate.service'), 'inactive');
            await reset();
        });

    test('what is refused leaves everything as it was', async () => {
        const refused = async (instance, i, text) => {
            const r = await m.request(instance);
            assert.notEqual(r.code, 0, instance);
            assert.match(answer(i).text, text);
            assert.deepEqual(m.stand(), old);
        };
        let i = id();
        await refused(`switch:7:test:60:${i}`, i, /can't say what it would do \(dry-activate, exit code 1\)/);
        await refused(`switch:8:test:60:${i = id()}`, i, /another kernel \(6\.18\.1\) than the one that runs \(6\.12\.1\)\. Switch with a reboot\./);
        await refused(`switch:99:test:60:${i = id()}`, i, /no generation 99/);
        await refused(`switch:1:test:60:${i = id()}`, i, /Generation 1 runs already/);
        m.policy('allow:\n- do: generation.switch\n  on: ["2"]\n');
        await refused(`switch:3:test:60:${i = id()}`, i, /does not allow generation\.switch on 3/);
        await refused(`collect:0:${i = id()}`, i, /does not allow generation\.collect/);
        m.policy(allowAll);
        await m.ok('mkdir', '-p', '/run/nixos');
        const held = m.run('flock', '/run/nixos/switch-to-configuration.lock', 'sh', '-c', 'until [ -e /run/let-go ]; do sleep .1; done');
        await until(async () => (await m.run('flock', '-n', '/run/nixos/switch-to-configuration.lock', 'true')).code !== 0, 60000, 'the lock to be held');
        await refused(`switch:2:test:60:${i = id()}`, i, /Somebody switches this machine right now/);
        await m.ok('touch', '/run/let-go');
        assert.equal((await held).code, 0);
        await m.ok('rm', '/run/let-go');
        const first = id();
        await m.request(`switch:2:test:60:${first}`);
        await phase('waiting');
        await m.request(`switch:3:test:60:${i = id()}`);
        assert.match(answer(i).text, /A switch is under way \(waiting for health\)/);
        await m.request(`plan:3:${i = id()}`);
        assert.match(answer(i).text, /A switch is under way/);
        await m.request(`confirm:${i}`);
        assert.match(m.read(`run/hydra-generation/confirm-${i}`), /No such switch waits/);
        await m.ok('systemctl', 'start', 'hydra-rollback.service');
        assert.equal((await m.over()).phase, 'rolled-back');
        await reset();
    });

    test('a system with a part that is missing is not switched to', async () => {
        const served = (await m.ok('nix-store', '-q', '--requisites', m.systems[1])).split('\n').find(p => p.includes('-served-25.11.2'));
        await m.ok('mv', served, `${served}.away`);
        const i = id();
        await m.request(`switch:2:test:60:${i}`);
        await m.ok('mv', `${served}.away`, served);
        assert.match(answer(i).text, /served-25\.11\.2 is missing in the store/);
        assert.deepEqual(m.stand(), old);
    });

    test('somebody else\'s switch in between is left alone', async () => {
        await m.request(`switch:2:test:60:${id()}`);
        await phase('waiting');
        await m.run(`${m.systems[2]}/bin/switch-to-configuration`, 'test');
        await m.ok('systemctl', 'start', 'hydra-rollback.service'); // what the timer does
        const s = await m.over();
        assert.deepEqual([s.phase, m.stand().running], ['rolled-back', 3]);
        assert.match(s.text, /Somebody else switched the machine meanwhile/);
        await reset();
    });

    test('a boot loader that can\'t be written ends in the old system', async () => {
        const i = id();
        await m.request(`switch:2:test:60:${i}`);
        await phase('waiting');
        fs.writeFileSync(path.join(m.root, 'boot/read-only'), '');
        await m.request(`confirm:${i}`);
        const s = await until(() => m.state().text !== '' && m.state(), 60000);
        fs.rmSync(path.join(m.root, 'boot/read-only'));
        assert.match(s.text, /boot loader could not be written: No space left on device/);
        assert.deepEqual([(await m.over()).phase, m.stand()], ['rolled-back', old]);
        await reset();
    });

    test('the old system is back only when it says so itself', async () => {
        await m.request(`switch:2:test:60:${id()}`);
        await phase('waiting');
        const fails = path.join(m.root, 'boot/test-fails');
        fs.writeFileSync(fails, '');
        await m.ok('systemctl', 'start', 'hydra-rollback.service');
        await until(() => fs.readFileSync(fails, 'utf8').split('\n').length > 4, 60000, 'another start of the way back');
        assert.equal(m.state().phase, 'rolling-back');
        fs.rmSync(fails);
        assert.deepEqual([(await m.over()).phase, m.stand()], ['rolled-back', old]);
        await reset();
    });

    /** What `nixos-rebuild boot` does. */
    async function putNext(n) {
        await m.ok('nix-env', '-p', '/nix/var/nix/profiles/system', '--switch-generation', `${n}`);
        await m.ok(`${m.systems[n - 1]}/bin/switch-to-configuration`, 'boot');
        assert.deepEqual(m.stand(), { running: 1, boot: n, profile: n });
    }

    const patience = 30; // seconds, in which a machine that has switched is looked at

    for (const mode of ['test', 'reboot'])
        test(`one that was to start next time anyway, unconfirmed (${mode}): the old one is back, and starts next time`, async () => {
            const n = mode === 'test' ? 2 : 8;
            await putNext(n);
            await m.request(`switch:${n}:${mode}:${patience}:${id()}`);
            if (mode === 'reboot') await m.rebooted();
            await phase('waiting');
            assert.deepEqual(m.stand(), { running: n, boot: 1, profile: 1 });
            if (mode === 'reboot') await m.rebooted();
            assert.deepEqual([(await m.over()).phase, m.stand()], ['rolled-back', old]);
            await reset();
        });

    test('a machine that starts with the new one all the same is not started a third time', async () => {
        await m.request(`switch:8:reboot:60:${id()}`);
        await m.rebooted();
        await phase('waiting');
        await m.ok(`${m.systems[7]}/bin/switch-to-configuration`, 'boot');
        await m.run('systemctl', 'start', '--no-block', 'hydra-rollback.service'); // what the timer does; the machine goes down with it
        await m.rebooted();
        assert.deepEqual([(await m.over()).phase, m.stand()], ['rolled-back', old]);
        await m.losePower();
        await reset();
    });

    test('what runs and is no generation can\'t be gone back to: refused', async () => {
        const i = id();
        await m.run(`${await m.build({ version: '25.11.9' })}/bin/switch-to-configuration`, 'test');
        await m.request(`switch:2:test:60:${i}`);
        assert.match(answer(i).text, /What this machine runs is no generation/);
        assert.equal(m.state().phase, undefined);
        await reset();
    });

    // --- the table: [stage, where it is reached, what is there in the end when the program is killed, and when the power is lost] ---
    const table = [
        ['locked', 'switch', null, null],
        ['realised', 'switch', null, null],
        ['planned', 'switch', null, null],
        ['state-written', 'switch', 'old', 'old'],
        ['armed', 'switch', 'old', 'old'],
        ['activating', 'switch', 'old', 'old'],
        ['activation-started', 'switch', 'old', 'old'],
        ['activated', 'switch', 'old', 'old'],
        ['activation-noted', 'switch', 'old', 'old'],
        ['confirming', 'confirm', 'new', 'old'],
        ['profile-set', 'confirm', 'new', 'old'],
        ['boot-written', 'confirm', 'new', 'new'],
        ['told', 'confirm', 'new', 'new'],
        ['rolling-back', 'rollback', 'old', 'old'],
        ['profile-back', 'rollback', 'old', 'old'],
        ['old-runs', 'rollback', 'old', 'old'],
    ];

    /** Begins a switch whose way leads through the stage. */
    async function reach(where, i) {
        const begun = m.request(`switch:2:test:${where === 'switch' ? 10 : 30}:${i}`); // what is waited for has to come before the timer
        if (where === 'switch') return m.reached();
        await begun;
        await phase('waiting');
        if (where === 'confirm') m.request(`confirm:${i}`); else m.request('settle') && m.run('systemctl', 'start', '--no-block', 'hydra-rollback.service');
        return m.reached();
    }

    const isWhole = async (end, name) => {
        assert.deepEqual(m.stand(), end === 'new' ? fresh : old, name);
        assert.equal(await m.is('active', 'web.service'), 'active', name);
        assert.equal(await m.is('active', 'new.service'), end === 'new' ? 'active' : 'inactive', name);
        assert.equal(await m.is('active', 'hydra-rollback.timer'), 'inactive', name);
        for (const link of ['to', 'from']) await until(() => m.link(`nix/var/nix/gcroots/hydra-switch-${link}`) === '', 60000, link);
    };

    for (const [stage, where, killed, cut] of table) {
        test(`killed at ${stage}: ${killed ?? 'nothing was done'}`, async () => {
            m.stage(stage, 'kill');
            await reach(where, id());
            if (killed === null) {
                assert.deepEqual([m.state().phase, m.stand()], [undefined, old]);
            } else {
                if (stage === 'state-written') await m.request('settle'); // what the agent does, or the next start
                assert.equal((await m.over()).phase, killed === 'new' ? 'confirmed' : 'rolled-back');
                if (stage === 'told') await m.ok('systemctl', 'stop', 'hydra-rollback.timer');
                else await until(async () => (await m.is('active', 'hydra-rollback.timer')) === 'inactive', 60000, 'the end of the timer');
            }
            if (killed !== null && stage !== 'told') await isWhole(killed, stage);
            await reset();
        });
        test(`power lost at ${stage}: ${cut ?? 'nothing was done'}`, async () => {
            m.stage(stage, 'hang');
            await reach(where, id());
            await m.losePower();
            if (cut === null) {
                assert.deepEqual([m.state().phase, m.stand()], [undefined, old]);
            } else {
                assert.equal((await m.over()).phase, cut === 'new' ? 'confirmed' : 'rolled-back');
                if (stage !== 'told') await isWhole(cut, stage);
            }
            await reset();
        });
    }

    test('over a reboot: the new kernel is started once, confirmed, and stays', async () => {
        const i = id();
        await m.request(`switch:8:reboot:60:${i}`);
        await m.rebooted();
        await phase('waiting');
        assert.deepEqual(m.stand(), { running: 8, boot: 1, profile: 1 });
        await until(async () => (await m.is('active', 'hydra-rollback.timer')) === 'active', 60000, 'the timer'); // armed once that is written
        await m.request(`confirm:${i}`);
        assert.deepEqual([(await m.over()).phase, m.stand()], ['confirmed', { running: 8, boot: 8, profile: 8 }]);
        await m.ok(`${m.systems[0]}/bin/switch-to-configuration`, 'boot');
        await m.losePower();
        await reset();
    });

    test('over a reboot, with a boot loader that does not take it: nothing happens', async () => {
        const i = id();
        fs.writeFileSync(path.join(m.root, 'boot/read-only'), '');
        await m.request(`switch:8:reboot:60:${i}`);
        fs.rmSync(path.join(m.root, 'boot/read-only'));
        assert.deepEqual([answer(i).state, answer(i).text], ['failed', 'The boot loader does not take generation 8: No such entry']);
        assert.deepEqual([(await m.over()).phase, m.stand()], ['rolled-back', old]);
        await reset();
    });

    test('over a reboot, unconfirmed: it reboots into the old one by itself', async () => {
        await m.request(`switch:8:reboot:${patience}:${id()}`);
        await m.rebooted();
        await phase('waiting');
        await m.rebooted();
        assert.deepEqual([(await m.over()).phase, m.stand()], ['rolled-back', old]);
        await reset();
    });

    for (const [stage, cut] of [['booting', 'old'], ['boot-set', 'new'], ['waiting-again', 'old'], ['armed-again', 'old']])
        test(`over a reboot, power lost at ${stage}: ${cut}`, async () => {
            const i = id();
            m.stage(stage, 'hang');
            m.request(`switch:8:reboot:60:${i}`);
            if (stage.endsWith('-again')) await m.rebooted();
            await m.reached();
            await m.losePower();
            if (cut === 'new') { // the boot loader knew already
                await phase('waiting');
                await m.request(`confirm:${i}`);
            }
            assert.deepEqual([(await m.over()).phase, m.stand()], cut === 'new' ? ['confirmed', { running: 8, boot: 8, profile: 8 }] : ['rolled-back', old]);
            await m.ok(`${m.systems[0]}/bin/switch-to-configuration`, 'boot');
            if (cut === 'new') await m.losePower();
            await reset();
        });

    test('over a reboot, killed before the way back is armed anew: it reboots into the old one', async () => {
        m.stage('waiting-again', 'kill');
        m.request(`switch:8:reboot:60:${id()}`);
        await m.rebooted();
        await m.reached();
        await m.rebooted();
        assert.deepEqual([(await m.over()).phase, m.stand()], ['rolled-back', old]);
        await reset();
    });

    test('over a reboot, power lost in the new one: the old one starts', async () => {
        await m.request(`switch:8:reboot:60:${id()}`);
        await m.rebooted();
        await phase('waiting');
        await m.losePower();
        assert.deepEqual([(await m.over()).phase, m.stand()], ['rolled-back', old]);
        await reset();
    });

    test('a clean-up removes old generations, never those in use', async () => {
        const i = id(), left = 'nix/var/nix/gcroots/hydra-switch-to';
        fs.rmSync(path.join(m.root, left), { force: true });
        fs.symlinkSync(m.systems[1], path.join(m.root, left)); // of a switch whose end was cut off
        await m.request(`collect:0:${i}`);
        assert.equal(m.link(left), '');
        assert.match(answer(i).text, /^7 generations removed; \d+ store paths deleted, [\d.]+ MiB freed\.$/);
        assert.deepEqual(m.stand(), old);
        assert.equal((await m.run('test', '-e', m.systems[1])).code, 1);
        assert.equal((await m.run('test', '-e', m.systems[0])).code, 0);
        assert.ok(!fs.existsSync(path.join(m.root, 'var/lib/hydra-switch/renew-boot')));
    });

    test('a clean-up that lost its power: the next start renews the menu of the boot loader', async () => {
        const written = () => fs.statSync(path.join(m.root, 'boot/default')).mtimeMs;
        await m.ok('nix-env', '-p', '/nix/var/nix/profiles/system', '--set', await m.build({ version: '25.11.10' }));
        await m.ok('nix-env', '-p', '/nix/var/nix/profiles/system', '--switch-generation', '1');
        m.stage('collected', 'hang');
        m.request(`collect:0:${id()}`);
        await m.reached();
        const before = written();
        await m.losePower();
        await until(() => !fs.existsSync(path.join(m.root, 'var/lib/hydra-switch/renew-boot')), 60000, 'the boot loader');
        assert.ok(written() > before);
        assert.deepEqual(m.stand(), old);
    });
});

describe('from the command line to the machine and back', () => {
    let m, h, admin, env, bridge, port;
    const cli = (...words) => run(path.join(root, 'build/hydra'), words, { env, timeout: 300000 });
    const get = what => admin.get(`/api/web/nodes/ai/${what}`);
    const linked = () => until(async () => (await get('generations')).status === 200, 60000, 'the node');
    const job = async id => (await admin.get(`/api/web/jobs/${id}`)).json;

    before(async () => {
        m = NixosMachine.start(path.join(dir, 'agent'));
        await m.install([
            { version: '25.05.1' },
            { version: '25.11.2', units: { 'new.service': '/bin/sleep 30000' } },
            { version: '25.11.3', units: { 'broken.service': '/bin/false\nType=oneshot' } },
            { version: '25.11.4', marks: ['kills-agent'] },
            { version: '25.11.5', marks: ['no-network'] },
            { version: '25.11.6', marks: ['hang-late'] },
            { version: '25.11.7', kernel: '6.18.1' },
        ]);
        m.policy(allowAll);
        port = await freePort();
        h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${port}`] });
        admin = await h.setUp();
        const a = await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] });
        env = { HYDRA_URL: h.base, HYDRA_TOKEN: a.json.secret, HOME: dir };
        const made = await admin.post('/api/web/enrolments', { node: 'ai' });
        await until(() => new Promise(r => { import('node:net').then(net => { const c = net.connect(port, '127.0.0.1', () => { c.destroy(); r(true); }).on('error', () => r(false)); }); }), 60000, 'the port');
        bridge = await m.reach(port);
        await m.installAgent(made.json.token);
        await linked();
    });
    after(async () => {
        bridge?.stop();
        await h?.done();
        m?.stop();
    });

    beforeEach(linked);

    const begin = async (...words) => { const r = await cli(...words, '--no-wait'); assert.equal(r.code, 0, r.err); return r.out.trim(); };
    const step = (id, text) => until(async () => (await job(id)).step.startsWith(text), 60000, `${text}: ${JSON.stringify(m.state())}`);
    const end = id => until(async () => { const j = await job(id); return !['waiting', 'running'].includes(j.state) && j; }, 300000, 'the end of the job');

    test('the agent is a user of its own, and sees everything without root', async () => {
        const pid = await m.ok('systemctl', 'show', '-P', 'MainPID', 'hydra-agent');
        assert.equal(await m.ok('ps', '-o', 'user:20=', '-p', pid), 'hydra-agent');
        const a = (await get('generations')).json;
        assert.deepEqual(a.generations.map(g => [g.number, g.version, g.kernel, g.revision]).at(-1), [1, '25.05.1', '6.12.1', 'rev-25.05.1']);
        assert.deepEqual(a.generations.filter(g => g.current && g.running && g.booted).map(g => g.number), [1]);
        assert.deepEqual([a.flakes, a.why_not, a.switch], [['path:/etc/nixos#node'], { rollback: null, collect: null }, null]);
        const d = await get('generations/diff?from=1&to=2');
        assert.equal(d.status, 200, d.text);
        assert.deepEqual(d.json.packages.changed.find(p => p.name === 'served'), { name: 'served', from: ['25.05.1'], to: ['25.11.2'] });
        assert.deepEqual(d.json.units, { added: ['new.service'], removed: [], changed: ['web.service'] });
        const p = await get('generations/plan?to=7');
        assert.equal(p.status, 200, p.text);
        assert.deepEqual([p.json.stop, p.json.start, p.json.needs_reboot], [['web.service'], ['web.service'], 'It has another kernel (6.18.1) than the one that runs (6.12.1).']);
        const list = await cli('generations', 'ai');
        assert.match(list.out, /25\.05\.1 +6\.12\.1 +rev-25\.05\.1 +current, booted, running/);
        assert.match((await cli('generations', 'ai', '--diff', '1', '2')).out, /package +changed +served +25\.05\.1 +25\.11\.2/);
        assert.match((await cli('garbage', 'ai', '--older-than', '0')).out, /^6 generations are older than 0 days .* would win [\d.]+ [kM]B\.\n$/);
        assert.deepEqual([(await get('generations/diff?from=1&to=99')).status, (await get('generations/diff?from=x')).status], [404, 400]);
        assert.equal((await admin.get('/api/web/nodes/hub/generations')).json.type.split('/').at(-1), 'not-here');
    });

    test('switch: its steps, its confirm, its end', async () => {
        const live = await admin.events({ topics: 'jobs' });
        const id = await begin('switch', 'ai', '2');
        await live.next(e => e.data?.id === id && e.data.state === 'done', { ms: 300000, what: 'the end' });
        const seen = [...new Set(live.events.filter(e => e.data?.id === id).map(e => e.data.step).filter(Boolean))];
        await live.close();
        const j = await end(id);
        assert.deepEqual([j.state, j.text, j.title], ['done', 'Generation 2 runs, and starts next time.', 'Switch ai to generation 2']);
        assert.deepEqual(seen.filter(s => s !== 'confirmed: writing the boot loader'), ['plan', 'armed', 'switching', 'waiting for health', 'waiting for health: all is well, confirming']);
        assert.match(j.output, /would stop the following units: web\.service/);
        assert.deepEqual(m.stand(), fresh);
        const back = await cli('rollback', 'ai');
        assert.deepEqual([back.code, m.stand()], [0, old], back.err);
        assert.match(back.out, /✓ Roll back ai: done\. Generation 1 runs, and starts next time\./);
    });

    test('a service that fails anew is no health: the node goes back', async () => {
        const id = await begin('switch', 'ai', '3', '--within', '10m');
        await step(id, 'waiting for health: broken has failed');
        await m.ok('systemctl', 'start', 'hydra-rollback.service'); // what the timer does
        const j = await end(id);
        assert.deepEqual([j.state, m.stand()], ['failed', old]);
        assert.match(j.text, /^Rolled back\. Nobody confirmed it in time\./);
        assert.equal((await cli('jobs', id)).code, 0);
        await m.run('systemctl', 'reset-failed');
    });

    test('a switch that kills the agent ends as any other', async () => {
        const r = await cli('switch', 'ai', '4');
        assert.deepEqual([r.code, m.stand().running, m.stand().boot], [0, 4, 4], r.err);
        assert.equal((await cli('switch', 'ai', '1')).code, 0);
    });

    test('a switch that cuts the node off from its hub is undone, and told when it is back', async () => {
        const r = await cli('switch', 'ai', '5', '--within', '30s');
        assert.deepEqual([r.code, m.stand()], [1, old], r.out);
        assert.match(r.err, /Rolled back\. Nobody confirmed it in time\./);
    });

    test('a switch that hangs is undone', async () => {
        const r = await cli('switch', 'ai', '6', '--within', '10s');
        assert.deepEqual([r.code, m.stand()], [1, old], r.out);
        assert.match(r.err, /It did not come to an end in time/);
    });

    test('what the node refuses was not done', async () => {
        assert.equal((await cli('switch', 'ai', '7')).code, 2);
        m.policy('allow:\n- do: unit.*\n');
        const r = await cli('switch', 'ai', '2');
        assert.equal(r.code, 2);
        assert.match(r.err, /does not allow generation\.switch on 2: add it to allow/);
        assert.match((await get('generations')).json.generations[0].why_not, /does not allow generation\.switch on 7/);
        const direct = await m.run('runuser', '-u', 'hydra-agent', '--', 'busctl', 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'StartUnit', 'ss', 'hydra-generation@switch:2:test:60:x.service', 'replace');
        m.policy(allowAll);
        assert.match(direct.err, /denied|authenti/i, 'polkit asks the policy, whatever the agent says');
        const unit = await admin.post('/api/web/jobs', { verb: 'unit.start', service: 'ai/systemd/hydra-generation@switch:2:test:60:x.service' });
        assert.notEqual(unit.status, 202);
        const viewer = await h.person(admin, 'vera', 'viewer');
        assert.equal((await viewer.post('/api/web/jobs', { verb: 'generation.switch', node: 'ai', target: '2' })).status, 403);
        assert.equal((await viewer.get('/api/web/nodes/ai/generations')).status, 200);
        assert.equal((await admin.post('/api/web/jobs', { verb: 'generation.confirm', node: 'ai', target: 'x' })).status, 400);
        assert.deepEqual(m.stand(), old);
    });

    test('a hub that is killed meanwhile confirms when it is back', async () => {
        const id = await begin('switch', 'ai', '2', '--within', '90s');
        await step(id, 'waiting for health');
        await h.kill();
        await h.start();
        assert.deepEqual([(await end(id)).state, m.stand()], ['done', fresh]);
        assert.equal((await cli('rollback', 'ai')).code, 0);
    });

    test('power lost while it waits: told as rolled back, once', async () => {
        const id = await begin('switch', 'ai', '2', '--within', '10m');
        await step(id, 'waiting for health');
        bridge.stop();
        await m.losePower();
        bridge = await m.reach(port);
        const j = await end(id);
        assert.deepEqual([j.state, m.stand()], ['failed', old]);
        assert.match(j.text, /started anew before it was confirmed/);
    });

    test('over a reboot, with another kernel', async () => {
        const id = await begin('switch', 'ai', '7', '--reboot');
        await m.gone(); // the order went over the bridge, some time after it was taken
        bridge.stop();
        await m.rebooted();
        bridge = await m.reach(port);
        assert.deepEqual([(await end(id)).state, m.stand()], ['done', { running: 7, boot: 7, profile: 7 }]);
    });

    test('rebuild: a flake that the policy names, built on the node', async () => {
        await m.ok('mkdir', '-p', '/etc/nixos');
        for (const f of ['generations.nix', 'switch-to-configuration']) await m.ok('cp', path.join(root, 'tests/system/nixos', f), '/etc/nixos/');
        fs.writeFileSync(path.join(m.root, 'etc/nixos/flake.nix'),
            '{ outputs = { self }: { nixosConfigurations.node.config.system.build.toplevel = import ./generations.nix { system = "x86_64-linux"; version = "26.05.1"; kernel = "6.18.1"; }; }; }');
        const other = await cli('rebuild', 'ai', 'path:/srv/other');
        assert.equal(other.code, 2);
        assert.match(other.err, /does not name the flake path:\/srv\/other/);
        const r = await cli('rebuild', 'ai', 'path:/etc/nixos#node');
        assert.equal(r.code, 0, r.err);
        const a = (await get('generations')).json;
        assert.deepEqual(a.generations.filter(g => g.current).map(g => [g.number, g.version]), [[8, '26.05.1']]);
    });

    test('collect: what is old goes, what is in use stays', async () => {
        const r = await cli('collect', 'ai', '--older-than', '0');
        assert.equal(r.code, 0, r.err);
        assert.match(r.out, /\d generations removed; \d+ store paths deleted/);
        const left = (await get('generations')).json.generations;
        assert.deepEqual(left.map(g => [g.number, g.current || g.booted]), [[8, true], [7, true]]);
    });
});
