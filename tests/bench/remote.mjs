// A far node under a real agent, with a real systemd and a real engine: how long an order takes from the click to its end on the page beside
// what systemd itself takes; how late a line of a log is, alone and beside 50,000 lines a second of another container, and whether those keep
// their order; how many lines a second go to Loki.
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Engine } from '../system/lib/engine.mjs';
import { LogStream } from '../system/lib/log-stream.mjs';
import { Loki } from '../system/lib/loki.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, sleep, until } from '../system/lib/hydrad.mjs';

const ROUNDS = Number(process.argv[2] ?? 30), SECONDS = 10;
const dir = scratchFolder(), machine = path.join(os.tmpdir(), `hydra-remote-${randomUUID().slice(0, 8)}`), startSystemd = path.join(root, 'tests/system/start-systemd');
const at = (v, q) => [...v].sort((a, b) => a - b)[Math.min(v.length - 1, Math.floor(v.length * q))] ?? NaN;
const row = (what, v) => console.log(`| ${what} | ${at(v, 0.5).toFixed(1)} | ${at(v, 0.95).toFixed(1)} | ${at(v, 1).toFixed(1)} |`);

fs.mkdirSync(`${machine}/units`, { recursive: true });
fs.writeFileSync(`${machine}/units/work.service`, '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 100000\n');
const [bus, journal] = execFileSync(startSystemd, [machine], { encoding: 'utf8' }).trim().split(' ');
const leader = /^\/proc\/(\d+)\/root/.exec(journal)[1];
const systemctl = (...args) => execFileSync('nsenter', ['-t', leader, '-m', '-p', '-n', '-i', '--', 'systemctl', ...args], { stdio: 'ignore' });
systemctl('start', 'work.service');
const engine = Engine.start(), loki = await Loki.start();
const h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
const admin = await h.setUp();
const state = path.join(dir, 'state'), program = path.join(root, 'build/hydra-agent');
await run(program, ['enroll', (await h.verb(['node', 'add', 'far'])).out.trim(), '--state', state]);
const agent = spawn(program, ['--state', state, '--docker', `unix://${engine.socket}`], { env: plainEnvironment({ DBUS_SYSTEM_BUS_ADDRESS: bus, ...(process.env.LOKI ? { HYDRA_AGENT_LOKI: loki.url } : {}) }), stdio: 'ignore' });
process.on('exit', () => agent.kill('SIGKILL'));
const there = id => until(async () => (await admin.get(`/api/web/services/${id}`)).status === 200, 30000, id);
await there('far/systemd/work.service');

const stream = await admin.events({ topics: 'jobs' }), runs = [], clicks = [], bare = [], nothing = [];
for (let i = 0; i < ROUNDS; i++) {
    const began = performance.now(), from = stream.events.length;
    const { json } = await admin.post('/api/web/jobs', { verb: 'unit.restart', service: 'far/systemd/work.service' });
    await stream.next(e => e.type === 'job.changed' && e.data.id === json.id && /^runs/.test(e.data.step), { from, ms: 30000 });
    runs.push(performance.now() - began);
    await stream.next(e => e.type === 'job.changed' && e.data.id === json.id && e.data.state === 'done', { from, ms: 30000 });
    clicks.push(performance.now() - began);
    const one = performance.now();
    systemctl('restart', 'work.service');
    const two = performance.now();
    systemctl('is-active', 'work.service');
    bare.push(two - one);
    nothing.push(performance.now() - two);
    await sleep(50);
}
console.log('| ms | median | p95 | most |\n| --- | --- | --- | --- |');
row('click to "runs" on the event stream', runs);
row('click to "restarted": it stayed for half a second', clicks);
row('`systemctl restart` on the node', bare);
row('of that, starting systemctl (`is-active`)', nothing);

/** Each line is the moment when it was written. */
const CLOCK = 'while :; do cut -d" " -f22 /proc/self/stat >/dev/null; read up rest </proc/uptime; echo "up $up"; usleep 50000; done';
const uptime = () => Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
await engine.run('clock', CLOCK);
await there('far/docker/clock');
async function lateness(seconds) {
    const late = [], tail = await LogStream.open(admin, 'service=far/docker/clock&limit=1');
    let seen = 0;
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
        for (; seen < tail.texts.length; seen++) late.push(uptime() - Number(tail.texts[seen].slice(3)) * 1000);
        await sleep(1);
    }
    tail.close();
    return late.slice(5);
}
row('a line of a container to the reader, alone', await lateness(SECONDS));
await engine.run('flood', `sleep 2; i=0; while [ $i -lt ${SECONDS * 20} ]; do i=$((i+1)); seq -f "$i %.0f" 2500 2>/dev/null || awk -v i=$i 'BEGIN { for (k = 1; k <= 2500; k++) print i, k }'; usleep 35000; done; echo over; exec sleep 100000`);
await there('far/docker/flood');
const flood = await LogStream.open(admin, 'service=far/docker/flood&limit=1');
await until(() => flood.lines.length, 30000, 'the flood');
const began = performance.now();
row('the same, beside a flood', await lateness(SECONDS));
await until(() => flood.texts.at(-1) === 'over', 120000, 'its end');
const seconds = (performance.now() - began) / 1000, order = flood.texts.slice(0, -1).map(t => t.split(' ').map(Number)).map(([i, k]) => i * 10000 + k);
console.log(`flood: ${flood.lines.length} lines read and ${flood.dropped} told as dropped, of ${SECONDS * 20 * 2500 + 1}, in ${seconds.toFixed(1)} s; in order: ${order.every((x, i) => !i || x > order[i - 1])}`);
if (process.env.LOKI) {
    await until(() => loki.texts('container', 'flood').includes('over'), 120000, 'the flood at Loki');
    console.log(`Loki: ${loki.of('container', 'flood').length} lines of it in ${loki.requests.length} pushes, ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
agent.kill('SIGKILL');
await h.done();
await loki.stop();
engine.stop();
execFileSync(startSystemd, ['--stop', machine]);
fs.rmSync(dir, { recursive: true, force: true });
process.exit(0);
