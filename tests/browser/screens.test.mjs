// Every screen, dark and light, wide and at 360 px: no complaint of the browser, no serious finding of axe-core, nothing wider than
// the window. And what a viewer may not do is not drawn.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad } from '../system/lib/hydrad.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';

const SCREENS = ['/', '/nodes', '/node?id=NODE', '/node?id=NODE&tab=processes', '/node?id=NODE&tab=storage', '/node?id=NODE&tab=system', '/node?id=NODE&tab=agent', '/services', '/service?id=manual/router', '/events', '/users', '/tokens', '/sessions', '/audit',
    '/settings', '/guard', '/services?by=project', '/nothing-here'];
const LOOKS = [{ theme: 'dark', width: 1440 }, { theme: 'light', width: 1440 }, { theme: 'dark', width: 360 }, { theme: 'light', width: 360 }];

let hydrad, browser, admin, viewer, node;
before(async () => {
    hydrad = await Hydrad.start();
    admin = await hydrad.setUp();
    await admin.post('/api/web/services', { name: 'Router', url: `${hydrad.base}/healthz`, check: { kind: 'http', target: `${hydrad.base}/healthz` } });
    await admin.post('/api/web/users', { name: 'vera', password: 'violet horse battery', role: 'viewer' });
    viewer = await hydrad.signIn('vera', 'violet horse battery');
    node = (await admin.get('/api/web/nodes')).json.nodes[0].id;
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    await hydrad?.stop();
});

for (const look of LOOKS)
    test(`every screen is sound, ${look.theme}, ${look.width} px`, async () => {
        const context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie, ...look });
        const found = [];
        for (const screen of SCREENS) {
            const page = await openPage(context, { allow: screen === '/nothing-here' ? [/404/] : screen.includes('tab=') ? [/409|503/] : [] });
            await page.goto(hydrad.base + screen.replace('NODE', node));
            await page.getByRole('main').waitFor();
            await page.waitForTimeout(900);
            found.push(...(await accessibility(page)).map(c => `${screen}, while it waits: ${c}`));
            await page.waitForFunction(() => !document.querySelector('main [aria-busy]'), null, { timeout: 60000 });
            found.push(...page.complaints.map(c => `${screen}: ${c}`), ...(await accessibility(page)).map(c => `${screen}: ${c}`));
            const wide = await overflow(page);
            if (wide > 0) found.push(`${screen}: ${wide} px wider than the window`);
            await page.close();
        }
        await context.close();
        assert.deepEqual(found, []);
    });

test('a viewer sees no control that is refused, and pages say which role is needed', async () => {
    const context = await openContext(browser, hydrad.base, { cookie: viewer.auth.cookie });
    const page = await openPage(context, { allow: [/403/] });
    await page.goto(`${hydrad.base}/services`);
    await page.getByRole('main').waitFor();
    assert.equal(await page.getByRole('button', { name: /add service/i }).count(), 0);
    await page.goto(`${hydrad.base}/service?id=manual/router`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    for (const name of [/^edit/i, /check now/i, /^remove/i, /^hide/i]) assert.equal(await page.getByRole('button', { name }).count(), 0, String(name));
    assert.equal(await page.getByRole('navigation').getByRole('link', { name: /users|audit/i }).count(), 0);
    await page.goto(`${hydrad.base}/users`);
    await page.getByText(/admin/i).first().waitFor();
    assert.deepEqual(page.complaints, []);
    await context.close();
});
