// What page.mjs measures with: a bare page to compare with, a page that counts, the table.
import http from 'node:http';
import fs from 'node:fs';
import os from 'node:os';
import { openContext } from '../browser/lib/browser.mjs';
import { sleep } from '../system/lib/hydrad.mjs';

export const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];
export const median = list => quantile(list, 0.5);

const BARE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>bare</title><link rel="icon" href="data:,">
<style>body{font:16px sans-serif;background:#080e11;color:#eee}</style><section aria-label="Verdict"><h1><span>All services are healthy</span></h1></section><p id="out"></p>
<script>if(location.search)new EventSource('/stream').onmessage=e=>{document.getElementById('out').textContent=e.data}</script></html>`;

/** A page of one file; with a query it shows what is PUT to /name, pushed over an event stream. */
export class Bare {
    streams = new Set();

    static async start() {
        const b = new Bare();
        b.server = http.createServer((q, a) => b.answer(q, a));
        await new Promise(r => b.server.listen(0, '127.0.0.1', r));
        b.base = `http://127.0.0.1:${b.server.address().port}`;
        return b;
    }

    answer(q, a) {
        if (q.method === 'PUT') return this.publish(q, a);
        if (q.url !== '/stream') return a.writeHead(200, { 'content-type': 'text/html' }).end(BARE);
        a.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write(': \n\n');
        this.streams.add(a);
        a.on('close', () => this.streams.delete(a));
    }

    publish(q, a) {
        let body = '';
        q.on('data', d => { body += d; });
        q.on('end', () => {
            for (const s of this.streams) s.write(`data: ${JSON.parse(body).name}\n\n`);
            a.writeHead(204).end();
        });
    }

    stop() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

/**
 * In the page before anything else: paints, shifts, long tasks, and when each of the conditions in `ready` (sources of
 * functions by name) was first painted true. It looks when the document changes and asks for no frame before that: a loop
 * of frames would cost a slow device more than the page itself.
 */
function watch(ready) {
    const seen = window.measured = { lcp: 0, shift: 0, long: [] };
    const open = Object.entries(ready).map(([name, source]) => [name, (0, eval)(`(${source})`)]);
    const each = (type, f) => new PerformanceObserver(l => l.getEntries().forEach(f)).observe({ type, buffered: true });
    each('largest-contentful-paint', e => { seen.lcp = e.startTime; });
    each('layout-shift', e => { seen.shift += e.value; });
    each('longtask', e => seen.long.push(e.duration));
    const channel = new MessageChannel(); // a message posted in a frame comes after its paint
    const waiting = [];
    channel.port1.onmessage = () => waiting.splice(0).forEach(name => { seen[name] = performance.now(); });
    const look = () => {
        for (let i = open.length - 1; i >= 0; i--) {
            const [name, holds] = open[i];
            if (!holds()) continue;
            open.splice(i, 1);
            waiting.push(name);
            requestAnimationFrame(() => channel.port2.postMessage(0));
        }
        if (!open.length) observer.disconnect();
    };
    const observer = new MutationObserver(() => document.body && look());
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
}

/** A page in a context of its own (so with a cold cache) that counts what it costs. */
export class Probe {
    requests = 0;
    bytes = 0;
    urls = [];

    /** Comes back when every condition of `ready` has held: a function's source, or several by name. */
    static async open(browser, base, where, { cookie, ready, slow } = {}) {
        const conditions = typeof ready === 'string' ? { ready } : ready;
        const p = new Probe();
        p.context = await openContext(browser, base, { cookie });
        p.page = await p.context.newPage();
        p.cdp = await p.context.newCDPSession(p.page);
        await p.cdp.send('Network.enable');
        await p.cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
        p.cdp.on('Network.requestWillBeSent', e => { if (!e.request.url.startsWith('data:')) { p.requests++; p.urls.push(e.request.url.replace(base, '')); } });
        p.cdp.on('Network.loadingFinished', e => { p.bytes += e.encodedDataLength; });
        if (slow) await p.slowDown();
        await p.page.addInitScript(`(${watch})(${JSON.stringify(conditions)})`);
        await p.page.goto(base + where);
        await p.page.waitForFunction(names => names.every(n => window.measured[n] > 0), Object.keys(conditions), { timeout: 20000, polling: 100 });
        return p;
    }

    /** A phone: 4 times slower, 10 Mbit/s, 20 ms away. */
    async slowDown() {
        await this.cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
        await this.cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 20, downloadThroughput: 1.25e6, uploadThroughput: 1.25e6 });
    }

    get measured() { return this.page.evaluate(() => window.measured); }

    /** CPU milliseconds of the main thread since the page began. */
    async task() { return (await this.metrics()).TaskDuration * 1000; }

    async metrics() { return Object.fromEntries((await this.cdp.send('Performance.getMetrics')).metrics.map(m => [m.name, m.value])); }

    async heap() {
        await this.cdp.send('HeapProfiler.collectGarbage');
        return (await this.metrics()).JSHeapUsedSize / 1e6;
    }

    /** Milliseconds of main thread that a minute of looking costs: the middle one of six looks. */
    async perMinute(seconds = 10) {
        const all = [];
        for (let i = 0; i < 6; i++) {
            const before = await this.task();
            await sleep(seconds * 1000);
            all.push((await this.task() - before) * 60 / seconds);
        }
        return median(all);
    }

    close() { return this.context.close(); }
}

/** CPU milliseconds of a process so far, from its threads' run times (to the nanosecond; stat counts in hundredths). */
export function cpuOf(pid) {
    let ns = 0;
    for (const t of fs.readdirSync(`/proc/${pid}/task`)) {
        try { ns += Number(fs.readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]); } catch { /* ended */ }
    }
    return ns / 1e6;
}

const shown = v => v === undefined ? '' : v && Math.abs(v) < 0.1 ? v.toFixed(4) : Math.abs(v) < 10 ? v.toFixed(1) : v.toFixed(0);

export class Table {
    rows = [];

    /** `goal`: at most this; `least`: at least this; `times`: at most so many times the bare page. */
    add(what, value, { unit = 'ms', goal, least, bare, times } = {}) {
        const ratio = bare ? value / bare : undefined;
        const met = (goal === undefined || value <= goal) && (least === undefined || value >= least) && (times === undefined || ratio === undefined || ratio <= times);
        const wanted = [goal !== undefined && `≤ ${goal}`, least !== undefined && `≥ ${least}`, times !== undefined && `≤ ${times}×`].filter(Boolean).join(', ');
        this.rows.push([what, `${shown(value)} ${unit}`, wanted, shown(bare), ratio === undefined ? '' : `${ratio.toFixed(1)}×`, wanted ? (met ? 'met' : 'MISSED') : '']);
    }

    print() {
        const all = [['', 'hydra', 'goal', 'bare page', 'ratio', ''], ...this.rows];
        const wide = all[0].map((_, i) => Math.max(...all.map(r => r[i].length)));
        for (const r of all) console.log(r.map((c, i) => i ? c.padStart(wide[i]) : c.padEnd(wide[i])).join('  '));
        console.log(`load of the machine: ${os.loadavg().map(l => l.toFixed(1)).join(' ')} on ${os.availableParallelism()} cores`);
    }
}
