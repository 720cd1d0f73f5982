// A management controller: ipmi_sim of OpenIPMI, over the real protocol, for a machine whose power is a file.
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { until } from './hydrad.mjs';

export const freeUdpPort = () => new Promise(r => { const s = dgram.createSocket('udp4'); s.bind(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => r(port)); }); });

// What the controller runs to look at the machine and to switch it. `deaf`: it heeds no button; a cycle comes as off, then on.
const chassis = dir => `#!/bin/sh
op=$2
shift 2
if [ "$op" = get ]; then
  for p; do [ "$p" = power ] && echo "power:$(cat ${dir}/power)" || echo "$p:0"; done
  exit
fi
echo "$*" >> ${dir}/calls
while [ $# -gt 0 ]; do
  case $1 in
    power) echo $2 > ${dir}/power ;;
    shutdown) [ -e ${dir}/deaf ] || echo 0 > ${dir}/power ;;
  esac
  shift 2
done
`;

export class Bmc {
    /** In a folder of its own, with users admin and guest. */
    static async start(dir, { on = true, password = 's3cret:pass$;x' } = {}) {
        const b = Object.assign(new Bmc(), { dir, password, port: await freeUdpPort() });
        fs.mkdirSync(path.join(dir, 'state'), { recursive: true });
        const file = (name, text, mode) => fs.writeFileSync(path.join(dir, name), text, { mode });
        file('chassis', chassis(dir), 0o755);
        file('power', on ? '1\n' : '0\n');
        file('calls', '');
        file('lan.conf', `name "bmc"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${b.port}
    priv_limit admin
${['callback', 'user', 'operator', 'admin'].map(p => `    allowed_auths_${p} none md2 md5 straight\n`).join('')}    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${dir}/chassis 0x20"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "admin" "${password}" admin 10 none md2 md5 straight
  user 3 true "guest" "${password}" user 10 none md2 md5 straight
`);
        file('bmc.emu', 'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nsel_enable 0x20 1000 0x0a\nmc_enable 0x20\n');
        b.process = spawn('ipmi_sim', ['-c', path.join(dir, 'lan.conf'), '-f', path.join(dir, 'bmc.emu'), '-s', path.join(dir, 'state'), '-n'], { stdio: 'ignore' });
        b.ended = new Promise(r => b.process.on('exit', r));
        process.on('exit', () => b.process.kill('SIGKILL'));
        await until(() => fs.readFileSync('/proc/net/udp', 'utf8').includes(`0100007F:${b.port.toString(16).toUpperCase().padStart(4, '0')} `), 60000, 'ipmi_sim to listen');
        return b;
    }

    get address() { return `127.0.0.1:${this.port}`; }
    get on() { return fs.readFileSync(path.join(this.dir, 'power'), 'utf8').trim() === '1'; }
    set on(v) { fs.writeFileSync(path.join(this.dir, 'power'), v ? '1\n' : '0\n'); }
    /** What the machine was told, in order. */
    get calls() { return fs.readFileSync(path.join(this.dir, 'calls'), 'utf8').trim().split('\n').filter(Boolean); }

    stop() { this.process.kill('SIGKILL'); return this.ended; }
}
