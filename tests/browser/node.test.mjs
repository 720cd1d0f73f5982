// A node's page: one cursor for all charts, which stand still under it; a table beside them; processes in the order asked for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad, sleep, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

let hydrad, browser, page;
before(async () => {
    hydrad = await Hydrad.start();
    const admin = await hydrad.setUp();
    const { id } = (await admin.get('/api/web/nodes')).json.nodes[0];
    browser = await openBrowser();
    page = await openPage(await openContext(browser, hydrad.base, { cookie: admin.auth.cookie, height: 1400 }));
    await page.goto(`${hydrad.base}/node?id=${encodeURIComponent(id)}`);
    await charts().nth(3).locator('canvas').waitFor();
    await until(async () => (await legend()).every(t => /\d/.test(t)), 60000, 'values of all charts');
    await sleep(4000); // something to point at
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
});

const charts = () => page.locator('.charts figure');
const legend = () => page.locator('.charts figcaption').allInnerTexts();
const times = () => page.locator('.plot-time:visible').allInnerTexts();
const note = text => page.getByText(text).first();

/** Where a chart is drawn on: [left, top, width, height]. */
async function area(n) {
    const over = charts().nth(n).locator('.u-over');
    await over.scrollIntoViewIfNeeded();
    return over.boundingBox();
}

test('the cursor is shared by all charts, and what is under it stands still until it leaves', async () => {
    const box = await area(0);
    await page.mouse.move(box.x + box.width - 6, box.y + box.height / 2);
    await note(/paused at \d\d:\d\d:\d\d/).waitFor();
    const shown = await until(async () => { const all = await times(); return all.length >= 4 && all; }, 60000, 'the time on all charts');
    assert.equal(new Set(shown).size, 1, shown.join(' '));
    const frozen = await legend();
    await sleep(3000);
    assert.deepEqual(await legend(), frozen);
    await page.mouse.move(2, 2);
    await note(/every second/).waitFor();
    await until(async () => (await times()).length === 0, 60000, 'no cursor');
    await until(async () => (await legend()).join() !== frozen.join(), 60000, 'new values');
    assert.deepEqual(page.complaints, []);
});

test('a press pins the cursor, a drag zooms all charts, and both are taken back', async () => {
    const box = await area(0);
    await page.mouse.click(box.x + box.width - 10, box.y + box.height / 2);
    await page.mouse.move(2, 2);
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    assert.ok((await times()).length >= 4);
    await page.getByRole('button', { name: 'Resume' }).click();
    await note(/every second/).waitFor();

    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 24, { steps: 6 });
    await page.mouse.up();
    await page.mouse.move(2, 2);
    await page.getByRole('button', { name: 'Show all 15 min' }).click();
    await note(/every second/).waitFor();
    assert.deepEqual(page.complaints, []);
});

test('charts are read by keys and as a table', async () => {
    const first = page.getByRole('img', { name: /^CPU, last 15 minutes: / });
    await first.focus();
    await page.keyboard.press('ArrowLeft');
    await note(/paused at/).waitFor();
    const [before] = await times();
    await page.keyboard.press('ArrowLeft');
    await until(async () => (await times())[0] !== before, 60000, 'an earlier time');
    await page.keyboard.press('Escape');
    await note(/every second/).waitFor();
    await page.getByRole('button', { name: 'Show as table' }).click();
    const table = page.getByRole('table').filter({ hasText: 'CPU' }).first();
    await table.waitFor();
    assert.ok(await table.getByRole('row').count() > 1);
    await page.getByRole('button', { name: 'Show as charts' }).click();
    await charts().first().waitFor();
    assert.deepEqual(page.complaints, []);
});

const units = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const card = () => page.getByRole('region', { name: 'Processes' });
const column = n => card().locator(`tbody tr td:nth-child(${n})`).allInnerTexts();
const sizes = async () => (await column(5)).map(t => { const [value, unit] = t.split(/\s/); return Number(value) * (units[unit] ?? NaN); });
const falling = list => list.every((v, i) => i === 0 || v <= list[i - 1] * 1.02); // values go on between two settlings

test('processes are sorted by the column asked for, and found', async () => {
    const title = name => card().getByRole('columnheader', { name });
    await title('Memory').getByRole('button').click();
    assert.equal(await title('Memory').getAttribute('aria-sort'), 'descending');
    await until(async () => { const all = await sizes(); return all.length > 3 && falling(all); }, 60000, 'the largest first');
    await title('Process').getByRole('button').click();
    assert.equal(await title('Process').getAttribute('aria-sort'), 'ascending');
    assert.equal(await title('Memory').getAttribute('aria-sort'), null);
    await card().getByRole('searchbox').fill('hydrad');
    await until(async () => { const all = await column(1); return all.length > 0 && all.every(t => /hydrad/.test(t)); }, 60000, 'hydrad alone');
    await card().getByRole('searchbox').fill('no-such-program');
    await page.getByText('No process matches “no-such-program”.').waitFor();
    assert.deepEqual(page.complaints, []);
});
