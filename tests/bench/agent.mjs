// An agent that is linked, each second, beside its peers in one run: CPU of all their threads (to the microsecond), memory, threads, and how
// much each tells. 40 processes more than usual stand around.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { freePort } from '../system/lib/machine.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, sleep, until } from '../system/lib/hydrad.mjs';

const SECONDS = Number(process.argv[2] ?? 60), WARM_MS = 30000;
const dir = scratchFolder(), alive = [];
const which = name => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
const start = (program, args, env) => { const p = spawn(program, args, { env: plainEnvironment(env), stdio: 'ignore' }); alive.push(p); return p; };
process.on('exit', () => { for (const p of alive) p.kill('SIGKILL'); });

/** A process and those that it started. */
function family(pid) {
    const of = p => fs.readFileSync(`/proc/${p}/task/${p}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    try { return [pid, ...of(pid).flatMap(family)]; } catch { return []; }
}
const tasks = pids => pids.flatMap(p => { try { return fs.readdirSync(`/proc/${p}/task`).map(t => `/proc/${p}/task/${t}`); } catch { return []; } });
const cpuNs = pids => tasks(pids).reduce((n, t) => { try { return n + Number(fs.readFileSync(`${t}/schedstat`, 'utf8').split(' ')[0]); } catch { return n; } }, 0);
const wakes = pids => tasks(pids).reduce((n, t) => { try { return n + Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(fs.readFileSync(`${t}/status`, 'utf8'))[1]); } catch { return n; } }, 0);
const mib = (pids, key) => pids.reduce((n, p) => n + Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(fs.readFileSync(`/proc/${p}/smaps_rollup`, 'utf8'))?.[1] ?? 0), 0) / 1024;
const get = (port, at) => new Promise(r => http.get({ port, path: at }, a => { let n = 0, s = ''; a.on('data', d => { n += d.length; s += d; }); a.on('end', () => r({ n, s })); }).on('error', () => r({ n: 0, s: '' })));

for (let i = 0; i < 40; i++) start('sleep', ['100000']);
const h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
const admin = await h.setUp();
const token = (await h.verb(['node', 'add', 'bench'])).out.trim(), state = path.join(dir, 'state'), program = path.join(root, 'build/hydra-agent');
await run(program, ['enroll', token, '--state', state]);
const them = [{ name: 'hydra-agent, linked', p: start(program, ['--state', state]), tells: async () => `${(await admin.get('/api/web/nodes/bench')).json?.sources?.filter(s => s.state === 'ok').length ?? '?'} sources` }];
await until(async () => (await admin.get('/api/web/nodes')).json.nodes.some(n => n.id === 'bench' && n.state === 'online'), 30000, 'the link');

if (which('collectd')) {
    const plugins = ['cpu', 'memory', 'load', 'disk', 'interface', 'df'];
    fs.writeFileSync(`${dir}/collectd.conf`, `BaseDir "${dir}"\nPIDFile "${dir}/collectd.pid"\nInterval 1\nTypesDB "/usr/share/collectd/types.db"\n${plugins.map(p => `LoadPlugin ${p}\n`).join('')}`
        + 'LoadPlugin network\n<Plugin network>\n  Server "127.0.0.1" "25999"\n</Plugin>\n');
    them.push({ name: 'collectd, 6 plugins', p: start(which('collectd'), ['-f', '-C', `${dir}/collectd.conf`]), tells: async () => plugins.join(' ') });
}
let scraping = null;
if (which('prometheus-node-exporter')) {
    const port = await freePort();
    const p = start(which('prometheus-node-exporter'), [`--web.listen-address=127.0.0.1:${port}`]);
    scraping = setInterval(() => get(port, '/metrics'), 1000);
    them.push({ name: 'node_exporter, scraped each second', p, tells: async () => `${(await get(port, '/metrics')).s.split('\n').filter(l => l && l[0] !== '#').length} series` });
}
if (which('netdata')) {
    const port = await freePort();
    fs.writeFileSync(`${dir}/netdata.conf`, `[directories]\n cache = ${dir}\n lib = ${dir}\n log = ${dir}\n[db]\n mode = ram\n[web]\n bind to = 127.0.0.1\n default port = ${port}\n[global]\n run as user = root\n`);
    them.push({ name: 'netdata', p: start(which('netdata'), ['-D', '-c', `${dir}/netdata.conf`]), tells: async () => `${JSON.parse((await get(port, '/api/v1/charts')).s || '{"charts":{}}').charts ? Object.keys(JSON.parse((await get(port, '/api/v1/charts')).s || '{"charts":{}}').charts).length : '?'} charts` });
}
await sleep(WARM_MS);
const at = them.map(x => ({ pids: family(x.p.pid) })).map(x => ({ ...x, ns: cpuNs(x.pids), wakes: wakes(x.pids) }));
await sleep(SECONDS * 1000);
console.log(`${SECONDS} s after ${WARM_MS / 1000} s, all at once\n| | CPU, % of a core | beside the agent | RSS MiB | PSS MiB | processes/threads | wakes a second | tells |\n| --- | --- | --- | --- | --- | --- | --- | --- |`);
const own = [];
for (const [i, x] of them.entries()) {
    const pids = family(x.p.pid), cpu = (cpuNs(pids) - at[i].ns) / SECONDS / 1e7;
    own[i] = cpu;
    console.log(`| ${x.name} | ${cpu.toFixed(3)} | ${(cpu / own[0]).toFixed(1)} | ${mib(pids, 'Rss').toFixed(1)} | ${mib(pids, 'Pss').toFixed(1)} | ${pids.length}/${tasks(pids).length} | ${((wakes(pids) - at[i].wakes) / SECONDS).toFixed(0)} | ${await x.tells()} |`);
}
clearInterval(scraping);
for (const p of alive) p.kill('SIGKILL');
await h.done();
fs.rmSync(dir, { recursive: true, force: true });
process.exit(0);
