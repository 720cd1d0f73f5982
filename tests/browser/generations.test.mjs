// Generations of a NixOS machine, played by the stand-in: what is, what changed, a switch that is confirmed, one that is rolled back, a
// roll-back by hand, the clean-up; and what a viewer sees of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

let browser, played, page;
before(async () => {
    browser = await openBrowser();
    played = await StandIn.start();
    page = await openPage(await openContext(browser, played.base));
});
after(async () => {
    await browser?.close();
    played?.done();
});

const button = (where, name) => where.getByRole('button', { name, exact: true });
const system = (where = page, base = played.base) => where.goto(`${base}/node?id=hydra-ai&tab=system`);
const card = (where = page) => where.getByRole('region', { name: 'Generations' });
const row = number => card().getByRole('listitem').filter({ has: page.locator('b', { hasText: new RegExp(`^${number}$`) }) });
const last = () => card().getByRole('status', { name: 'The last switch' });
const doing = () => page.getByRole('region', { name: 'What is being done' });

test('the list says what runs, what starts next time, and what the machine was started with', async () => {
    await system();
    await row(43).getByText('Running').waitFor();
    await row(43).getByText('Starts next time').waitFor();
    await row(42).getByText('Booted').waitFor();
    await row(44).getByText(/Linux 6\.12\.60/).waitFor();
    assert.equal(await button(row(43), 'Switch to 43').count(), 0);
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
});

test('what changed between two has an address', async () => {
    await system();
    await page.getByRole('link', { name: 'What changed from 42 to 43' }).click();
    const changed = page.getByRole('region', { name: 'What changed' });
    await changed.getByText('3.4.1 → 3.4.3').waitFor();
    await changed.getByLabel('To generation').selectOption('44');
    await page.waitForURL(/tab=system&from=42&to=44$/);
    await changed.getByText('Kernel 6.12.58 → 6.12.60').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.reload();
    await changed.getByText('Kernel 6.12.58 → 6.12.60').waitFor();
    await changed.getByRole('link', { name: 'Close' }).click();
    await changed.waitFor({ state: 'detached' });
    assert.deepEqual(page.complaints, []);
});

test('a switch shows its plan before and its steps after, and comes back by itself when it is not well', async () => {
    await system();
    await button(row(40), 'Switch to 40').click();
    const dialog = page.getByRole('dialog', { name: 'Switch to 40?' });
    await dialog.getByText('Restarted: tabbyapi.service, nginx.service').waitFor();
    await dialog.getByText(/the node returns to 43 by itself, after 5 minutes at the latest/).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await button(dialog, 'Switch to 40').click();
    await last().getByText('Hydra looks whether all is well').waitFor();
    await last().getByText(/It goes back to 43 by itself in/).waitFor();
    assert.ok(await button(row(41), 'Switch to 41').isDisabled());
    await last().getByText('From 43 to 40: rolled back').waitFor();
    await last().getByText('tabbyapi.service ran before, and does not now').waitFor();
    await doing().getByText(/Rolled back to 43: tabbyapi ran before/).waitFor();
    await row(43).getByText('Running').waitFor();
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
});

test('what needs a reboot can’t be done without one', async () => {
    await system();
    await button(row(44), 'Switch to 44').click();
    const dialog = page.getByRole('dialog', { name: 'Switch to 44?' });
    await dialog.getByText(/Linux 6\.12\.60 needs a reboot/).waitFor();
    assert.ok(await dialog.getByRole('checkbox', { name: /Start the machine anew/ }).isDisabled());
    await button(dialog, 'Switch to 44 and reboot').waitFor();
    await button(dialog, 'Cancel').click();
    assert.deepEqual(page.complaints, []);
});

test('a roll-back is one press and its plan away', async () => {
    await system();
    await button(card(), 'Roll back to 42…').click();
    const dialog = page.getByRole('dialog', { name: 'Roll back to 42?' });
    await dialog.getByText('Restarted: tabbyapi.service, nginx.service').waitFor();
    await button(dialog, 'Roll back to 42').click();
    await last().getByText('From 43 to 42: done').waitFor();
    await row(42).getByText('Current').waitFor();
    await doing().getByText(/42 runs, and starts next time/).waitFor();
    await button(card(), 'Roll back to 41…').waitFor();
    assert.deepEqual(page.complaints, []);
});

test('a clean-up says what goes for good before it does', async () => {
    await system();
    await button(card(), 'Clean up…').click();
    const dialog = page.getByRole('dialog', { name: 'Clean up the generations of hydra-ai?' });
    await dialog.getByText(/1 generation \(38\) and 1,112 paths of the store go: 8.8 GB at least/).waitFor();
    await dialog.getByLabel('Those older than').selectOption('14');
    await dialog.getByText(/2 generations \(40, 38\)/).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await button(dialog, 'Delete, win 14.5 GB').click();
    await doing().getByText(/were won/).waitFor();
    assert.deepEqual(page.complaints, []);
});

test('a viewer sees them at 360 px, and nothing to press but what changed', async () => {
    const other = await StandIn.start({ role: 'viewer' });
    const theirs = await openPage(await openContext(browser, other.base, { width: 360, theme: 'light' }));
    await system(theirs, other.base);
    await card(theirs).getByText('Running').waitFor();
    assert.equal(await card(theirs).getByRole('button', { name: /Switch|Roll back|Clean up|Rebuild/ }).count(), 0);
    await theirs.getByRole('link', { name: 'What changed from 42 to 43' }).click();
    await theirs.getByText('3.4.1 → 3.4.3').waitFor();
    assert.equal(await overflow(theirs), 0);
    assert.deepEqual(await accessibility(theirs), []);
    assert.deepEqual(theirs.complaints, []);
    await theirs.context().close();
    other.done();
});
