// A machine with a real systemd and polkit, and Hydra's agent on it as it is shipped: a user of its own, shut in, and its helper for root.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './hydrad.mjs';
import { Machine } from './nspawn.mjs';

const build = process.env.HYDRA_BUILD ?? path.join(root, 'build');
const shipped = name => fs.readFileSync(path.join(build, 'deploy', name), 'utf8');
const early = text => text.replace('[Unit]', '[Unit]\nDefaultDependencies=no').replace(/^Wants=.*\n/m, '').replace(/^After=.*/m, 'After=dbus.socket');

export class AgentMachine extends Machine {
    /** `units`: further ones, by their names. */
    static start(dir, units = {}) {
        const all = {
            'hydra-agent.service': early(shipped('hydra-agent.service')),
            'hydra-root@.service': early(shipped('hydra-root@.service')).replace(/^ExecStart=\S+/m, `ExecStart=${path.join(build, 'hydra-agent-helper')}`),
            ...units,
        };
        fs.mkdirSync(path.join(dir, 'units'), { recursive: true });
        for (const [name, text] of Object.entries(all)) fs.writeFileSync(path.join(dir, 'units', name), text);
        return new AgentMachine(dir);
    }

    async installAgent(token) {
        const program = /^ExecStart=(\S+)/m.exec(shipped('hydra-agent.service'))[1];
        await this.ok('systemd-sysusers', path.join(root, 'deploy/sysusers-agent.conf'));
        await this.ok('install', '-D', path.join(build, 'hydra-agent'), program);
        await this.ok('install', '-D', '-m', '644', path.join(build, 'deploy/50-hydra-agent.rules'), '/usr/share/polkit-1/rules.d/50-hydra-agent.rules');
        await this.ok('mkdir', '-p', '/etc/hydra');
        await this.ok(program, 'enroll', token, '--state', '/var/lib/hydra-agent');
        await this.ok('systemctl', 'start', 'hydra-agent');
    }

    write(file, text, mode = 0o644) {
        const at = path.join(this.root, file);
        fs.mkdirSync(path.dirname(at), { recursive: true });
        fs.writeFileSync(at, text, { mode });
    }
    policy(text) { this.write('etc/hydra/agent.yaml', text); }
}
