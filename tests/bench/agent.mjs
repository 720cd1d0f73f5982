// An agent that is linked, each second, beside its peers in one run: CPU of all that ever ran in a program's own cgroup, memory, threads, and
// how much each tells. A crowd of 40 containers, and with WITH_SYSTEMD=1 a systemd of its own, are there to be watched. Two floors run with
// them: one reads what the agent keeps open, the other everything that tells of the machine and the crowd.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { freePort } from '../system/lib/machine.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, sleep, until } from '../system/lib/hydrad.mjs';
import { Cgroup, Crowd, spawnIn } from './crowd.mjs';

const SECONDS = Number(process.argv[2] ?? 60), WARM_MS = 30000, CROWD = 40;
const PROGRAM = process.env.AGENT ?? path.join(root, 'build/hydra-agent'), FLOOR = process.env.FLOOR ?? path.join(root, '../shared/tools/readfloor.c');
const SYSTEM_FILES = ['stat', 'loadavg', 'meminfo', 'vmstat', 'diskstats', 'net/dev', 'net/snmp', 'net/netstat', 'net/sockstat', 'net/sockstat6',
    'pressure/cpu', 'pressure/memory', 'pressure/io', 'sys/fs/file-nr'].map(f => `/proc/${f}`);
const dir = scratchFolder(), them = [], cleaning = [];
let starts = '';
const which = name => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
for (const s of ['SIGTERM', 'SIGINT']) process.on(s, () => process.exit(1));
process.on('exit', () => { for (const x of them) x.cgroup.kill(); for (const f of cleaning) f(); });

/** A process and those that it started. */
function family(pid) {
    const of = p => fs.readFileSync(`/proc/${p}/task/${p}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    try { return [pid, ...of(pid).flatMap(family)]; } catch { return []; }
}
const tasks = pids => pids.flatMap(p => { try { return fs.readdirSync(`/proc/${p}/task`).map(t => `/proc/${p}/task/${t}`); } catch { return []; } });
const wakes = pids => tasks(pids).reduce((n, t) => { try { return n + Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(fs.readFileSync(`${t}/status`, 'utf8'))[1]); } catch { return n; } }, 0);
const mib = (pids, key) => pids.reduce((n, p) => n + Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(fs.readFileSync(`/proc/${p}/smaps_rollup`, 'utf8'))?.[1] ?? 0), 0) / 1024;
const get = (port, at) => new Promise(r => http.get({ port, path: at }, a => { let s = ''; a.on('data', d => { s += d; }); a.on('end', () => r(s)); }).on('error', () => r('')));
const forks = () => Number(/^processes (\d+)/m.exec(fs.readFileSync('/proc/stat', 'utf8'))[1]);

function start(name, program, args, { tells = () => '', env, stdio } = {}) {
    const cgroup = new Cgroup(`hydra-bench-${process.pid}-${them.length}`);
    const x = { name, tells, cgroup, p: spawnIn(cgroup, program, args, { env: plainEnvironment(env), ...(stdio && { stdio }) }) };
    them.push(x);
    return x;
}

/** Reads these files each second, and nothing else. */
function startFloor(name, files) {
    const x = start(name, `${dir}/readfloor`, ['1000000'], { stdio: ['pipe', 'ignore', 'ignore'], tells: () => `${files.length} files` });
    x.p.stdin.end(files.join('\n') + '\n');
}

/** Where the bus of a systemd is, with some units beside its own. */
function startSystemd() {
    const script = path.join(root, 'tests/system/start-systemd');
    cleaning.push(() => spawnSync(script, ['--stop', `${dir}/systemd`]));
    return execFileSync(script, [`${dir}/systemd`], { encoding: 'utf8' }).split(' ')[0];
}

/** Milliseconds from exec to the line that follows the first sample; the least of some is what the machine's other work leaves. */
async function startMs(args) {
    const times = [];
    for (let i = 0; i < 7; i++) {
        const began = performance.now(), p = spawn(PROGRAM, args, { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
        await new Promise(r => { p.stderr.on('data', d => { if (String(d).includes('watching this machine')) r(); }); p.on('exit', r); });
        times.push(performance.now() - began);
        p.kill('SIGKILL');
        await new Promise(r => { if (p.exitCode !== null || p.signalCode) r(); else p.on('exit', r); });
    }
    times.sort((a, b) => a - b);
    return `exec to the first sample: ${times[0].toFixed(1)} ms at best, median ${times[3].toFixed(1)} ms of ${times.length}`;
}

async function startAgent() {
    const h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    const admin = await h.setUp(), state = path.join(dir, 'state');
    await run(PROGRAM, ['enroll', (await h.verb(['node', 'add', 'bench'])).out.trim(), '--state', state]);
    starts = await startMs(['--state', state, '--docker', `unix://${dir}/engine`]);
    const bus = process.env.WITH_SYSTEMD && startSystemd(), node = async () => (await admin.get('/api/web/nodes/bench')).json;
    // A system that runs systemd has this folder; the agent looks for it before it asks the bus.
    const args = bus ? ['unshare', ['-m', 'sh', '-c', 'mkdir -p /run/systemd; mount -t tmpfs none /run/systemd; mkdir /run/systemd/system; exec "$@"', 'sh', PROGRAM]] : [PROGRAM, []];
    const x = start('hydra-agent, linked', args[0], [...args[1], '--state', state, '--docker', `unix://${dir}/engine`],
        { env: bus && { DBUS_SYSTEM_BUS_ADDRESS: bus }, stdio: process.env.AGENT_LOG ? 'inherit' : 'ignore',
            tells: async () => `${(await admin.get('/api/web/services')).json.services.filter(s => s.node === 'bench').length} services, ${(await node()).sources.filter(s => s.state === 'ok').length} sources` });
    await until(async () => (await admin.get('/api/web/nodes')).json.nodes.some(n => n.id === 'bench' && n.state === 'online'), 30000, 'the link');
    return { h, x };
}

async function startPeers() {
    if (which('collectd')) {
        const plugins = ['cpu', 'memory', 'load', 'disk', 'interface', 'df'];
        fs.writeFileSync(`${dir}/collectd.conf`, `BaseDir "${dir}"\nPIDFile "${dir}/collectd.pid"\nInterval 1\nTypesDB "/usr/share/collectd/types.db"\n${plugins.map(p => `LoadPlugin ${p}\n`).join('')}`
            + 'LoadPlugin network\n<Plugin network>\n  Server "127.0.0.1" "25999"\n</Plugin>\n');
        start('collectd, 6 plugins', which('collectd'), ['-f', '-C', `${dir}/collectd.conf`], { tells: () => plugins.join(' ') });
    }
    if (which('prometheus-node-exporter')) {
        const port = await freePort();
        start('node_exporter, scraped each second', which('prometheus-node-exporter'), [`--web.listen-address=127.0.0.1:${port}`],
            { tells: async () => `${(await get(port, '/metrics')).split('\n').filter(l => l && l[0] !== '#').length} series` });
        const scraping = setInterval(() => get(port, '/metrics'), 1000);
        cleaning.push(() => clearInterval(scraping));
    }
    if (which('netdata')) {
        const port = await freePort();
        fs.writeFileSync(`${dir}/netdata.conf`, `[directories]\n cache = ${dir}\n lib = ${dir}\n log = ${dir}\n[db]\n mode = ram\n[web]\n bind to = 127.0.0.1\n default port = ${port}\n[global]\n run as user = root\n`);
        start('netdata', which('netdata'), ['-D', '-c', `${dir}/netdata.conf`],
            { tells: async () => `${Object.keys(JSON.parse(await get(port, '/api/v1/charts') || '{}').charts ?? {}).length} charts` });
    }
}

/** Files below /proc and /sys that a process holds. */
const held = pid => fs.readdirSync(`/proc/${pid}/fd`).map(f => { try { return fs.readlinkSync(`/proc/${pid}/fd/${f}`); } catch { return ''; } })
    .filter(f => /^\/(proc|sys)\//.test(f) && fs.statSync(f, { throwIfNoEntry: false })?.isFile());

const crowd = new Crowd(CROWD, `${dir}/engine`);
cleaning.push(() => crowd.end());
const { h, x: agent } = await startAgent();
await startPeers();
await sleep(5000);
if (fs.existsSync(FLOOR)) {
    execFileSync('gcc', ['-O2', '-o', `${dir}/readfloor`, FLOOR]);
    startFloor('floor: the files that the agent holds', held(agent.p.pid));
    startFloor('floor: all that tells of machine and crowd', [...SYSTEM_FILES, ...crowd.files()].filter(f => fs.existsSync(f)));
}
await sleep(WARM_MS);
const at = them.map(x => ({ ns: x.cgroup.cpuNs(), wakes: wakes(family(x.p.pid)) })), forked = forks();
await sleep(SECONDS * 1000);
const after = them.map(x => ({ cpu: (x.cgroup.cpuNs() - at[them.indexOf(x)].ns) / SECONDS / 1e7, wakes: (wakes(family(x.p.pid)) - at[them.indexOf(x)].wakes) / SECONDS }));
console.log(`${SECONDS} s after ${WARM_MS / 1000} s, all at once; load ${fs.readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}, ${((forks() - forked) / SECONDS).toFixed(0)} new processes and threads a second\n`
    + '| | CPU, % of a core | beside the agent | RSS MiB | PSS MiB | processes/threads | wakes a second | tells |\n| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const [i, x] of them.entries()) {
    const pids = family(x.p.pid);
    console.log(`| ${x.name} | ${after[i].cpu.toFixed(3)} | ${(after[i].cpu / after[0].cpu).toFixed(2)} | ${mib(pids, 'Rss').toFixed(1)} | ${mib(pids, 'Pss').toFixed(1)} | ${pids.length}/${tasks(pids).length} | ${after[i].wakes.toFixed(0)} | ${await x.tells()} |`);
}
console.log(`\n${starts}`);
if (process.env.STAY) { // to be looked at: the agent's pid
    console.log(agent.p.pid);
    await new Promise(r => process.stdin.once('data', r));
}
for (const x of them) x.cgroup.kill();
await h.done();
for (const f of cleaning.splice(0)) f();
await sleep(500);
crowd.remove();
for (const x of them) x.cgroup.remove();
fs.rmSync(dir, { recursive: true, force: true });
process.exit(0);
