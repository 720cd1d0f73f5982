// Screenshots of the demonstration into docs/images/demo-*.png: a calm day, a rebuild that breaks a service, and what was done about it.
// Started by shots.sh; `./dev shots demo` takes these alone.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Client } from '../system/lib/client.mjs';
import { plainEnvironment, root, sleep, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

const out = path.join(root, 'docs/images');
fs.mkdirSync(out, { recursive: true });
const looks = [['dark', 1440], ['light', 1440], ['dark', 360]];
const litellm = 'hydra-storage/docker/hydra-litellm', tabby = 'hydra-ai/systemd/tabbyapi.service';
const isFree = port => new Promise(r => { const s = net.createServer().on('error', () => r(false)).listen(port, '127.0.0.1', () => s.close(() => r(true))); });

let port = 30000 + Math.floor(Math.random() * 10000) * 2, said = ''; // and the one after it, for the agents
while (!(await isFree(port)) || !(await isFree(port + 1))) port += 2;
const demo = spawn(path.join(root, 'dev'), ['demo', '--listen', `127.0.0.1:${port}`], { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
for (const s of [demo.stdout, demo.stderr]) s.on('data', d => { said += d; });
const [, password] = await until(() => /sign in as demo with (\S+)\./.exec(said), 120000, `the demonstration: ${said}`);
const c = new Client(`http://127.0.0.1:${port}`);
const signedIn = await until(async () => { const x = await c.post('/api/web/login', { name: 'demo', password }).catch(() => null); return x?.status === 200 && x; }, 15000, 'sign-in');
const admin = new Client(c.base, { cookie: /hydra_session=([^;]+)/.exec(signedIn.headers['set-cookie'][0])[1] });
await until(async () => (await admin.get('/api/web/services')).json.services.length > 70, 30000, 'its services');
const browser = await openBrowser();

/** {name: address, or {where, then: page => …}} */
async function shoot(screens, wanted = looks) {
    for (const [theme, width] of wanted) {
        const context = await openContext(browser, admin.base, { cookie: admin.auth.cookie, theme, width });
        await admin.put('/api/web/profile', { preferences: { theme } });
        for (const [name, screen] of Object.entries(screens)) {
            const page = await openPage(context, { allow: [/404|409/] });
            await page.goto(admin.base + (screen.where ?? screen));
            await sleep(1500);
            await screen.then?.(page);
            await page.screenshot({ path: path.join(out, `demo-${name}-${width === 360 ? 'phone' : theme}.png`) });
            for (const complaint of page.complaints) console.log(`${name} ${theme} ${width}: ${complaint}`);
            await page.close();
        }
        await context.close();
    }
}

const act = async body => {
    const a = await admin.post('/api/web/jobs', body);
    if (a.status !== 202) return console.log(`${body.verb}: ${a.text}`);
    return until(async () => !['waiting', 'running'].includes((await admin.get(`/api/web/jobs/${a.json.id}`)).json.state), 90000, body.verb);
};
const ofNode = (id, tab) => `/node?id=${id}&tab=${tab}`;

await shoot({
    overview: '/', logs: `/logs?service=${litellm}&service=${tabby}`, node: '/node?id=hydra-ai', processes: ofNode('hydra-storage', 'processes'),
    storage: ofNode('hydra-storage', 'storage'), network: ofNode('hydra-storage', 'network'), agent: ofNode('hydra-ai', 'agent'),
});
await until(async () => (await admin.get(`/api/web/services/${tabby}`)).json.restarts_10min > 2, 150000, 'the restart loop');
await shoot({
    incident: '/', service: `/service?id=${tabby}`, generations: ofNode('hydra-ai', 'system'),
    changes: { where: ofNode('hydra-ai', 'system'), then: async page => { await page.getByRole('link', { name: /What changed/ }).first().click(); await sleep(1500); } },
});
await act({ verb: 'generation.rollback', node: 'hydra-ai' });
await act({ verb: 'docker.prune', node: 'hydra-compute', target: 'docker', argument: 'images,build-cache' });
await act({ verb: 'container.restart', service: litellm });
await act({ verb: 'container.update', service: 'hydra-storage/docker/hydra-grafana' });
await act({ verb: 'project.restart', node: 'hydra-storage', target: 'docker/auditforecaster' });
await shoot({ jobs: '/jobs', audit: '/audit' });
await browser.close();
process.kill(-demo.pid, 'SIGTERM');
