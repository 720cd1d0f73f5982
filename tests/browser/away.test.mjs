// A node that is away after hydrad was started anew: everywhere as it was, unknown and not down, and alive again once it is back.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from '../system/lib/engine.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from '../system/lib/hydrad.mjs';
import { freePort } from '../system/lib/machine.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const LONG = { timeout: 60000 };
const dir = scratchFolder(), state = path.join(dir, 'agent');
let h, admin, engine, agent, browser;

function start() {
    agent = spawn(program, ['--state', state, '--docker', `unix://${engine.socket}`], { env: plainEnvironment(), stdio: 'ignore' });
}

before(async () => {
    engine = Engine.start();
    for (const name of ['plex', 'redis']) await engine.run(name, 'exec sleep 100000', { StopTimeout: 0 });
    h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
    assert.equal((await run(program, ['enroll', '-', '--state', state], { input: (await h.verb(['node', 'add', 'tower'])).out })).code, 0);
    start();
    const sql = text => execFileSync('sqlite3', [path.join(h.dir, 'hydra.db'), text], { encoding: 'utf8' }).trim();
    await until(() => sql('SELECT count(*) FROM node_told') === '1', 60000, 'its row');
    agent.kill('SIGKILL');
    await h.kill();
    sql(`UPDATE node_told SET heard = 0, away = 1, seen_ms = ${Date.now() - 3 * 3600000 - 60000}`); // it went away three hours ago
    await h.start();
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    agent?.kill('SIGKILL');
    await h?.done();
    engine?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
});

for (const width of [1440, 360]) {
    test(`what was known of it is on every page (${width} px)`, async () => {
        const context = await openContext(browser, h.base, { cookie: admin.auth.cookie, width });
        const page = await openPage(context);
        const looked = async () => {
            assert.deepEqual(await accessibility(page), []);
            assert.ok(await overflow(page) <= 0);
        };
        await page.goto(h.base);
        await page.getByText(/^tower has not been heard from for 3 h/).first().waitFor();
        await page.getByRole('link', { name: 'Node tower' }).getByText(/3 h.* ago\. Its services are unknown/).waitFor();
        await looked();
        await page.goto(`${h.base}/node?id=tower`);
        await page.getByText(/^Not heard from since .* 3 h.* ago/).waitFor();
        await page.getByRole('region', { name: 'This machine' }).or(page.getByRole('region', { name: 'Facts' })).first().waitFor();
        await page.getByRole('region', { name: 'Services' }).getByText('plex', { exact: true }).waitFor(); // its process is of plex, too: not told at 360 px
        assert.equal(await page.getByText('It has not reported yet').count(), 0);
        await looked();
        await page.goto(`${h.base}/services`);
        await page.getByRole('table', { name: 'Services' }).getByText('plex', { exact: true }).waitFor();
        if (width > 1000) await page.getByText('its node has not been heard from').first().waitFor();
        await until(async () => await page.getByText(/^Unknown/).count() > 1, 60000, 'what is unknown');
        await looked();
        await page.goto(`${h.base}/service?id=tower/docker/plex`);
        await page.getByText(/^Unknown is not down\. Last seen 3 h.* ago: it ran \(Up/).waitFor();
        assert.equal(await page.getByText('Running for').count(), 0);
        await looked();
        assert.deepEqual(page.complaints, []);
        await context.close();
    });
}

test('of what would bring it back an admin sees the buttons, a viewer none', async () => {
    const set = await admin.put('/api/web/nodes/tower/bmc', { address: '192.168.1.9', user: 'admin', password: 's3cret' });
    assert.equal(set.status, 200, set.text);
    const does = /More actions|Wake|Remount|Reboot|Power|Switch o|controller/i;
    const seen = async (who, parts, look) => {
        const context = await openContext(browser, h.base, { cookie: who.auth.cookie });
        const page = await openPage(context);
        for (const [part, region] of Object.entries(parts)) {
            await page.goto(`${h.base}/node?id=tower&tab=${part}`);
            await page.getByText(/^Not heard from since/).waitFor();
            await page.getByRole('region', { name: region, exact: true }).getByText(/./).first().waitFor();
            await look(page);
        }
        assert.deepEqual(page.complaints, []);
        await context.close();
    };
    await seen(admin, { overview: 'Facts' }, async page => {
        await page.getByRole('button', { name: 'More actions' }).click();
        await page.getByRole('menuitem', { name: 'Power cycle…' }).waitFor();
        await page.getByRole('menuitem', { name: 'Management controller…' }).waitFor();
    });
    await seen(await h.person(admin, 'vera', 'viewer'), { overview: 'Facts', storage: 'Health of disks', system: 'Clock', agent: 'What it allows' }, async page => {
        assert.deepEqual((await page.getByRole('button').evaluateAll(all => all.map(b => b.ariaLabel ?? b.innerText))).filter(name => does.test(name)), []);
    });
});

test('open pages come alive when it is back', async () => {
    const context = await openContext(browser, h.base, { cookie: admin.auth.cookie });
    const page = await openPage(context);
    await page.goto(`${h.base}/node?id=tower`);
    await page.getByText(/^Not heard from since/).waitFor();
    start();
    await page.getByText(/^Not heard from since/).waitFor({ state: 'detached', ...LONG });
    await page.getByRole('link', { name: 'tower is back' }).waitFor(LONG);
    assert.deepEqual(page.complaints, []);
    await context.close();
});
