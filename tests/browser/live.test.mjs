// What changes on the machine changes on the page, without reload; a dead hydrad is said and survived.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Hydrad, sleep, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

let hydrad, browser, admin, context;
before(async () => {
    hydrad = await Hydrad.start();
    admin = await hydrad.setUp();
    browser = await openBrowser();
    context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
});
after(async () => {
    await browser?.close();
    await hydrad?.stop();
});

/** A free port below the range that the kernel gives to short-lived sockets: where services listen. */
async function servicePort() {
    for (;;) {
        const port = 20000 + Math.floor(Math.random() * 10000);
        const free = await new Promise(r => {
            const s = net.createServer().once('error', () => r(false)).listen(port, '127.0.0.1', () => s.close(() => r(true)));
        });
        if (free) return port;
    }
}

function listener(port) {
    return spawn(process.execPath, ['-e', `require('http').createServer((q,a)=>a.end('ok')).listen(${port},'127.0.0.1')`], { stdio: 'ignore' });
}

test('a killed process is shown down by itself, with the reason', async () => {
    const page = await openPage(context);
    const port = await servicePort(), child = listener(port);
    await page.goto(`${hydrad.base}/services`);
    const id = await until(async () => {
        const r = await admin.get('/api/web/services');
        return r.json.services.find(s => s.ports.includes(port))?.id;
    }, 60000, 'the service');
    await page.goto(`${hydrad.base}/service?id=${encodeURIComponent(id)}`);
    await page.getByText(/healthy/i).first().waitFor();
    await sleep(5000); // what ends within its first seconds was only passing by, and is not told
    child.kill('SIGKILL');
    await page.getByText(/killed|SIGKILL|ended/i).first().waitFor({ timeout: 60000 });
    const again = listener(port);
    await page.getByText(/healthy/i).first().waitFor({ timeout: 60000 });
    again.kill('SIGKILL');
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a killed hydrad is said, and the page comes back by itself', async () => {
    const page = await openPage(context, { allow: [/ERR_CONNECTION_REFUSED|Failed to fetch|ERR_INCOMPLETE|ERR_CONNECTION_RESET|ERR_EMPTY/] });
    await page.goto(hydrad.base);
    await page.getByText(/live/i).first().waitFor();
    await page.waitForFunction(() => performance.getEntriesByType('resource').some(r => r.name.includes('/tokens'))); // pages are fetched ahead, this one last
    await sleep(1000);
    await hydrad.kill();
    await page.getByText(/reconnect|connection lost|not connected|no connection|offline/i).first().waitFor({ timeout: 60000 });
    await page.getByRole('navigation', { name: 'Main' }).or(page.locator('aside nav')).first().getByRole('link', { name: /^Services/ }).click();
    await page.getByRole('heading', { name: 'Services', level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await hydrad.start();
    await until(async () => !(await page.getByText(/reconnect|connection lost|not connected|no connection|offline/i).count()), 60000, 'the page to come back');
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('two tabs share one event stream', async () => {
    const a = await openPage(context), b = await openPage(context);
    await a.goto(hydrad.base);
    await b.goto(`${hydrad.base}/services`);
    for (const page of [a, b]) await page.getByText(/live/i).first().waitFor();
    await sleep(1500);
    await until(async () => (await admin.get('/api/events/stats')).json.subscribers === 1, 60000, 'one stream'); // of pages closed before there may be one still
    await a.close();
    await b.close();
});
