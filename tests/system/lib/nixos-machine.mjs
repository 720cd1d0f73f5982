// A machine that works as NixOS does where it matters to generations: a real Nix store with its database, a profile, systemd, and systems
// built by Nix whose switch-to-configuration starts and stops real units. It can lose its power.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { root, until } from './hydrad.mjs';
import { Machine } from './nspawn.mjs';

const profile = '/nix/var/nix/profiles/system';
const here = path.join(root, 'tests/system/nixos');
const build = process.env.HYDRA_BUILD ?? path.join(root, 'build');

const shipped = name => fs.readFileSync(path.join(build, 'deploy', name), 'utf8');
const early = text => text.replace('[Unit]', '[Unit]\nDefaultDependencies=no');

/** Units of the machine, and the shipped ones as they are. `program` takes the place of hydra-agent-helper. */
const units = program => ({
    'nixos-boot.service': `[Unit]\nDefaultDependencies=no\nAfter=dbus.socket\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${here}/boot\n`,
    'nix-daemon.service': '[Unit]\nDefaultDependencies=no\nConditionPathExists=/nix/store\n[Service]\nExecStart=/usr/bin/nix-daemon\n',
    'hydra-test.target.d/nixos.conf': '[Unit]\nWants=nixos-boot.service nix-daemon.service hydra-generation-boot.service hydra-agent.service\n',
    'hydra-generation@.service': shipped('hydra-generation@.service').replace(/^ExecStart=\S+/m, `ExecStart=${program}`),
    'hydra-generation-boot.service': early(shipped('hydra-generation-boot.service')).replace(/^ExecStart=\S+/m, `ExecStart=${program}`).replace(/^After=.*/m, 'After=nixos-boot.service'),
    'hydra-agent.service': early(shipped('hydra-agent.service')).replace(/^Wants=.*\n/m, '').replace(/^After=.*/m, 'After=nixos-boot.service dbus.socket'),
});

export class NixosMachine extends Machine {
    static start(dir, { stages = false } = {}) {
        fs.mkdirSync(path.join(dir, 'units'), { recursive: true });
        fs.writeFileSync(path.join(dir, 'keep'), '');
        const m = new NixosMachine(dir);
        m.stages = stages;
        m.writeUnits();
        return m;
    }

    writeUnits() {
        const all = units(path.join(build, this.stages ? 'tests/system/hydra-agent-helper-stages' : 'hydra-agent-helper'));
        fs.mkdirSync(path.join(this.dir, 'units/hydra-test.target.d'), { recursive: true });
        for (const [name, text] of Object.entries(all)) fs.writeFileSync(path.join(this.dir, 'units', name), text);
    }

    /** Makes these systems ([{version, units, marks, kernel}]) generations 1, 2 …; the first one runs, and starts next time. */
    async install(systems) {
        await this.ok('sh', '-c', `mkdir -p /nix /etc/nix /boot /etc/hydra /nix/var/nix/profiles && printf 'sandbox = false\\nbuild-users-group =\\nsubstitute = false\\nexperimental-features = nix-command flakes\\n' >/etc/nix/nix.conf`);
        await this.ok('sh', '-c', 'printf "#!/bin/sh\\n[ ! -e /boot/read-only ] || { echo No such entry; exit 1; }\\necho \\"\\$2\\" >/boot/oneshot\\n" >/usr/local/bin/bootctl && chmod +x /usr/local/bin/bootctl');
        this.systems = [];
        for (const s of systems) this.systems.push(await this.build(s));
        for (const s of this.systems) await this.ok('nix-env', '-p', profile, '--set', s);
        await this.ok('nix-env', '-p', profile, '--switch-generation', '1');
        fs.writeFileSync(path.join(this.root, 'boot/default'), `${this.systems[0]}\n`);
        await this.ok('systemctl', 'daemon-reload');
        await this.ok('systemctl', 'start', 'nixos-boot.service');
    }

    async build(system) {
        const e = `import ${here}/generations.nix (builtins.fromJSON ''${JSON.stringify(system)}'')`;
        return (await this.ok('nix-build', '--no-out-link', '-E', e)).split('\n').at(-1);
    }

    /** Hydra's agent as it is shipped: a user of its own, shut in, and polkit. */
    async installAgent(token) {
        const program = /^ExecStart=(\S+)/m.exec(shipped('hydra-agent.service'))[1];
        for (const kind of ['sysusers-agent.conf']) await this.ok('systemd-sysusers', path.join(root, 'deploy', kind));
        await this.ok('install', '-D', process.env.HYDRA_AGENT ?? path.join(build, 'hydra-agent'), program);
        await this.ok('install', '-D', '-m', '644', path.join(build, 'deploy/50-hydra-agent.rules'), '/usr/share/polkit-1/rules.d/50-hydra-agent.rules');
        await this.ok(program, 'enroll', token, '--state', '/var/lib/hydra-agent');
        await this.ok('systemctl', 'start', 'nix-daemon', 'hydra-agent');
    }

    policy(text) { fs.writeFileSync(path.join(this.root, 'etc/hydra/agent.yaml'), text); }

    read(file) { try { return fs.readFileSync(path.join(this.root, file), 'utf8'); } catch { return ''; } }
    link(file) { try { return fs.readlinkSync(path.join(this.root, file)); } catch { return ''; } }

    /** What there is of a switch: {phase, text …}. */
    state() { return Object.fromEntries(this.read('var/lib/hydra-switch/state').split('\n').map(l => /^(\S+) (.*)$/.exec(l)).filter(Boolean).map(m => [m[1], m[2]])); }
    async over() { return until(() => { const s = this.state(); return ['confirmed', 'rolled-back'].includes(s.phase) && s; }, 120000, `the end of the switch: ${JSON.stringify(this.state())}`); }

    /** Where it stands, by number: what runs, what starts next time, what the profile says. */
    stand() {
        const number = p => this.systems.indexOf(p) + 1;
        return { running: number(this.link('run/current-system')), boot: number(this.read('boot/default').trim()), profile: Number(/system-(\d+)-link/.exec(this.link('nix/var/nix/profiles/system'))?.[1]) };
    }

    async request(instance) { return this.run('systemctl', 'start', `hydra-generation@${instance}.service`); }

    /** Ends or halts the program at a stage; wait for reached(). */
    stage(name, how) {
        fs.rmSync(path.join(this.root, 'var/lib/hydra-stage-reached'), { force: true });
        fs.writeFileSync(path.join(this.root, 'var/lib/hydra-stage'), `${name} ${how}`);
    }
    reached() { return until(() => fs.existsSync(path.join(this.root, 'var/lib/hydra-stage-reached')), 60000, 'the stage'); }

    /** The plug is pulled, and put back. */
    async losePower() {
        process.kill(Number(this.leader), 'SIGKILL');
        await this.gone();
        this.startAgain();
        await this.booted();
    }

    async gone() {
        const pid = Number(fs.readFileSync(path.join(this.dir, 'pid'), 'utf8'));
        await until(() => { try { process.kill(pid, 0); return /State:\s+Z/.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')); } catch { return true; } }, 90000, 'the end of the machine');
    }

    startAgain() {
        const again = new Machine(this.dir);
        Object.assign(this, { journal: again.journal, leader: again.leader, root: again.root });
    }

    /** After it has gone down by itself to start anew: the container's manager leaves the starting to others. */
    async rebooted() {
        await this.gone();
        this.startAgain();
        await this.booted();
    }

    async booted() {
        await until(async () => (await this.is('active', 'nixos-boot.service')) === 'active', 60000, 'the boot');
        assert.ok(this.link('run/current-system'));
    }
}
