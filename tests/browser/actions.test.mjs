// What is done to services and machines: asked for in a button, a menu, the palette or a list; what it will do is said before, what came
// of it after. Containers of a real engine; what takes other machines, or minutes, is played by the stand-in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine } from '../system/lib/engine.mjs';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { accessibility, openBrowser, openContext, openPage } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

let engine, hydrad, browser, admin, context;
before(async () => {
    engine = Engine.start();
    for (const name of ['plex', 'sonarr', 'tautulli']) await engine.run(name, 'exec sleep 100000', { StopTimeout: 0 });
    await engine.run('slow', "trap '' TERM; while :; do sleep 1; done", { StopTimeout: 300 }); // ends when the test says so
    await engine.run('broken', 'echo port is already allocated; exit 1');
    await engine.run('loop', 'exit 1', { HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } } });
    hydrad = await Hydrad.start({ args: ['--node', 'tower', '--docker', `unix://${engine.socket}`] });
    admin = await hydrad.setUp();
    for (const name of ['plex', 'sonarr', 'tautulli', 'slow', 'broken', 'loop'])
        await until(async () => (await admin.get(`/api/web/services/${id(name)}`)).status === 200, 60000, name);
    const films = await admin.post('/api/web/services', { name: 'Films', depends_on: [id('slow')], check: { kind: 'http', target: `${hydrad.base}/healthz` } });
    assert.equal(films.status, 201, films.text);
    browser = await openBrowser();
    context = await signedIn(admin);
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
    engine?.stop();
});

const id = name => `tower/docker/${name}`;
const signedIn = who => openContext(browser, hydrad.base, { cookie: who.auth.cookie });
const started = async name => (await engine.call('GET', `/containers/${name}/json`)).State.StartedAt;
const doing = page => page.getByRole('status').getByRole('region', { name: 'What is being done' });
const button = (page, name) => page.getByRole('button', { name, exact: true });
const row = (page, name) => page.locator('.svc-row').filter({ hasText: name });
const service = (page, name) => page.goto(`${hydrad.base}/service?id=${id(name)}`);

test('a restart says what it does, shows its steps where one looks, and stays as a line', async () => {
    const page = await openPage(context), was = await started('slow');
    await service(page, 'slow');
    await button(page, 'Restart').click();
    const dialog = page.getByRole('dialog', { name: 'Restart slow?' });
    await dialog.getByText('1 service depends on it: Films.').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.keyboard.press('Enter');
    await doing(page).getByText('Restart slow on tower').waitFor();
    await doing(page).getByText(/restarting/).waitFor();
    assert.ok(await button(page, 'Restart').isDisabled());
    const sign = page.getByRole('banner').getByRole('link', { name: /Restart slow/ });
    await sign.waitFor();
    process.kill((await engine.call('GET', '/containers/slow/json')).State.Pid, 'SIGKILL');
    await doing(page).getByText(/^Restarted in/).waitFor();
    assert.notEqual(await started('slow'), was);
    await until(async () => await sign.count() === 0, 60000, 'the sign to go');
    assert.deepEqual(await accessibility(page), []);
    await page.reload();
    await doing(page).getByText(/^Restarted in/).waitFor();
    await button(page, 'Dismiss').click();
    await doing(page).waitFor({ state: 'detached' });
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a failure says why, and what the thing itself said', async () => {
    const page = await openPage(context);
    await service(page, 'broken');
    await button(page, 'Start').click();
    await page.getByRole('dialog', { name: 'Start broken?' }).getByRole('button', { name: 'Start' }).click();
    await doing(page).getByRole('img', { name: 'Failed' }).waitFor();
    await button(page, 'What it said').click();
    await page.getByLabel('Output').getByText(/port is already allocated/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('an operator restarts by key and stops by menu; a viewer has nothing to press', async () => {
    const operator = await hydrad.person(admin, 'oscar', 'operator'), viewer = await hydrad.person(admin, 'vera', 'viewer');
    const page = await openPage(await signedIn(operator)), was = await started('plex');
    await service(page, 'plex');
    await button(page, 'Restart').waitFor();
    await page.keyboard.press('r');
    await page.getByRole('dialog', { name: 'Restart plex?' }).getByRole('button', { name: 'Restart' }).click();
    await doing(page).getByText(/^Restarted in/).waitFor();
    assert.notEqual(await started('plex'), was);
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Stop' }).waitFor();
    assert.equal(await page.getByRole('menuitem', { name: /Update|Remove|Rename/ }).count(), 0);
    await page.getByRole('menuitem', { name: 'Stop' }).click();
    await page.getByRole('dialog', { name: 'Stop plex?' }).getByRole('button', { name: 'Stop' }).click();
    await button(page, 'Start').click();
    await page.getByRole('dialog', { name: 'Start plex?' }).getByRole('button', { name: 'Start' }).click();
    await button(page, 'Restart').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();

    const theirs = await openPage(await signedIn(viewer));
    await service(theirs, 'plex');
    await doing(theirs).getByText(/^Started in/).waitFor();
    assert.equal(await theirs.getByRole('button', { name: /Restart|Stop|More actions/ }).count(), 0);
    assert.deepEqual(theirs.complaints, []);
    await theirs.context().close();
});

test('what the policy of a node forbids stands in the menu with its reason', async () => {
    const page = await openPage(context);
    await service(page, 'plex');
    await button(page, 'More actions').click();
    const update = page.getByRole('menuitem', { name: /Update/ });
    await update.getByText(/The policy of this node does not allow container.update/).waitFor();
    assert.equal(await update.getAttribute('aria-disabled'), 'true');
    for (const name of [/^Connect/, /^Disconnect/]) assert.equal(await page.getByRole('menuitem', { name }).getAttribute('aria-disabled'), 'true');
    await page.goto(`${hydrad.base}/node?id=tower`);
    await button(page, 'More actions').click();
    for (const name of [/Reboot/, /Power off/])
        assert.equal(await page.getByRole('menuitem', { name }).getAttribute('aria-disabled'), 'true');
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('in a restart loop another start is not offered first', async () => {
    await until(async () => (await admin.get(`/api/web/services/${id('loop')}`)).json.looping, 60000, 'the loop to be seen');
    const page = await openPage(context);
    await service(page, 'loop');
    await button(page, 'Stop').waitFor();
    assert.equal(await button(page, 'Restart').count(), 0);
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Restart' }).waitFor();
    await page.keyboard.press('Escape');
    await button(page, 'Stop').click();
    await page.getByRole('dialog', { name: 'Stop loop?' }).getByText(/and with it the restart loop/).waitFor();
    await page.keyboard.press('Enter');
    await doing(page).getByText(/^Stopped in|It was stopped already/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('several services are chosen with x and the mouse, and restarted one after another', async () => {
    const page = await openPage(context), names = ['plex', 'sonarr', 'tautulli'], was = await Promise.all(names.map(started));
    await page.goto(`${hydrad.base}/services?q=tower`);
    for (const name of names) await row(page, name).waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.closest('[data-id]')?.dataset.id ?? null);
    for (let i = 0; i < 50 && await focused() !== id('plex'); i++) {
        const now = await focused();
        await page.keyboard.press('j');
        await until(async () => await focused() !== now, 60000, 'the next row to have the focus');
    }
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
    assert.deepEqual((await dialog.getByRole('listitem').allInnerTexts()).map(t => t.split(' ')[0].toLowerCase()), names);
    await dialog.getByRole('button', { name: 'Restart 3 services' }).click();
    await page.waitForURL(/\/jobs$/);
    await page.getByText('All 3 done.').waitFor();
    const now = await Promise.all(names.map(started));
    names.forEach((name, i) => assert.notEqual(now[i], was[i], name));
    await page.goBack();
    await row(page, 'plex').waitFor();
    assert.equal(await bar.count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('the palette understands a wish and goes where it is seen', async () => {
    const page = await openPage(context);
    await page.goto(`${hydrad.base}/events`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill('restart taut');
    await page.getByRole('option', { name: /Restart tautulli/i }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/service\?id=tower\/docker\/tautulli/);
    await page.getByRole('dialog', { name: /Restart tautulli\?/i }).getByRole('button', { name: 'Restart' }).click();
    await doing(page).getByText(/restarting|Restarted in/).waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('played: a name is asked for before a rename; what a machine refuses is told as it is', async () => {
    const played = await StandIn.start();
    const page = await openPage(await openContext(browser, played.base));
    await page.goto(`${played.base}/service?id=tower/docker/plex`);
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename plex?' });
    assert.ok(await dialog.getByRole('button', { name: 'Rename' }).isDisabled());
    await dialog.getByLabel('New name').fill('films');
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await doing(page).getByText('done').waitFor();
    await page.goto(`${played.base}/service?id=tower/docker/sonarr`);
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: /^Connect/ }).click();
    const connect = page.getByRole('dialog', { name: /^Connect .*\?$/ });
    await connect.getByText(/will be in another network of its engine/).waitFor();
    assert.ok(await connect.getByRole('button', { name: 'Connect' }).isDisabled());
    await connect.getByLabel('Network').selectOption('arr');
    await connect.getByRole('button', { name: 'Connect' }).click();
    await connect.waitFor({ state: 'hidden' });
    await page.goto(`${played.base}/node?id=hydra-compute`);
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Reboot' }).click();
    await page.getByRole('dialog', { name: 'Reboot hydra-compute?' }).getByRole('button', { name: 'Reboot' }).click();
    await doing(page).getByText('nothing was done: the policy of hydra-compute does not allow it').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    played.done();
});

test('what lies outside of somebody\'s limits can\'t be selected, and says why', async () => {
    const olga = await hydrad.person(admin, 'olga', 'operator'), nils = await hydrad.person(admin, 'nils', 'operator');
    assert.equal((await admin.patch(`/api/web/users/${olga.id}`, { limits: 'node:elsewhere' })).status, 200);
    assert.equal((await admin.patch(`/api/web/users/${nils.id}`, { limits: 'node:tower' })).status, 200);
    const outside = await signedIn(await hydrad.signIn('olga', olga.password)), page = await openPage(outside);
    await page.goto(`${hydrad.base}/services`);
    await row(page, 'sonarr').hover();
    const box = page.getByRole('checkbox', { name: 'sonarr can\'t be selected: You act only on node:elsewhere' });
    await box.click({ force: true });
    assert.equal(await box.isChecked(), false);
    assert.equal(await page.getByRole('region', { name: 'Selected services' }).count(), 0);
    await row(page, 'sonarr').getByRole('link').first().focus();
    await page.keyboard.press('x');
    assert.equal(await page.getByRole('region', { name: 'Selected services' }).count(), 0);
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(page.complaints, []);
    await outside.close();
    const inside = await signedIn(await hydrad.signIn('nils', nils.password)), his = await openPage(inside);
    await his.goto(`${hydrad.base}/services`);
    await row(his, 'sonarr').hover();
    await his.getByRole('checkbox', { name: 'Select sonarr' }).click();
    await his.getByRole('region', { name: 'Selected services' }).getByText('1 selected').waitFor();
    await inside.close();
});
