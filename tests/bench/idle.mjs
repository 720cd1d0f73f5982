// What a hydrad that watches this machine costs while nothing happens: CPU (to the microsecond, of all
// threads), memory, and how often it wakes; without a reader, then with one page open in Chromium.
import fs from 'node:fs';
import { openBrowser, openContext, openPage } from '../browser/lib/browser.mjs';
import { Hydrad, sleep } from '../system/lib/hydrad.mjs';

const SECONDS = Number(process.argv[2] ?? 30);
const SETTLE_MS = 10000;

function threads(pid) {
    return fs.readdirSync(`/proc/${pid}/task`).map(tid => {
        const read = name => fs.readFileSync(`/proc/${pid}/task/${tid}/${name}`, 'utf8');
        const [runNs] = read('schedstat').split(' ').map(Number);
        const wakes = Number(read('status').match(/^voluntary_ctxt_switches:\s*(\d+)/m)[1]);
        return { name: read('comm').trim(), runNs, wakes };
    });
}

const sum = (list, key) => list.reduce((n, t) => n + t[key], 0);
const mib = (pid, key) => Number(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(new RegExp(`^${key}:\\s*(\\d+)`, 'm'))[1]) / 1024;

async function measure(what, pid) {
    await sleep(SETTLE_MS);
    const before = threads(pid);
    await sleep(SECONDS * 1000);
    const after = threads(pid);
    const spent = key => (sum(after, key) - sum(before, key)) / SECONDS;
    console.log(`${what.padEnd(14)} RSS ${mib(pid, 'Rss').toFixed(1)} MiB, PSS ${mib(pid, 'Pss').toFixed(1)} MiB, `
        + `CPU ${(spent('runNs') / 1e7).toFixed(3)} % of a core, ${spent('wakes').toFixed(0)} wakes a second`);
    const names = [...new Set(after.map(t => t.name))];
    const share = name => (sum(after.filter(t => t.name === name), 'runNs') - sum(before.filter(t => t.name === name), 'runNs')) / SECONDS / 1e7;
    console.log(`               ${names.map(n => `${n} ${share(n).toFixed(3)} %`).join(', ')}`);
}

const hydrad = await Hydrad.start();
const pid = hydrad.process.pid;
await measure('no reader', pid);
const admin = await hydrad.setUp();
const browser = await openBrowser();
const page = await openPage(await openContext(browser, hydrad.base, { cookie: admin.auth.cookie }));
await page.goto(hydrad.base);
await page.getByRole('region', { name: 'Verdict' }).getByRole('heading', { level: 1 }).waitFor();
await measure('one page open', pid);
await browser.close();
await hydrad.stop();
process.exit(0);
