// Screenshots of every screen into docs/images; started by shots.sh.
import fs from 'node:fs';
import path from 'node:path';
import { Hydrad, root, sleep } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

const out = path.join(root, 'docs/images');
const only = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });

const hydrad = await Hydrad.start({ args: ['--node', 'debian'] });
const admin = await hydrad.setUp({ name: 'shaun', password: 'correct horse battery' });
const printer = { name: 'Printer', url: 'http://127.0.0.1:9', group: 'Home', check: { kind: 'tcp', target: '127.0.0.1:9', interval_ms: 2000 } };
for (const service of [
    { name: 'Router', url: `${hydrad.base}/healthz`, group: 'Network', icon: 'router', check: { kind: 'http', target: `${hydrad.base}/healthz`, interval_ms: 2000 } },
    { name: 'NAS', url: `${hydrad.base}/readyz`, group: 'Home', check: { kind: 'http', target: `${hydrad.base}/readyz`, interval_ms: 2000 } },
]) await admin.post('/api/web/services', service);
await admin.post('/api/web/users', { name: 'mira', password: 'violet horse battery', role: 'operator' });
await admin.post('/api/web/tokens', { name: 'Home Assistant', scopes: ['services:read', 'events:write'], expires_in: '90d' });
await sleep(Number(process.env.SHOTS_WAIT ?? 45000)); // charts want something to show

const screens = { nodes: '/nodes', node: '/node?id=debian', services: '/services', service: '/service?id=manual/router', down: '/service?id=manual/printer', incident: '/',
    events: '/events', users: '/users', tokens: '/tokens', sessions: '/sessions', audit: '/audit', settings: '/settings', 'not-found': '/nothing-here' };
const looks = [['dark', 1440], ['light', 1440], ['dark', 360]];
const browser = await openBrowser();

async function shoot(names, theme, width) {
    const context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie, theme, width });
    for (const [name, where] of Object.entries(names)) {
        if (only.length && !only.includes(name)) continue;
        const page = await openPage(context, { allow: [/404/] });
        await page.goto(hydrad.base + where);
        await sleep(3000);
        await page.screenshot({ path: path.join(out, `${name}-${width === 360 ? 'phone' : theme}.png`) });
        for (const c of page.complaints) console.log(`${name} ${theme} ${width}: ${c}`);
        await page.close();
    }
    await context.close();
}

for (const [theme, width] of looks) await shoot({ overview: '/' }, theme, width);
await admin.post('/api/web/services', printer);
await sleep(8000);
for (const [theme, width] of looks) await shoot(screens, theme, width);
const visitor = await openContext(browser, hydrad.base);
const page = await openPage(visitor, { allow: [/401/] });
await page.goto(`${hydrad.base}/login`);
await sleep(1500);
await page.screenshot({ path: path.join(out, 'login-dark.png') });
await browser.close();
await hydrad.stop();
