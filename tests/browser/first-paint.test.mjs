// What hydrad writes into the page stands where and how the scripts draw it later: nothing moves when they take over.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

let hydrad, browser, admin;
before(async () => {
    hydrad = await Hydrad.start();
    admin = await hydrad.setUp();
    for (const group of ['Media', 'Home & <Garden>']) {
        await admin.post('/api/web/services', { name: `A service of ${group}`, group, check: { kind: 'none' } });
    }
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
});

/** Text, states and places of the sentence and of the bars. */
const look = page => page.evaluate(() => {
    const place = e => { const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height].map(Math.round).join(' '); };
    const bars = [...document.querySelectorAll('.matrix a')].map(a => ({
        group: a.querySelector('.matrix-name').textContent,
        states: [...a.querySelectorAll('.matrix-row .cell')].map(c => c.dataset.state).join(' '),
        place: place(a), name: place(a.querySelector('.matrix-name')),
    }));
    const sentence = document.querySelector('.verdict h1 > span:last-child');
    return { sentence: sentence.textContent, at: place(sentence).split(' ').slice(0, 2).join(' '), bars };
});

/** The page before its scripts and after: they are kept back until the first look was taken. */
async function beforeAndAfter(width) {
    const context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie, width });
    const page = await openPage(context);
    let release;
    const looked = new Promise(r => { release = r; });
    await page.route('**/*.js*', async route => { await looked; await route.continue(); });
    await page.goto(hydrad.base, { waitUntil: 'commit' });
    await page.waitForFunction(() => document.fonts.status === 'loaded' && document.querySelector('.tabbar') && getComputedStyle(document.querySelector('.verdict')).display !== 'inline');
    const first = await look(page);
    release();
    await page.locator('.verdict .live').first().waitFor();
    await page.locator('[aria-busy]').waitFor({ state: 'detached' });
    const later = await look(page);
    assert.deepEqual(page.complaints, []);
    await context.close();
    return { first, later };
}

for (const width of [1440, 360]) {
    test(`the states of all services stand before any script has run, ${width} px`, async () => {
        let seen;
        // Something on the machine may change between the two looks: then once more.
        await until(async () => {
            seen = await beforeAndAfter(width);
            return JSON.stringify(seen.first) === JSON.stringify(seen.later);
        }, 60000).catch(() => assert.deepEqual(seen.first, seen.later));
        const names = seen.first.bars.map(b => b.group);
        assert.ok(names.some(n => n.startsWith('Home & <Garden> ')), names.join());
        assert.ok(seen.first.bars.every(b => b.states), 'a group without states');
    });
}
