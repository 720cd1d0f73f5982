// hydrad itself over HTTP; see hydrad.sh. Parts: request, overview, page; without names all.
import { execFile, spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openBrowser } from '../browser/lib/browser.mjs';
import { Hydrad, sleep } from '../system/lib/hydrad.mjs';
import { cpuOf, median, Probe, Table } from './page-lib.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const ROUNDS = Number(process.env.ROUNDS ?? 3), SECONDS = Number(process.env.SECONDS_EACH ?? 4);
const SERVICES = 500, CLIENTS = 50;
const wanted = process.argv.slice(2);
const part = name => !wanted.length || wanted.includes(name);
const table = new Table();
const hydrad = await Hydrad.start({ prefix: ['taskset', '-c', '0'], args: ['--node', 'debian'] });
const admin = await hydrad.setUp();
const cookie = `hydra_session=${admin.auth.cookie}`;
const pid = hydrad.process.pid;

async function addService(i, description = null) {
    const a = await admin.post('/api/web/services', { name: `Service ${i}`, group: `Group ${i % 7}`, description });
    if (a.status !== 201) throw new Error(`service ${i}: ${a.status} ${a.text}`);
    return a.json.id;
}

/** A service whose page is 2 KB of live JSON: description and link stand in it twice. */
async function twoKilobytes() {
    const id = await addService(0, 'A sentence about it. '.repeat(14)), where = `/api/web/services/${id}`;
    const link = n => admin.put(where, { url: `http://192.0.2.1/${'x'.repeat(n)}` });
    await link(1);
    const { size } = await admin.get(where);
    const { status, text } = await link(1 + Math.max(0, Math.floor((2048 - size) / 2)));
    if (status !== 200) throw new Error(text);
    return where;
}

async function measureRequest() {
    const where = await twoKilobytes();
    await sleep(500);
    console.log(`${(await admin.get(where)).size} bytes from ${where}, with a session`);
    const env = { ...process.env, BENCH_PID: pid, BENCH_URL: hydrad.base + where, BENCH_COOKIE: cookie };
    const r = spawnSync(path.join(here, 'http.sh'), [path.dirname(process.env.HYDRAD)], { env, stdio: 'inherit' });
    if (r.status !== 0) throw new Error('http.sh failed');
}

/** {p50, p99 (ms), cpu (µs per request)} of as many clients as there are, as fast as they can. */
async function wrk(where, ...headers) {
    const before = cpuOf(pid);
    const args = ['-c', '1', 'wrk', '-t1', `-c${CLIENTS}`, `-d${SECONDS}s`, '--latency', ...headers.flatMap(h => ['-H', h]), hydrad.base + where];
    const { stdout } = await promisify(execFile)('taskset', args);
    if (/Non-2xx/.test(stdout)) throw new Error(stdout);
    const ms = q => { const [, n, unit] = new RegExp(`${q}%\\s+([\\d.]+)(us|ms|s)`).exec(stdout); return n * { us: 1e-3, ms: 1, s: 1e3 }[unit]; };
    return { p50: ms(50), p99: ms(99), cpu: (cpuOf(pid) - before) * 1000 / Number(/(\d+) requests in/.exec(stdout)[1]) };
}

async function measureOverview() {
    for (let i = 1; i <= SERVICES; i++) await addService(i);
    await sleep(2000);
    for (const [name, headers] of [['plain', []], ['gzip', ['Accept-Encoding: gzip']]]) {
        const { size } = await admin.get('/api/web/overview', { headers: name === 'gzip' ? { 'accept-encoding': 'gzip' } : {} });
        const rounds = [];
        for (let i = 0; i < ROUNDS; i++) rounds.push(await wrk('/api/web/overview', `Cookie: ${cookie}`, ...headers));
        const what = `overview of ${SERVICES} services, ${CLIENTS} clients, ${name} (${Math.round(size / 1000)} KB)`;
        table.add(`${what}: median`, median(rounds.map(r => r.p50)));
        table.add(`${what}: p99`, Math.min(...rounds.map(r => r.p99)), { goal: 10 });
        table.add(`${what}: CPU`, median(rounds.map(r => r.cpu)), { unit: 'µs' });
    }
}

/** CPU that hydrad uses anyway in a millisecond. */
async function idle() {
    const before = cpuOf(pid);
    await sleep(5000);
    return (cpuOf(pid) - before) / 5000;
}

async function measurePage() {
    const browser = await openBrowser(), rate = await idle(), loads = [];
    for (let i = 0; i < Math.max(5, ROUNDS); i++) {
        const before = cpuOf(pid), began = performance.now();
        const p = await Probe.open(browser, hydrad.base, '/', { cookie: admin.auth.cookie, ready: String(() => !!document.querySelector('[aria-label="Verdict"] h1 span')?.textContent) });
        await sleep(1000);
        loads.push({ cpu: cpuOf(pid) - before - rate * (performance.now() - began), requests: p.requests });
        await p.close();
    }
    await browser.close();
    const services = (await admin.get('/api/web/services')).json.services.length;
    table.add(`cold load of the overview, ${services} services, ${median(loads.map(l => l.requests))} requests: CPU`, median(loads.map(l => l.cpu)), { goal: 10 });
    table.add('hydrad meanwhile, per second', rate * 1000);
}

try {
    if (part('request')) await measureRequest();
    if (part('page')) await measurePage();
    if (part('overview')) await measureOverview();
    if (part('overview') && part('page')) await measurePage();
    if (table.rows.length) table.print();
    else console.log(`load of the machine: ${os.loadavg().map(l => l.toFixed(1)).join(' ')}`);
} finally {
    await hydrad.done();
}
