// A hub and many simulated agents (swarm.c): what a tick costs the hub, how late an event is on a stream, what a
// storm of reconnections does. Prints a line for each number of agents; see swarm.sh.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Hydrad, root, sleep, until } from '../system/lib/hydrad.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { quantile } from './page-lib.mjs';

const SERIES = Number(process.env.SERIES ?? 300);
const SECONDS = Number(process.env.SECONDS_EACH ?? 10);
const counts = (process.argv[2] ?? '10,100,1000').split(',').map(Number);
const TOKENS = 16; // enrolments at once: the hub has a limit

class Swarm {
    state = { enrolled: 0, linked: 0 };
    troubles = [];

    constructor() {
        this.process = spawn(path.join(root, 'build/tests/bench/swarm'), [String(SERIES)], { stdio: ['pipe', 'pipe', 'inherit'] });
        this.process.on('exit', code => { if (!this.ending) { console.error(`the swarm ended with ${code}: ${this.troubles.at(-1)}`); process.exit(1); } });
        let rest = '';
        this.process.stdout.on('data', d => {
            const lines = (rest + d).split('\n');
            rest = lines.pop();
            for (const l of lines.map(x => JSON.parse(x))) l.trouble ? this.troubles.push(l.trouble) : (this.state = l);
        });
    }

    say(line) { this.process.stdin.write(`${line}\n`); }

    async grow(admin, from, to) {
        for (let i = from; i < to; i += TOKENS) {
            const upTo = Math.min(to, i + TOKENS);
            for (let n = i; n < upTo; n++) {
                const a = await admin.post('/api/web/enrolments', { node: `node-${n}` });
                if (a.status !== 201) throw new Error(`enrolment: ${a.status} ${a.text}`);
                this.say(a.json.token);
            }
            await until(() => this.state.enrolled >= upTo, 120000, `${upTo} agents enrolled`);
        }
        await until(() => this.state.linked >= to, 120000, `${to} agents linked`);
    }
}

const cpuOf = pid => fs.readdirSync(`/proc/${pid}/task`).reduce((sum, t) => sum + Number(fs.readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e9;
const rss = pid => Number(/^VmRSS:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function look(hydrad, admin, n) {
    const pid = hydrad.process.pid;
    const stream = await admin.events({ topics: 'vitals' });
    await sleep(2000);
    stream.events.length = 0;
    const cpu = cpuOf(pid), begin = performance.now();
    await sleep(SECONDS * 1000);
    const seconds = (performance.now() - begin) / 1000, spent = cpuOf(pid) - cpu;
    await stream.close();
    const late = stream.events.filter(e => e.type === 'node.vitals').map(e => performance.timeOrigin + e.at - e.data.t);
    console.log(`${String(n).padStart(5)} agents  ${(late.length / seconds).toFixed(0).padStart(5)} events/s  p50 ${quantile(late, 0.5).toFixed(1)} ms  p99 ${quantile(late, 0.99).toFixed(1)} ms`
        + `  hub ${(spent / seconds * 100).toFixed(1)} % of a core, ${rss(pid).toFixed(0)} MiB  ${(spent / seconds / n * 1e6).toFixed(0)} us a second and agent`);
}

/** Every node's window has a point for each second: what was told late is there. */
async function holes(admin, n, sinceMs) {
    let missing = 0;
    for (let i = 0; i < n; i++) {
        const { t } = (await admin.get(`/api/web/nodes/node-${i}/window`)).json;
        const times = t.filter(x => x >= sinceMs);
        for (let k = 1; k < times.length; k++) if (times[k] - times[k - 1] > 1900) missing++;
    }
    return missing;
}

const port = await freePort();
const hydrad = await Hydrad.start({ args: ['--agents', `127.0.0.1:${port}`] });
const admin = await hydrad.setUp();
const swarm = new Swarm();
let have = 0;
for (const n of counts) {
    await swarm.grow(admin, have, n);
    have = n;
    await look(hydrad, admin, n);
}
const begin = Date.now(), clock = performance.now();
swarm.say('storm');
await until(() => swarm.state.linked < have, 5000, 'the storm');
await until(() => swarm.state.linked === have, 60000, 'all back');
const took = (performance.now() - clock) / 1000;
await sleep(5000);
const feed = (await admin.get('/api/web/events?limit=200')).json.entries;
const alarms = feed.filter(e => Date.parse(e.time) >= begin && /node\.(away|late)/.test(e.kind));
console.log(`storm: all ${have} back after ${took.toFixed(1)} s; seconds without a sample: ${await holes(admin, have, begin - 5000)}; alarms: ${alarms.length}`);
for (const t of new Set(swarm.troubles)) console.log(`trouble: ${t}`);
swarm.ending = true;
swarm.say('end');
await hydrad.stop();
process.exit(0);
