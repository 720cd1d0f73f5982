// The dashboard's speed; see page.sh. Parts: load, sixty, paint, storm, lighthouse; without names all.
import { fork } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { Hydrad, sleep, until } from '../system/lib/hydrad.mjs';
import { openBrowser } from '../browser/lib/browser.mjs';
import { lighthouse } from './page-lighthouse.mjs';
import { Bare, cpuOf, median, Probe, quantile, Table } from './page-lib.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const ROUNDS = Number(process.env.ROUNDS ?? 7);
const STORM_SECONDS = Number(process.env.STORM_SECONDS ?? 20);
const STREAMS = Number(process.env.STREAMS ?? 1000);
const GROUPS = ['Media', 'Network', 'Home', 'AI', 'Data'];
const wanted = process.argv.slice(2);
const part = name => !wanted.length || wanted.includes(name);

const sentence = String(() => !!document.querySelector('[aria-label="Verdict"] h1 span')?.textContent);
/* What docs/performance.md calls usable, drawn and live. */
const usable = String(() => document.querySelector('[aria-label="Verdict"] h1')?.textContent && document.querySelector('.matrix .cell') && document.querySelector('nav a[href="/services"]'));
const drawn = String(() => document.querySelector('.verdict .shape') && document.querySelector('.vital') && document.querySelector('.service-row'));
const live = String(() => [...document.querySelectorAll('[data-tip="The live connection to Hydra"]')].some(e => e.textContent.startsWith('Live')));
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
    const p = await Probe.open(browser, base, '/', options);
    await sleep(options.slow ? 2500 : 1000);
    const m = await p.measured, long = m.long;
    const blocked = long.reduce((sum, ms) => sum + Math.max(0, ms - 50), 0);
    const one = { ...m, long: long.length, longest: Math.max(0, ...long), blocked, task: await p.task(), requests: p.requests, kb: p.bytes / 1000, heap: await p.heap(), urls: p.urls };
    await p.close();
    return one;
}

/** Both pages in turns; medians of every figure. */
async function loads(options) {
    const ours = [], floor = [];
    for (let i = 0; i < ROUNDS; i++) {
        floor.push(await once(bare.base, { ready: { usable: sentence }, ...options }));
        ours.push(await once(hydrad.base, { cookie, ready: { usable, drawn, live }, ...options }));
    }
    const middle = list => Object.fromEntries(Object.keys(list[0]).filter(k => k !== 'urls').map(k => [k, median(list.map(o => o[k]))]));
    return [middle(ours), middle(floor), ours[0].urls];
}

/** Sixty services, all checked, and nothing left to be found: "Looking around" is over. */
async function settle() {
    await addServices(0, 60);
    const healthy = s => s.manual && s.state === 'healthy';
    await until(async () => (await admin.get('/api/web/services')).json.services.filter(healthy).length >= 60, 60000, '60 healthy services');
    await until(async () => (await admin.get('/api/web/overview')).json.verdict.severity !== 'unknown', 60000, 'a verdict');
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
    table.add('first load: usable', o.usable, { bare: b.usable });
    table.add('first load: all drawn', o.drawn);
    table.add('first load: live', o.live);
    table.add('first load: layout shift', o.shift, { unit: '', goal: 0.1 });
    table.add('first load: main thread', o.task, { goal: 250, bare: b.task });
    table.add('first load: long tasks', o.long, { unit: '' });
    table.add('first load: longest task', o.longest);
    table.add('first load: blocked over 50 ms', o.blocked);
    table.add('first load: heap', o.heap, { unit: 'MB', goal: 6, bare: b.heap });
    const [s, t] = await loads({ slow: true });
    table.add('slow phone: usable', s.usable, { goal: 1000, bare: t.usable });
    table.add('slow phone: all drawn', s.drawn);
    table.add('slow phone: live', s.live);
    table.add('slow phone: largest contentful paint', s.lcp, { bare: t.lcp });
}

/** The server's CPU per load: what three loads cost above what the same time costs without, in turns. */
async function serverCpu() {
    const spent = async f => { const at = cpuOf(hydrad.process.pid); await f(); return cpuOf(hydrad.process.pid) - at; };
    const all = [], loadsDone = 3;
    for (let i = 0; i < ROUNDS; i++) {
        const begin = performance.now();
        const busy = await spent(async () => { for (let n = 0; n < loadsDone; n++) await (await Probe.open(browser, hydrad.base, '/', { cookie, ready: live })).close(); });
        const took = performance.now() - begin;
        all.push((busy - await spent(() => sleep(took))) / loadsDone);
    }
    return median(all);
}

/** Changes a minute that an open page was told of, vitals aside: other work on this machine shows here. */
async function changes(during) {
    const stream = await admin.events({ topics: 'state,vitals,feed,access' });
    const seen = () => stream.events.filter(e => !/vitals|usage/.test(e.type)).length;
    const begin = performance.now(), before = seen();
    const value = await during();
    const perMinute = (seen() - before) * 60000 / (performance.now() - begin);
    await stream.close();
    return [value, perMinute];
}

async function measureSixty() {
    const all = String(() => document.querySelectorAll('.matrix .cell[data-state=healthy]').length >= 60);
    const rows = String(() => document.querySelectorAll('.svc-row[data-state=healthy]').length >= 60);
    const times = async (where, ready, slow) => {
        const list = [];
        for (let i = 0; i < ROUNDS; i++) {
            const p = await Probe.open(browser, hydrad.base, where, { cookie, ready, slow });
            list.push((await p.measured).ready);
            await p.close();
        }
        return median(list);
    };
    table.add('60 services: states on the overview', await times('/', all), { goal: 500 });
    table.add('60 services: states on a slow phone', await times('/', all, true), { goal: 1800 });
    table.add('60 services: rows of /services', await times('/services', rows), { goal: 500 });
    table.add('60 services: rows on a slow phone', await times('/services', rows, true), { goal: 1800 });
    table.add('60 services: server CPU a load', await serverCpu(), { goal: 10 });
    const p = await Probe.open(browser, hydrad.base, '/', { cookie, ready: live });
    await sleep(5000);
    const [task, changed] = await changes(() => p.perMinute());
    table.add('60 services: overview open, main thread a minute', task, { goal: 500 });
    table.add('60 services: changes told in that minute', changed, { unit: '' });
    table.add('60 services: heap', await p.heap(), { unit: 'MB', goal: 6 });
    await p.close();
}

/** As a phone and as a desk sees it; the middle one of three. */
async function measureLighthouse() {
    for (const device of ['mobile', 'desktop']) {
        const scores = await lighthouse(hydrad.base, cookie, device, 3);
        for (const [name, score] of Object.entries(scores)) table.add(`lighthouse, ${device}: ${name}`, score, { unit: '', least: 95 });
    }
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
async function frames(p, change, seconds) {
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
        const change = i => rename((i * 7) % 500, `Service ${(i * 7) % 500} v${i}`);
        await frames(p, change, 5); // the first changes fill caches
        const heap = await p.heap();
        const f = await frames(p, change, STORM_SECONDS);
        const grown = await p.heap() - heap;
        const name = `500 services, ${f.rate.toFixed(0)} changes/s, ${where}`;
        table.add(`${name}: longest task`, f.longest, { goal: 50 });
        table.add(`${name}: long tasks`, f.long, { unit: '' });
        table.add(`${name}: worst gap of frames`, f.worst, { bare: still.worst });
        table.add(`${name}: gaps over 50 ms`, f.over, { unit: '', bare: still.over || undefined });
        table.add(`${name}: main thread a second`, f.task, { bare: still.task });
        table.add(`${name}: heap`, heap, { unit: 'MB' });
        table.add(`${name}: heap grows a minute`, grown * 60 / STORM_SECONDS, { unit: 'MB' });
        await p.close();
    }
}

try {
    await settle();
    if (part('load')) await measureLoad();
    if (part('sixty')) await measureSixty();
    if (part('paint')) await measurePaint();
    if (part('lighthouse')) await measureLighthouse();
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
