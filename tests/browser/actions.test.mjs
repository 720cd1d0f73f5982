// What is done to services and machines: asked for in a button, a menu, the palette or a list; what it will do is said before, what came
// of it after.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../system/lib/hydrad.mjs';
import { accessibility, openBrowser, openContext, openPage } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

let hub, browser, context;
before(async () => {
    hub = await StandIn.start();
    browser = await openBrowser();
    context = await openContext(browser, hub.base);
});
after(async () => {
    await browser?.close();
    hub?.done();
});

const doing = page => page.getByRole('status').getByRole('region', { name: 'What is being done' });
const button = (page, name) => page.getByRole('button', { name, exact: true });
const row = (page, name) => page.locator('.svc-row').filter({ hasText: name });
const service = (page, id) => page.goto(`${hub.base}/service?id=${id}`);

test('a restart says what it does, shows its steps where one looks, and stays as a line', async () => {
    const page = await openPage(context);
    await service(page, 'hydra-compute/systemd/postgresql.service');
    await button(page, 'Restart').click();
    const dialog = page.getByRole('dialog', { name: 'Restart postgresql?' });
    await dialog.getByText('4 services depend on it: litellm, n8n, gitea, immich.').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.keyboard.press('Enter');
    await doing(page).getByText(/Restart postgresql on hydra-compute/).waitFor();
    await doing(page).getByText(/stopping|starting/).waitFor();
    assert.ok(await button(page, 'Restart').isDisabled());
    await page.getByRole('banner').getByRole('link', { name: /Restart postgresql/ }).waitFor();
    await doing(page).getByText('restarted in 1.4 s').waitFor();
    await until(async () => await page.getByRole('banner').getByRole('link', { name: /Restart postgresql/ }).count() === 0, 15000, 'the sign to go');
    assert.deepEqual(await accessibility(page), []);
    await page.reload();
    await doing(page).getByText('restarted in 1.4 s').waitFor();
    await button(page, 'Dismiss').click();
    await doing(page).waitFor({ state: 'detached' });
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a failure says why, and what the thing itself said', async () => {
    const page = await openPage(context);
    await service(page, 'tower/docker/sonarr');
    await button(page, 'Restart').waitFor();
    await page.keyboard.press('r');
    await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
    await doing(page).getByText('Docker refused: port 8989 is already taken').waitFor();
    await button(page, 'What it said').click();
    await page.getByLabel('Output').getByText(/port is already allocated/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('what the policy of a node forbids stands in the menu with its reason', async () => {
    const page = await openPage(context);
    await service(page, 'tower/docker/plex');
    await button(page, 'More actions').click();
    const update = page.getByRole('menuitem', { name: /Update/ });
    await update.getByText('The policy of tower does not allow it: updates are made by Unraid.').waitFor();
    assert.equal(await update.getAttribute('aria-disabled'), 'true');
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename plex?' });
    assert.ok(await dialog.getByRole('button', { name: 'Rename' }).isDisabled());
    await dialog.getByLabel('New name').fill('films');
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await doing(page).getByText('done').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('in a restart loop another start is not offered first', async () => {
    const bad = await StandIn.start({ variant: 'incident' });
    const other = await openContext(browser, bad.base);
    const page = await openPage(other);
    await page.goto(`${bad.base}/service?id=hydra-ai/systemd/tabbyapi.service`);
    await button(page, 'Stop').waitFor();
    assert.equal(await button(page, 'Restart').count(), 0);
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Restart' }).waitFor();
    assert.deepEqual(page.complaints, []);
    await other.close();
    bad.done();
});

test('several services are chosen with x and the mouse, and restarted one after another until one fails', async () => {
    const page = await openPage(context);
    await page.goto(`${hub.base}/services?group=Media`);
    await row(page, 'bazarr').waitFor();
    await page.keyboard.press('j');
    await until(() => page.evaluate(() => !!document.activeElement?.closest('[data-id]')), 15000, 'a row to have the focus');
    await page.keyboard.press('x');
    const bar = page.getByRole('region', { name: 'Selected services' });
    await bar.getByText('1 selected').waitFor();
    await row(page, 'sonarr').hover();
    await page.getByRole('checkbox', { name: 'Select sonarr' }).click();
    await page.getByRole('checkbox', { name: 'Select tautulli' }).click();
    await bar.getByText('3 selected').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await bar.getByRole('button', { name: 'Restart one after another' }).click();
    const dialog = page.getByRole('dialog', { name: 'Restart 3 services one after another?' });
    await dialog.waitFor();
    assert.deepEqual((await dialog.getByRole('listitem').allInnerTexts()).map(t => t.split(' ')[0]), ['bazarr', 'sonarr', 'tautulli']);
    await dialog.getByRole('button', { name: 'Restart 3 services' }).click();
    await page.waitForURL(/\/jobs$/);
    await page.getByText('sonarr failed, the rest was left as it is').waitFor();
    await page.getByText('not begun: one before it failed').waitFor();
    await page.goBack();
    await row(page, 'bazarr').waitFor();
    assert.equal(await bar.count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('the palette understands a wish and goes where it is seen', async () => {
    const page = await openPage(context);
    await page.goto(`${hub.base}/events`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill('restart jelly');
    await page.getByRole('option', { name: /Restart jellyfin/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/service\?id=tower\/docker\/jellyfin/);
    await page.getByRole('dialog', { name: 'Restart jellyfin?' }).getByRole('button', { name: 'Restart' }).click();
    await doing(page).getByText('restarted in 1.4 s').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a machine is rebooted from its menu; what it refuses is told as it is', async () => {
    const page = await openPage(context);
    await page.goto(`${hub.base}/node?id=hydra-compute`);
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Reboot' }).click();
    await page.getByRole('dialog', { name: 'Reboot hydra-compute?' }).getByRole('button', { name: 'Reboot' }).click();
    await doing(page).getByText('nothing was done: the policy of hydra-compute does not allow it').waitFor();
    await page.goto(`${hub.base}/node?id=tower`);
    await button(page, 'More actions').click();
    assert.equal(await page.getByRole('menuitem', { name: /Power off/ }).getAttribute('aria-disabled'), 'true');
    assert.deepEqual(page.complaints, []);
    await page.close();
});
