// Screenshots of every screen into docs/images; started by shots.sh.
import fs from 'node:fs';
import path from 'node:path';
import { Hydrad, root, sleep, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

const out = path.join(root, 'docs/images');
const only = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });

const hydrad = await Hydrad.start({ args: ['--node', 'debian'] });
const admin = await hydrad.setUp({ name: 'shaun', password: 'correct horse battery' });
const page200 = where => ({ kind: 'http', target: `${hydrad.base}${where}`, interval_ms: 5000 });
for (const service of [
    { name: 'Router', url: `${hydrad.base}/healthz`, group: 'Network', icon: 'router', description: 'The way out', check: page200('/healthz') },
    { name: 'NAS', url: `${hydrad.base}/readyz`, group: 'Home', description: 'Films, pictures, backups', check: page200('/readyz') },
]) await admin.post('/api/web/services', service);
await admin.post('/api/web/users', { name: 'mira', display_name: 'Mira', password: 'violet horse battery', role: 'operator' });
await admin.post('/api/web/tokens', { name: 'Home Assistant', scopes: ['services:read', 'events:write'], expires_in: '90d' });
await admin.post('/api/web/tokens', { name: 'Prometheus', scopes: ['metrics:read'], expires_in: null });

const services = async () => (await admin.get('/api/web/services')).json.services;
const listening = port => until(async () => (await services()).find(s => s.ports.includes(port)), 30000, `a service on port ${port}`);
const redis = (await listening(6379)).id;
for (const [port, needs] of [[9121, redis], [9187, (await listening(5432)).id]]) {
    const exporter = (await services()).find(s => s.ports.includes(port));
    if (exporter) await admin.put(`/api/web/services/${exporter.id}`, { depends_on: [needs] });
}
await sleep(Number(process.env.SHOTS_WAIT ?? 180000)); // charts want something to show

const screens = { nodes: '/nodes', node: '/node?id=debian', services: '/services', service: '/service?id=manual/router',
    events: '/events', logs: '/logs', jobs: '/jobs', users: '/users', tokens: '/tokens', sessions: '/sessions', audit: '/audit', settings: '/settings', 'not-found': '/nothing-here' };
const looks = [['dark', 1440], ['light', 1440], ['dark', 360]];
const browser = await openBrowser();

async function shoot(names, theme, width) {
    const context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie, theme, width });
    await admin.put('/api/web/profile', { preferences: { theme } });
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

for (const [theme, width] of looks) await shoot({ overview: '/', ...screens }, theme, width);
const { main_pid } = (await admin.get(`/api/web/services/${redis}`)).json;
process.kill(main_pid, 'SIGKILL');
await until(async () => (await services()).find(s => s.id === redis)?.state === 'down', 30000, 'the incident');
await sleep(12000);
for (const [theme, width] of looks) await shoot({ incident: '/', down: `/service?id=${encodeURIComponent(redis)}` }, theme, width);
const visitor = await openContext(browser, hydrad.base);
const page = await openPage(visitor, { allow: [/401/] });
await page.goto(`${hydrad.base}/login`);
await sleep(1500);
await page.screenshot({ path: path.join(out, 'login-dark.png') });
await browser.close();
await hydrad.stop();
