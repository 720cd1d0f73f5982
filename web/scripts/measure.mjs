// First load of a page, cold cache: requests, bytes, paint, main thread. node scripts/measure.mjs [--base …] [--path /] [--slow] [--list]
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values: args } = parseArgs({
  options: { base: { type: 'string', default: 'http://127.0.0.1:5177' }, path: { type: 'string', default: '/' }, slow: { type: 'boolean' }, list: { type: 'boolean' }, runs: { type: 'string', default: '3' }, ready: { type: 'string', default: '.service-row' } },
});
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'] });

async function run() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' }); // CPU time: other programs don't count
  if (args.slow) {
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 20, downloadThroughput: 1.25e6, uploadThroughput: 1.25e6 });
  }
  const urls = new Map();
  let bytes = 0;
  cdp.on('Network.requestWillBeSent', (e) => urls.set(e.requestId, e.request.url));
  cdp.on('Network.loadingFinished', (e) => (bytes += e.encodedDataLength));
  await page.addInitScript((ready) => {
    window.lcp = 0;
    new PerformanceObserver((l) => l.getEntries().forEach((e) => (window.lcp = e.startTime))).observe({ type: 'largest-contentful-paint', buffered: true });
    const look = () => (document.querySelector(ready) ? (window.seen = performance.now()) : requestAnimationFrame(look));
    requestAnimationFrame(look);
  }, args.ready);
  await page.goto(args.base + args.path);
  await page.waitForTimeout(args.slow ? 4000 : 2000);
  const { lcp, seen } = await page.evaluate(() => ({ lcp: window.lcp, seen: window.seen }));
  const metrics = Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value]));
  if (args.list) console.log([...urls.values()].map((u) => u.replace(args.base, '')).join('\n'));
  await context.close();
  return { requests: urls.size, KiB: Math.round(bytes / 102.4) / 10, lcp: Math.round(lcp), seen: Math.round(seen), task: Math.round(metrics.TaskDuration * 1000), script: Math.round(metrics.ScriptDuration * 1000), heapMB: Math.round(metrics.JSHeapUsedSize / 1e5) / 10 };
}

for (let i = 0; i < Number(args.runs); i++) {
  console.log(JSON.stringify(await run()));
  args.list = false;
}
await browser.close();
