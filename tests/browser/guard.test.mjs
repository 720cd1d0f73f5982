// Guard rails: rules are added, edited and removed on their page, and an action says which rule stands against it. Compose projects are
// restarted as a whole. Containers of a real engine.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine } from '../system/lib/engine.mjs';
import { Hydrad, until } from '../system/lib/hydrad.mjs';
import { accessibility, openBrowser, openContext, openPage } from './lib/browser.mjs';

let engine, hydrad, browser, admin, page;
const of = (project, service, needs = '') => ({ Labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': service, 'com.docker.compose.depends_on': needs, 'com.docker.compose.oneoff': 'False' }, StopTimeout: 0 });
before(async () => {
    engine = Engine.start();
    await engine.run('plex', 'exec sleep 100000', { StopTimeout: 0 });
    await engine.run('shop-db-1', 'exec sleep 100000', of('shop', 'db'));
    await engine.run('shop-web-1', 'exec sleep 100000', of('shop', 'web', 'db:service_started:false'));
    hydrad = await Hydrad.start({ args: ['--node', 'tower', '--docker', `unix://${engine.socket}`] });
    admin = await hydrad.setUp();
    for (const name of ['plex', 'shop-db-1', 'shop-web-1'])
        await until(async () => (await admin.get(`/api/web/services/tower/docker/${name}`)).status === 200, 60000, name);
    browser = await openBrowser();
    page = await openPage(await signedIn(admin), { allow: [/409/] });
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
    engine?.stop();
});

const signedIn = (who, more) => openContext(browser, hydrad.base, { cookie: who.auth.cookie, ...more });
const button = (where, name) => where.getByRole('button', { name, exact: true });
const started = async name => (await engine.call('GET', `/containers/${name}/json`)).State.StartedAt;
const rules = async () => (await admin.get('/api/web/guard')).json.rules;

async function findAndTake(dialog, text, option) {
    await dialog.getByLabel('Protected', { exact: true }).first().fill(text);
    await dialog.getByRole('option', { name: option }).first().click();
}

test('a rule is added, edited and removed, and the page says who changed it', async () => {
    await page.goto(`${hydrad.base}/guard`);
    await page.getByText('Nothing is protected').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await button(page, 'Add rule').click();
    const dialog = page.getByRole('dialog', { name: 'Add a rule' });
    assert.ok(await button(dialog, 'Add rule').isDisabled());
    await findAndTake(dialog, 'plex', /plex.*tower\/docker\/plex/);
    await dialog.getByText('Every day, 08:00 to 22:00').waitFor();
    await dialog.getByRole('checkbox', { name: 'Sunday' }).uncheck();
    await dialog.getByRole('checkbox', { name: 'Saturday' }).uncheck();
    await dialog.getByText('Monday to Friday, 08:00 to 22:00').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await button(dialog, 'Add rule').click();
    const row = page.getByRole('row').filter({ hasText: 'tower/docker/plex' });
    await row.getByText('Monday to Friday, 08:00 to 22:00').last().waitFor();
    await page.getByText(/Last changed .* by ada/).waitFor();
    assert.deepEqual(await rules(), [{ services: ['tower/docker/plex'], days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '22:00' }]);

    await button(row, 'Edit the rule for tower/docker/plex').click();
    const edit = page.getByRole('dialog', { name: 'Edit the rule' });
    await edit.getByText('All day').click();
    for (const day of ['Saturday', 'Sunday']) await edit.getByRole('checkbox', { name: day }).check();
    await button(edit, 'Save').click();
    await row.getByText('Always').last().waitFor();
    await row.getByText('Holds now').last().waitFor();

    await button(row, 'Remove the rule for tower/docker/plex').click();
    await button(page.getByRole('dialog', { name: 'Remove this rule?' }), 'Remove rule').click();
    await page.getByText('Nothing is protected').waitFor();
    await button(page, 'Undo').click();
    await row.waitFor();
    assert.deepEqual(page.complaints, []);
});

test('what somebody else changed meanwhile is not overwritten', async () => {
    await page.goto(`${hydrad.base}/guard`);
    await button(page, 'Add rule').click();
    const dialog = page.getByRole('dialog', { name: 'Add a rule' });
    await findAndTake(dialog, 'tower', /^tower\/\*/);
    const mine = await rules();
    assert.equal((await admin.put('/api/web/guard', { rules: [...mine, { services: ['attic'] }] })).status, 200);
    await button(dialog, 'Add rule').click();
    await dialog.getByRole('alert').getByText(/Somebody else changed the guard rails/).waitFor();
    assert.equal((await rules()).length, mine.length + 1);
    await until(async () => (await page.locator('tr').filter({ hasText: 'attic' }).count()) === 1, 60000, 'the rule of the other');
    await button(dialog, 'Add rule').click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal((await rules()).length, mine.length + 2);
    assert.equal((await admin.put('/api/web/guard', { rules: mine })).status, 200);
    assert.deepEqual(page.complaints, []);
});

test('an action says which rule stands against it; an admin insists, an operator can’t', async () => {
    const was = await started('plex');
    await page.goto(`${hydrad.base}/service?id=tower/docker/plex`);
    await button(page, 'Restart').click();
    const dialog = page.getByRole('dialog', { name: 'Restart plex?' });
    await dialog.getByText('tower/docker/plex is protected by the guard rails: it must not be interrupted.').waitFor();
    assert.ok(await button(dialog, 'Restart').isDisabled());
    assert.deepEqual(await accessibility(page), []);
    await dialog.getByRole('checkbox', { name: /Do it all the same/ }).check();
    await button(dialog, 'Restart').click();
    await page.getByRole('region', { name: 'What is being done' }).getByText(/^Restarted in/).waitFor();
    assert.notEqual(await started('plex'), was);
    assert.deepEqual(page.complaints, []);

    const theirs = await openPage(await signedIn(await hydrad.person(admin, 'oscar', 'operator')));
    await theirs.goto(`${hydrad.base}/service?id=tower/docker/plex`);
    await button(theirs, 'Restart').click();
    const no = theirs.getByRole('dialog', { name: 'Restart plex?' });
    await no.getByText(/Whoever may change settings can insist/).waitFor();
    assert.ok(await button(no, 'Restart').isDisabled());
    assert.equal(await no.getByRole('checkbox').count(), 0);
    await no.getByRole('link', { name: 'What is protected, and when' }).click();
    await theirs.waitForURL(/\/guard$/);
    assert.deepEqual(theirs.complaints, []);
    await theirs.context().close();
});

test('a viewer reads the rules, at 360 px, and has nothing to press', async () => {
    const theirs = await openPage(await signedIn(await hydrad.person(admin, 'vera', 'viewer'), { width: 360, theme: 'light' }));
    await theirs.goto(`${hydrad.base}/guard`);
    await theirs.getByText('tower/docker/plex').first().waitFor();
    assert.equal(await theirs.getByRole('main').getByRole('button').count(), 0);
    assert.deepEqual(await accessibility(theirs), []);
    assert.deepEqual(theirs.complaints, []);
    await theirs.context().close();
});

test('a compose project is restarted as a whole, with what it will do said before', async () => {
    const names = ['shop-db-1', 'shop-web-1'], was = await Promise.all(names.map(started));
    await page.goto(`${hydrad.base}/services?by=project`);
    const head = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'shop' }) });
    await button(head, 'Actions for project shop on tower').click();
    await page.getByRole('menuitem', { name: 'Pull images' }).waitFor();
    for (const name of ['Down', 'Pull images']) // the node's own word: its default policy allows the restart alone
        await page.getByRole('menuitem', { name }).getByText(/The policy of this node does not allow project/).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.getByRole('menuitem', { name: 'Restart' }).click();
    const dialog = page.getByRole('dialog', { name: 'Restart shop?' });
    await dialog.getByText(/2 services are restarted, what others need first.*shop-db-1, shop-web-1/).waitFor();
    await button(dialog, 'Restart').click();
    await head.getByRole('status').getByRole('img', { name: 'Done' }).waitFor();
    const now = await Promise.all(names.map(started));
    names.forEach((name, i) => assert.notEqual(now[i], was[i], name));
    assert.deepEqual(page.complaints, []);
});

test('what containers take up is told by the engine itself; a clean-up that the node does not allow says so', async () => {
    await page.goto(`${hydrad.base}/node?id=tower&tab=storage`);
    const card = page.getByRole('region', { name: 'Space taken by containers' });
    await card.getByRole('button', { name: /^Containers 3/ }).click();
    await card.getByText('shop-web-1').waitFor();
    const clean = card.getByRole('button', { name: 'Clean up…' });
    assert.ok(await clean.isDisabled());
    await until(async () => /The policy of this node does not allow docker.prune/.test(await clean.getAttribute('data-tip')), 60000, 'why it is not offered');
    assert.deepEqual(page.complaints, []);
});
