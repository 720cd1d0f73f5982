// The same for the log of a container: hydrad beside `docker logs | grep`, which both have it from the same engine, in turns. The engine's CPU
// counts with each.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { Engine } from '../system/lib/engine.mjs';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { CHILDREN, OWN, firstHits, median, ms, timed } from './logs-lib.mjs';

const MEGABYTES = Number(process.env.MEGABYTES ?? 1024), ROUNDS = Number(process.env.ROUNDS ?? 3), CHUNK = 20000, GAP_MS = 5;
const ONLY = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;

const messageOf = i => (i === 50000 ? `ancient ${i}` : i % 3001 === 0 ? `needle ${i}` : i % 997 === 5 ? `ERROR: request ${i} failed` : `request ${i} of client ${i * 7919 % 100003} took ${i % 733} ms: accepted connection from client after retry`);

/** Writes what the engine would have written. Returns the number of lines. */
function fill(file, beginMs) {
    const fd = fs.openSync(file, 'w');
    let i = 0;
    for (let bytes = 0; bytes < MEGABYTES << 20;) {
        const pieces = [];
        for (const end = i + CHUNK; i < end; i++)
            pieces.push(`{"log":"${messageOf(i)}\\n","stream":"stdout","time":"${new Date(beginMs + i * GAP_MS).toISOString().slice(0, -1)}000001Z"}\n`);
        bytes += fs.writeSync(fd, pieces.join(''));
    }
    fs.closeSync(fd);
    return i;
}

const engine = Engine.start();
await engine.run('big', 'true');
await until(async () => !(await engine.call('GET', '/containers/big/json')).State.Running, 10000, 'the end of the container');
const beginMs = Date.UTC(2026, 0, 1), file = (await engine.call('GET', '/containers/big/json')).LogPath, n = fill(file, beginMs);
if (process.env.ENGINE) fs.writeFileSync(`${file}.1.gz`, ''); // hydrad then leaves the files to the engine
const enginePid = Number(fs.readFileSync(`${engine.dir}/run/docker.pid`, 'utf8'));
const h = await Hydrad.start({ args: ['--node', 'bench', '--docker', `unix://${engine.socket}`] });
const admin = await h.setUp();
await until(async () => (await admin.get('/api/web/logs?service=bench/docker/big&limit=1')).status === 200, 20000, 'the container');

function ours(query) {
    admin.close(); // its connection was idle for longer than hydrad waits
    return timed([[h.process.pid, OWN], [enginePid, OWN]], () => firstHits(admin, `service=bench/docker/big${query}`));
}
const docker = `docker -H unix://${engine.socket} logs`;
const theirs = line => timed([[process.pid, CHILDREN], [enginePid, OWN]], () => {
    const r = spawnSync('sh', ['-c', `${docker} ${line}`], { maxBuffer: 1 << 28 });
    return { lines: r.stdout.toString().split('\n').length - 1 };
});
const until70 = beginMs + Math.round(n * 0.7) * GAP_MS, since70 = until70 - 600_000, iso = t => new Date(t).toISOString();
const cases = [
    ['newest 200 lines', '', '--tail 200 big'],
    ['text, common', '&q=request', 'big | grep -i request | tail -n 200'],
    ['text, one of 3,001', '&q=needle', 'big | grep -i needle | tail -n 200'],
    ['text, once, long ago', '&q=ancient', 'big | grep -i ancient | tail -n 200'],
    ['text, absent', '&q=nowhere', 'big | grep -i nowhere | tail -n 200'],
    ['expression, absent', `&regex=1&q=${encodeURIComponent('took 9\\d\\d ms')}`, "big | grep -P 'took 9\\d\\d ms' | tail -n 200"],
    ['level err', '&level=err', 'big | grep -E "^ERROR" | tail -n 200'],
    ['10 minutes long ago and text', `&q=needle&since=${since70}&until=${until70}`, `--since ${iso(since70)} --until ${iso(until70)} big | grep -i needle | tail -n 200`],
];
console.log(`log of ${n} lines, ${MEGABYTES} MiB; load ${os.loadavg()[0].toFixed(1)}; medians of ${ROUNDS} rounds in turns`);
console.log('| search | lines | hydrad: first hits, ended | CPU | `docker logs` | CPU | ratio |\n| --- | --- | --- | --- | --- | --- | --- |');
let slower = 0;
for (const [name, query, line] of cases.filter(c => ONLY.test(c[0]))) {
    const a = [], b = [], of = (v, key) => median(v.map(r => r[key]));
    for (let i = 0; i < ROUNDS; i++) { a.push(await ours(query)); b.push(await theirs(line)); }
    slower += a[0].lines !== b[0].lines || of(a, 'ms') > of(b, 'ms') * 1.15 + 10;
    console.log(`| ${name} | ${a[0].lines === b[0].lines ? a[0].lines : `${a[0].lines} (${b[0].lines} there)`} | ${ms(of(a, 'first'))}, ${ms(of(a, 'ms'))} | ${ms(of(a, 'cpu'))} | ${ms(of(b, 'ms'))} | ${ms(of(b, 'cpu'))} | ${(of(a, 'ms') / of(b, 'ms')).toFixed(2)} |`);
}
await h.done();
engine.stop();
process.exit(slower ? 1 : 0);
