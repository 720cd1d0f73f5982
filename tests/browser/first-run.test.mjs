// A newcomer: setup link, three steps, overview with this very machine; then sign-out and sign-in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

let hydrad, browser;
before(async () => {
    hydrad = await Hydrad.start();
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    await hydrad?.stop();
});

test('the setup link leads to the overview in at most three steps', async () => {
    const context = await openContext(browser, hydrad.base);
    const page = await openPage(context, { allow: [/401/] });
    await page.goto(`${hydrad.base}/setup#${hydrad.secret}`);
    await page.getByLabel(/name/i).first().fill('ada');
    await page.getByLabel(/password/i).first().fill('correct horse battery');
    for (let step = 0; step < 3 && !(await page.getByRole('heading', { level: 1 }).getByText(/healthy|No services|down|degraded|unknown/).count()); step++) {
        await page.getByRole('button', { name: /create|continue|open hydra/i }).last().click();
        await page.waitForTimeout(1200);
    }
    await page.waitForURL(`${hydrad.base}/`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByRole('heading', { level: 1 }).getByText(/on 1 node|down|degraded/).waitFor();
    await page.getByText(/live/i).first().waitFor();
    assert.deepEqual(page.complaints, []);
    await context.close();
});

test('who is not signed in sees the sign-in page and nothing of the cluster', async () => {
    const context = await openContext(browser, hydrad.base);
    const page = await openPage(context, { allow: [/401/] });
    await page.goto(`${hydrad.base}/services`);
    await page.waitForURL(/\/login/);
    assert.doesNotMatch(await page.locator('body').innerText(), /Debian|kernel|healthy on/i);
    await page.getByLabel(/name/i).first().fill('ada');
    await page.getByLabel(/password/i).first().fill('wrong horse battery');
    await page.getByRole('button', { name: /sign in/i }).click();
    await page.getByText(/wrong/i).waitFor();
    await page.getByLabel(/password/i).first().fill('correct horse battery');
    await page.getByRole('button', { name: /sign in/i }).click();
    await page.waitForURL(url => !url.pathname.startsWith('/login'));
    assert.deepEqual(page.complaints, []);
    await context.close();
});
