// Logs: the newest lines are followed until somebody scrolls up, history has no end, matches are stepped through, a line is linked
// to; floods leave the page usable. A container of a real engine talks through hydrad; the stand-in holds a million lines per source, and
// floods, loses and refuses on command.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from '../system/lib/engine.mjs';
import { Hydrad, root, until } from '../system/lib/hydrad.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';

const LONG = 60000;
const TALK = [
    'i=0; while [ $i -lt 1500 ]; do echo "word $i of the talk"; i=$((i+1)); done',
    'echo \'{"level":"error","msg":"boom","user":{"name":"mira"}}\'',
    'i=0; while :; do echo "tick $i"; i=$((i+1)); sleep 1; done',
].join('; ');
let engine, hydrad, browser, admin, mock, base, context, page;

const freePort = () => new Promise(done => {
    const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); });
});

async function startMock(...args) {
    const port = await freePort();
    const child = spawn(process.execPath, [path.join(root, 'web/scripts/mock.mjs'), '--port', String(port), ...args], { stdio: 'ignore' });
    const at = `http://127.0.0.1:${port}`;
    await until(() => fetch(`${at}/api/web/session`).then(a => a.ok, () => false), LONG, 'the stand-in');
    return { child, base: at };
}

before(async () => {
    engine = Engine.start();
    await engine.run('talker', TALK);
    hydrad = await Hydrad.start({ args: ['--node', 'tower', '--docker', `unix://${engine.socket}`] });
    admin = await hydrad.setUp();
    await admin.post('/api/web/users', { name: 'vera', password: 'violet horse battery', role: 'viewer' });
    browser = await openBrowser();
    mock = await startMock();
    base = mock.base;
    context = await openContext(browser, base);
    page = await openPage(context, { allow: [/503/] });
});
after(async () => {
    await browser?.close();
    mock?.child.kill();
    await hydrad?.done();
    engine?.stop();
});

const two = 'service=tower/docker/plex&service=tower/docker/immich';
const control = what => fetch(`${base}/mock/${what}`, { method: 'POST' });
const rows = () => page.locator('.log-row');
const texts = () => page.locator('.log-row .log-text').allInnerTexts();
const chip = name => page.locator('.log-bar').getByText(name, { exact: true });
const newest = () => page.locator('.log-newest');
const param = name => new URL(page.url()).searchParams.get(name);
const drawn = () => page.evaluate(() => { const l = document.querySelector('.log'); return { top: l.scrollTop, left: l.scrollHeight - l.scrollTop - l.clientHeight, rows: document.querySelectorAll('.log-row').length }; });
const wheel = async dy => { await page.locator('.log').hover(); await page.mouse.wheel(0, dy); };

async function open(query = two) {
    await control('logs-calm');
    await page.goto(`${base}/logs?${query}`);
    await rows().first().waitFor({ timeout: LONG });
}

test('who may not read logs sees neither the entry nor the page', async () => {
    const vera = await hydrad.signIn('vera', 'violet horse battery');
    const theirs = await openContext(browser, hydrad.base, { cookie: vera.auth.cookie });
    const p = await openPage(theirs);
    await p.goto(hydrad.base);
    await p.getByRole('link', { name: 'Services' }).first().waitFor();
    assert.equal(await p.getByRole('link', { name: 'Logs', exact: true }).count(), 0);
    await p.goto(`${hydrad.base}/logs`);
    await p.getByText("You can't read logs").waitFor();
    assert.deepEqual(p.complaints, []);
    await theirs.close();
});

test('who may has the entry, by hand and by key', async () => {
    const ours = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
    const served = (await admin.get('/api/web/logs/sources')).status === 200;
    const p = await openPage(ours, { allow: served ? [] : [/404/] });
    await p.goto(hydrad.base);
    await p.getByRole('link', { name: 'Logs', exact: true }).first().waitFor();
    await p.keyboard.press('g');
    await p.keyboard.press('l');
    await p.waitForURL(/\/logs/);
    if (served) assert.equal(await p.getByText('The sources of logs could not be read').count(), 0);
    assert.deepEqual(p.complaints, []);
    await ours.close();
});

test('what a container says is followed, searched, filtered by level, and linked to', async () => {
    await until(async () => (await admin.get('/api/web/logs?service=tower/docker/talker')).status === 200, LONG, 'the log of the container');
    const ours = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
    const p = await openPage(ours);
    const said = () => p.locator('.log-row .log-text').allInnerTexts();
    await p.goto(`${hydrad.base}/logs?service=tower/docker/talker`);
    await p.locator('.log-bar').getByText('Following', { exact: true }).waitFor({ timeout: LONG });
    const last = (await said()).at(-1);
    assert.match(last, /^tick \d+$/);
    await until(async () => (await said()).at(-1) !== last, LONG, 'the next line');
    await p.getByRole('radio', { name: /^Error/ }).click();
    await until(async () => { const all = await said(); return all.length === 1 && /boom/.test(all[0]); }, LONG, 'the error alone');
    await p.getByRole('radio', { name: /^All/ }).click();
    await p.getByRole('searchbox', { name: 'Search the log' }).fill('word 777 of');
    await until(async () => (await said()).join() === 'word 777 of the talk', LONG, 'the one that was searched for');
    await p.locator('.log-row').click();
    await p.getByRole('complementary', { name: 'Line' }).getByRole('button', { name: 'Show around it' }).click();
    await p.waitForURL(/line=/);
    const marked = q => q.locator('.log-row[data-marked]').getByText('word 777 of the talk').waitFor({ timeout: LONG });
    await marked(p);
    const linked = await openPage(ours);
    await linked.goto(p.url());
    await marked(linked);
    for (const n of [776, 778]) await linked.getByText(`word ${n} of the talk`, { exact: true }).waitFor();
    assert.deepEqual(linked.complaints, []);
    assert.deepEqual(p.complaints, []);

    await linked.goto(`${hydrad.base}/service?id=tower/docker/talker`);
    const card = linked.getByRole('region', { name: 'Log', exact: true });
    await card.getByText(/^tick \d+$/).first().waitFor({ timeout: LONG });
    assert.deepEqual(linked.complaints, []);
    await ours.close();
});

test('the newest lines are followed, scrolling up lets go, the chip leads back', async () => {
    await open();
    await chip('Following').waitFor();
    await until(async () => (await drawn()).left < 4, LONG, 'the end of the log');
    await wheel(0);
    await wheel(-900);
    await chip('Live').waitFor();
    const { top } = await drawn();
    await page.getByText(/^\d+ new lines?$/).waitFor({ timeout: LONG });
    assert.ok(Math.abs((await drawn()).top - top) < 2, 'what is read stays where it is');
    await newest().click();
    await chip('Following').waitFor();
    await until(async () => (await drawn()).left < 4, LONG, 'the end again');
    assert.deepEqual(page.complaints, []);
});

test('history goes back without end, few rows are drawn, and forward again', async () => {
    await open();
    const first = (await page.locator('.log-row time').first().innerText());
    await page.locator('.log').focus();
    for (let i = 0; i < 8; i++) {
        await page.keyboard.press('Home');
        await page.waitForTimeout(250);
    }
    assert.notEqual(await page.locator('.log-row time').first().innerText(), first);
    assert.ok((await drawn()).rows < 120);
    await page.keyboard.press('Shift+G');
    await until(async () => (await drawn()).left < 4, LONG, 'the newest line');
    await chip('Following').waitFor();
    assert.deepEqual(page.complaints, []);
});

test('a search filters, marks, and is in the address', async () => {
    await open();
    await page.keyboard.press('/');
    await page.keyboard.type('timed out');
    await until(async () => param('q') === 'timed out' && (await texts()).length > 0 && (await texts()).every(t => t.includes('timed out')), LONG, 'only matches');
    await page.locator('.log-row mark').first().waitFor({ timeout: LONG });
    await page.getByRole('button', { name: 'Only lines that match' }).click();
    await until(async () => (await texts()).some(t => !t.includes('timed out')), LONG, 'the lines between');
    await page.getByRole('button', { name: 'Previous match, older' }).click();
    await until(async () => (await page.locator('.log-row[data-active]').allInnerTexts()).some(t => t.includes('timed out')), LONG, 'the match');
    const one = await page.locator('.log-row[data-active] time').innerText();
    await page.getByRole('button', { name: 'Previous match, older' }).click();
    await until(async () => await page.locator('.log-row[data-active] time').innerText() < one, LONG, 'the one before');
    assert.deepEqual(page.complaints, []);
});

test('a search that finds too little says how far back it has come, rests, and goes on by hand', async () => {
    await open();
    await control('logs-slow');
    const moment = String.raw`(\d+ \S+, )?\d\d:\d\d`, further = page.getByRole('button', { name: 'Search further back' });
    const reached = async () => (await page.getByText(new RegExp(`^Searched back to ${moment}$`)).innerText()).slice(17);
    await page.goto(`${base}/logs?service=tower/docker/plex&q=nowhere`);
    await page.getByText('No line matches “nowhere” so far').waitFor({ timeout: LONG });
    await page.getByText(new RegExp(`^Searching… back to ${moment}$`)).waitFor({ timeout: LONG });
    await further.waitFor({ timeout: LONG });
    const first = await reached();
    await further.click();
    await until(async () => await further.isVisible() && await reached() !== first, LONG, 'further back');
    assert.deepEqual(await accessibility(page), []);

    await page.goto(`${base}/logs?service=tower/docker/plex&q=CUDA`);
    await rows().first().waitFor({ timeout: LONG });
    await further.waitFor({ timeout: LONG });
    const found = (await texts()).length, at = await reached();
    await further.click();
    await until(async () => await further.isVisible() && await reached() !== at, LONG, 'further back');
    assert.ok((await texts()).length >= found);
    assert.deepEqual(page.complaints, []);
    await control('logs-calm');
});

test('an expression that can not be read is said so, one that can finds', async () => {
    await open(`${two}&context=1&regex=1&q=%28`);
    await page.getByText('no expression').waitFor();
    await page.getByRole('searchbox', { name: 'Search the log' }).fill('after \\d+ s');
    await page.getByText(/^\d[\d,.k]* hits$/).waitFor();
    assert.deepEqual(page.complaints, []);
});

test('a level leaves what is worse', async () => {
    await open();
    await page.getByRole('radio', { name: /^Error/ }).click();
    await until(async () => param('level') === 'err' && await page.locator('.log-row').count() > 0 && await page.locator('.log-row:not([data-weight=error])').count() === 0, LONG, 'errors alone');
    assert.deepEqual(page.complaints, []);
});

test('a line opens, its members too, and its link leads to it among its neighbours', async () => {
    await open('service=tower/docker/plex&q=request+served');
    await rows().first().click();
    const detail = page.getByRole('complementary', { name: 'Line' });
    await detail.getByRole('rowheader', { name: 'user.name' }).waitFor();
    assert.ok((await detail.innerText()).includes('"msg":"request served"'));
    await detail.getByRole('button', { name: 'Show around it' }).click();
    await page.waitForURL(/line=/);
    await page.locator('.log-row[data-marked]').waitFor({ timeout: LONG });
    const text = await page.locator('.log-row[data-marked]').innerText();
    const other = await openPage(context);
    await other.goto(page.url());
    await other.locator('.log-row[data-marked]').waitFor({ timeout: LONG });
    assert.equal(await other.locator('.log-row[data-marked]').innerText(), text);
    await until(async () => await other.locator('.log-row').count() > 10, LONG, 'the lines around it');
    await other.close();
    assert.deepEqual(page.complaints, []);
});

test('lines that a log says are text, never markup', async () => {
    await open();
    await page.locator('.log-text .ink-6').first().waitFor({ timeout: LONG }); // colours of a terminal
    assert.equal(await page.locator('.log-text script, .log-text img').count(), 0);
});

test('sources are chosen, several at once, each in its colour', async () => {
    await open('service=tower/docker/plex');
    await page.keyboard.press('s');
    const dialog = page.getByRole('dialog', { name: 'What to read' });
    await dialog.getByRole('searchbox').fill('immich');
    await dialog.getByRole('checkbox').first().check();
    await dialog.getByRole('button', { name: 'Read' }).click();
    await until(() => new URL(page.url()).searchParams.getAll('service').length === 2, LONG, 'two sources');
    await page.locator('.log-source.c-viz-2').first().waitFor({ timeout: LONG });
    assert.deepEqual(page.complaints, []);
});

test('pausing holds lines back, going on shows them', async () => {
    await open();
    await control('logs-busy');
    await page.reload();
    await rows().first().waitFor({ timeout: LONG });
    await chip('Following').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText(/new lines$/).waitFor({ timeout: LONG });
    const last = (await texts()).at(-1);
    await page.waitForTimeout(500);
    assert.equal((await texts()).at(-1), last);
    await newest().click();
    await chip('Following').waitFor();
    await until(async () => (await texts()).at(-1) !== last, LONG, 'newer lines');
    assert.deepEqual(page.complaints, []);
});

test('a flood is followed, what could not be read is said, and the page answers', async () => {
    await open();
    await control('logs-flood');
    await page.reload();
    await rows().first().waitFor({ timeout: LONG });
    await page.getByText(/^All\s+20k$|^20k$/).first().waitFor({ timeout: 60000 });
    await wheel(-600);
    await newest().waitFor({ timeout: LONG });
    assert.ok((await drawn()).rows < 120);
    await control('logs-calm');
    await control('logs-drop');
    assert.deepEqual(page.complaints, []);
});

test('lost, it comes back; refused, it says why and tries again', async () => {
    await open();
    await chip('Following').waitFor({ timeout: LONG });
    const shown = (await texts()).at(-1);
    await until(async () => (await texts()).at(-1) !== shown, LONG, 'a line of the stream'); // the first ones are a page's
    await control('logs-drop');
    await page.getByText('1,234 lines dropped', { exact: false }).waitFor({ timeout: LONG });
    await control('logs-lose');
    const last = (await texts()).at(-1);
    await chip('Following').waitFor({ timeout: LONG });
    await until(async () => (await texts()).at(-1) !== last, LONG, 'lines of the new connection');
    await control('logs-fail');
    await page.reload();
    await page.getByText('The log could not be read').waitFor({ timeout: LONG });
    await control('logs-calm');
    await page.getByRole('button', { name: 'Try again' }).click();
    await rows().first().waitFor({ timeout: LONG });
});

test('a part that is missing is said above the rest', async () => {
    await open();
    await control('logs-partial');
    await page.reload();
    await page.getByText('its lines until 14:02 are missing').waitFor({ timeout: LONG });
    await control('logs-calm');
});

test('the page of a service has its log', async () => {
    await control('logs-calm');
    await page.goto(`${base}/service?id=tower/docker/plex`);
    const card = page.getByRole('region', { name: 'Log', exact: true });
    await card.locator('.log-row').first().waitFor({ timeout: LONG });
    await card.getByRole('link', { name: 'Open in Logs' }).click();
    await page.waitForURL(/\/logs\?service=tower\/docker\/plex/);
    await rows().first().waitFor({ timeout: LONG });
});

for (const [theme, width] of [['dark', 1440], ['light', 1440], ['dark', 360]])
    test(`read by everybody, ${theme} at ${width}`, async () => {
        const own = await openContext(browser, base, { theme, width });
        const p = await openPage(own);
        await p.goto(`${base}/logs?${two}`);
        await p.locator('.log-row').first().waitFor({ timeout: LONG });
        await p.locator('.log-row .log-time').nth(3).click();
        await p.getByRole('complementary', { name: 'Line' }).waitFor();
        assert.equal(await overflow(p), 0);
        assert.deepEqual(await accessibility(p), []);
        assert.deepEqual(p.complaints, []);
        await own.close();
    });
