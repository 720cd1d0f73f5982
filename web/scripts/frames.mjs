// How smooth a page stays: node scripts/frames.mjs [--base …] [--path /] [--seconds 10]: long tasks, main thread, heap.
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values: args } = parseArgs({ options: { base: { type: 'string', default: 'http://127.0.0.1:5177' }, path: { type: 'string', default: '/' }, seconds: { type: 'string', default: '10' } } });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--enable-precise-memory-info', '--js-flags=--expose-gc'] });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const cdp = await page.context().newCDPSession(page);
await cdp.send('Performance.enable', { timeDomain: 'threadTicks' }); // CPU time: other programs don't count
await page.goto(args.base + args.path);
await page.waitForTimeout(4000);
const metrics = async () => Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value]));
await page.evaluate(() => {
  window.long = [];
  new PerformanceObserver((l) => l.getEntries().forEach((e) => window.long.push(Math.round(e.duration)))).observe({ type: 'longtask' });
  gc();
});
const before = await metrics();
await page.waitForTimeout(Number(args.seconds) * 1000);
const after = await metrics();
await page.evaluate(() => gc());
const heap = (await metrics()).JSHeapUsedSize;
const per = (name) => Math.round(((after[name] - before[name]) * 60_000) / Number(args.seconds));
console.log(JSON.stringify({ longTasks: await page.evaluate(() => window.long), taskMsPerMinute: per('TaskDuration'), scriptMsPerMinute: per('ScriptDuration'), layoutMsPerMinute: per('LayoutDuration'), styleMsPerMinute: per('RecalcStyleDuration'), heapMB: Math.round(heap / 1e5) / 10, nodes: after.Nodes }));
await browser.close();
