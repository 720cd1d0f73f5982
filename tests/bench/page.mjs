// The dashboard's speed; see page.sh. Parts: load, sixty, paint, storm; without names all.
import { fork } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { Hydrad, sleep, until } from '../system/lib/hydrad.mjs';
import { openBrowser } from '../browser/lib/browser.mjs';
import { Bare, cpuOf, median, Probe, quantile, Table } from './page-lib.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const ROUNDS = Number(process.env.ROUNDS ?? 7);
const STREAMS = Number(process.env.STREAMS ?? 1000);
const GROUPS = ['Media', 'Network', 'Home', 'AI', 'Data'];
const wanted = process.argv.slice(2);
const part = name => !wanted.length || wanted.includes(name);

const sentence = String(() => !!document.querySelector('[aria-label="Verdict"] h1 span')?.textContent);
const table = new Table();
const bare = await Bare.start();
const checked = http.createServer((q, a) => a.end('ok')); // what the services' checks ask
await new Promise(r => checked.listen(0, '127.0.0.1', r));
const hydrad = await Hydrad.start({ args: ['--node', 'debian'] });
const admin = await hydrad.setUp();
const cookie = admin.auth.cookie;
const browser = await openBrowser();

const service = (i, name = `Service ${i}`) => ({
    name, group: GROUPS[i % GROUPS.length],
    check: i < 60 ? { kind: 'http', target: `http://127.0.0.1:${checked.address().port}/`, interval_ms: 10000 } : { kind: 'none' },
});
const rename = (i, name) => admin.put(`/api/web/services/manual/service-${i}`, service(i, name));

async function addServices(from, to) {
    for (let i = from; i < to; i++) {
        const a = await admin.post('/api/web/services', service(i));
        if (a.status !== 201) throw new Error(`service ${i}: ${a.status} ${a.text}`);
    }
}

const numbers = async () => Object.fromEntries((await admin.get('/metrics')).text.split('\n').map(l => l.split(' ')).map(([k, v]) => [k, Number(v)]));

async function once(base, options) {
    const p = await Probe.open(browser, base, '/', { ready: sentence, ...options });
    await sleep(options.slow ? 2500 : 1000);
    const { lcp, ready, long } = await p.measured;
    const one = { lcp, ready, long: long.length, longest: Math.max(0, ...long), task: await p.task(), requests: p.requests, kb: p.bytes / 1000, heap: await p.heap(), urls: p.urls };
    await p.close();
    return one;
}

/** Both pages in turns; medians of every figure. */
async function loads(options) {
    const ours = [], floor = [];
    for (let i = 0; i < ROUNDS; i++) {
        floor.push(await once(bare.base, options));
        ours.push(await once(hydrad.base, { cookie, ...options }));
    }
    const middle = list => Object.fromEntries(Object.keys(list[0]).filter(k => k !== 'urls').map(k => [k, median(list.map(o => o[k]))]));
    return [middle(ours), middle(floor), ours[0].urls];
}

async function measureLoad() {
    const before = await numbers();
    const [o, b, urls] = await loads({});
    const after = await numbers();
    if (process.env.LIST) console.log(urls.join('\n'));
    const delta = key => (after[key] - before[key]) / ROUNDS;
    table.add('first load: transferred', o.kb, { unit: 'KB', goal: 250, bare: b.kb });
    table.add('first load: requests of the page', o.requests, { unit: '', goal: 20, bare: b.requests });
    table.add('first load: requests the server saw', delta('hydra_http_requests_total'), { unit: '' });
    table.add('first load: largest contentful paint', o.lcp, { goal: 300, bare: b.lcp, times: 3 });
    table.add('first load: sentence seen', o.ready, { bare: b.ready });
    table.add('first load: main thread', o.task, { goal: 250, bare: b.task });
    table.add('first load: long tasks', o.long, { unit: '' });
    table.add('first load: longest task', o.longest);
    table.add('first load: heap', o.heap, { unit: 'MB', bare: b.heap });
    const [s, t] = await loads({ slow: true });
    table.add('slow phone: sentence seen', s.ready, { goal: 1000, bare: t.ready });
    table.add('slow phone: largest contentful paint', s.lcp, { bare: t.lcp });
}

/** The server's CPU per load: what ten loads cost above what the same time costs without. */
async function serverCpu() {
    const pid = hydrad.process.pid, loadsDone = 10;
    let at = cpuOf(pid), t = performance.now();
    for (let i = 0; i < loadsDone; i++) await (await Probe.open(browser, hydrad.base, '/', { cookie, ready: sentence })).close();
    const busy = cpuOf(pid) - at, took = performance.now() - t;
    at = cpuOf(pid);
    await sleep(took);
    return (busy - (cpuOf(pid) - at)) / loadsDone;
}

async function measureSixty() {
    await until(async () => (await admin.get('/api/web/services')).json.services.filter(s => s.manual && s.state === 'healthy').length >= 60, 60000, '60 healthy services');
    const all = String(() => document.querySelectorAll('.matrix .cell[data-state=healthy]').length >= 60);
    const rows = String(() => document.querySelectorAll('.svc-row[data-state=healthy]').length >= 60);
    const times = async (where, ready) => {
        const list = [];
        for (let i = 0; i < ROUNDS; i++) {
            const p = await Probe.open(browser, hydrad.base, where, { cookie, ready });
            list.push((await p.measured).ready);
            await p.close();
        }
        return median(list);
    };
    table.add('60 services: states on the overview', await times('/', all), { goal: 500 });
    table.add('60 services: rows of /services', await times('/services', rows), { goal: 500 });
    table.add('60 services: server CPU a load', await serverCpu(), { goal: 10 });
    const p = await Probe.open(browser, hydrad.base, '/', { cookie, ready: all });
    await sleep(5000);
    table.add('60 services: overview open, main thread a minute', await p.perMinute(20), { goal: 500 });
    table.add('60 services: heap', await p.heap(), { unit: 'MB', goal: 6 });
    await p.close();
}

/** In the page: PUTs a new name and waits until a frame with it was drawn. */
async function changeAndPaint({ url, body, text }) {
    const begin = performance.now();
    const painted = new Promise((done, fail) => {
        const timer = setTimeout(() => fail(new Error(`${text} did not appear`)), 10000);
        const o = new MutationObserver(() => {
            if (!document.body.textContent.includes(text)) return;
            o.disconnect();
            clearTimeout(timer);
            const channel = new MessageChannel(); // a message posted in a frame comes after its paint
            channel.port1.onmessage = () => done(performance.now());
            requestAnimationFrame(() => channel.port2.postMessage(0));
        });
        o.observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    const answered = fetch(url, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then(r => (r.ok ? performance.now() : Promise.reject(new Error(`${r.status}`))));
    const [a, p] = await Promise.all([answered, painted]);
    return { answer: a - begin, paint: p - begin };
}

async function measurePaint() {
    const child = fork(path.join(here, 'page-streams.mjs'), [hydrad.base, cookie, STREAMS], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    const lost = new Promise((_, fail) => child.on('exit', () => fail(new Error('the streams ended'))));
    lost.catch(() => {});
    await Promise.race([new Promise(r => child.stdout.on('data', r)), lost]);
    const ours = await Probe.open(browser, hydrad.base, '/', { cookie, ready: String(() => document.body.innerText.includes('Service 0')) });
    const floor = await Probe.open(browser, bare.base, '/?stream', { ready: sentence });
    await sleep(4000);
    const a = [], b = [];
    for (let i = 0; i < 50; i++) {
        const text = `Renamed ${i}`, id = i % 5;
        a.push(await Promise.race([ours.page.evaluate(changeAndPaint, { url: `/api/web/services/manual/service-${id}`, body: service(id, text), text }), lost]));
        b.push(await floor.page.evaluate(changeAndPaint, { url: '/name', body: { name: text }, text }));
        await sleep(60 + Math.random() * 80);
    }
    for (const q of [0.5, 0.95]) {
        const of = (list, key) => quantile(list.map(x => x[key]), q);
        table.add(`${STREAMS} streams: PUT to painted, p${q * 100}`, of(a, 'paint'), { goal: q > 0.9 ? 100 : undefined, bare: of(b, 'paint') });
        table.add(`${STREAMS} streams: PUT to answered, p${q * 100}`, of(a, 'answer'), { bare: of(b, 'answer') });
    }
    await ours.close();
    await floor.close();
    child.removeAllListeners('exit');
    child.disconnect();
}

/** Frames of a page while `change(i)` is called 50 times a second: gaps, long tasks, main thread. */
async function frames(p, change, seconds = 20) {
    await p.page.evaluate(() => {
        window.measured.long.length = 0;
        const gaps = window.gaps = [];
        let last = performance.now();
        const frame = () => { const now = performance.now(); gaps.push(now - last); last = now; requestAnimationFrame(frame); };
        requestAnimationFrame(frame);
    });
    const before = await p.task(), begin = performance.now();
    let failed = 0, i = 0;
    const open = new Set();
    for (; i < 50 * seconds; i++) {
        await sleep(Math.max(0, begin + i * 20 - performance.now()));
        const one = change(i).then(a => { if (a?.status >= 300) failed++; });
        open.add(one);
        one.finally(() => open.delete(one));
    }
    await Promise.all(open);
    const took = (performance.now() - begin) / 1000, task = (await p.task() - before) / took;
    if (failed) throw new Error(`${failed} changes were refused`);
    const { gaps, long } = await p.page.evaluate(() => ({ gaps: window.gaps.slice(1), long: window.measured.long }));
    return { worst: Math.max(...gaps), over: gaps.filter(g => g > 50).length, long: long.length, longest: Math.max(0, ...long), task, rate: i / took };
}

async function measureStorm() {
    const floor = await Probe.open(browser, bare.base, '/?stream', { ready: sentence });
    const still = await frames(floor, async i => { for (const s of bare.streams) s.write(`data: ${i}\n\n`); }, 10);
    await floor.close();
    for (const where of ['/', '/services']) {
        const p = await Probe.open(browser, hydrad.base, where, { cookie, ready: String(() => document.body.innerText.includes('Service 1')) });
        await sleep(4000);
        const heap = await p.heap();
        const f = await frames(p, i => rename((i * 7) % 500, `Service ${(i * 7) % 500} v${i}`));
        const name = `500 services, ${f.rate.toFixed(0)} changes/s, ${where}`;
        table.add(`${name}: longest task`, f.longest, { goal: 50, bare: still.longest || undefined });
        table.add(`${name}: long tasks`, f.long, { unit: '' });
        table.add(`${name}: worst gap of frames`, f.worst, { bare: still.worst });
        table.add(`${name}: gaps over 50 ms`, f.over, { unit: '', bare: still.over || undefined });
        table.add(`${name}: main thread a second`, f.task, { bare: still.task });
        table.add(`${name}: heap before`, heap, { unit: 'MB' });
        table.add(`${name}: heap after`, await p.heap(), { unit: 'MB' });
        await p.close();
    }
}

try {
    if (part('load')) await measureLoad();
    if (part('sixty') || part('paint') || part('storm')) await addServices(0, 60);
    if (part('sixty')) await measureSixty();
    if (part('paint')) await measurePaint();
    if (part('storm')) await addServices(60, 500).then(measureStorm);
    table.print();
} finally {
    await browser.close();
    bare.stop();
    checked.closeAllConnections();
    checked.close();
    await hydrad.done();
}
process.exit(0);
