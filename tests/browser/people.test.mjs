// Who has access: users, tokens, sessions. What is taken away is gone at once, also in a browser that is open.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, run, until } from '../system/lib/hydrad.mjs';
import { openBrowser, openContext, openPage } from './lib/browser.mjs';

const OVER = [/401/, /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to fetch|50[0-9]/];
const LONG = 'violet horse battery';

let hydrad, browser, admin, context;
before(async () => {
    hydrad = await Hydrad.start();
    admin = await hydrad.setUp();
    browser = await openBrowser();
    context = await openContext(browser, hydrad.base, { cookie: admin.auth.cookie });
});
after(async () => {
    await browser?.close();
    await hydrad?.done();
});

async function signIn(page, name, password) {
    await page.getByLabel('User name').fill(name);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(url => !url.pathname.startsWith('/login'));
}

/** A browser of somebody else, signed in through the page. */
async function visit(name, password, where = '/services') {
    const other = await openContext(browser, hydrad.base);
    const page = await openPage(other, { allow: OVER });
    await page.goto(`${hydrad.base}${where}`);
    await page.waitForURL(/\/login/);
    await signIn(page, name, password);
    return page;
}

const line = (page, name) => page.getByRole('row', { name: new RegExp(`\\b${name}\\b`) });

test('a user is added, changed, given a password and removed', async () => {
    const page = await openPage(context);
    const dialog = page.getByRole('dialog');
    await page.goto(`${hydrad.base}/users`);
    await page.getByRole('button', { name: 'Add user' }).click();
    await dialog.getByLabel('User name').fill('mira');
    await dialog.getByLabel('First password').fill(LONG);
    await dialog.getByLabel('Shown as').fill('Mira M.');
    await dialog.getByRole('button', { name: 'Add user' }).click();
    await line(page, 'mira').getByText('Viewer').waitFor();

    const hers = await visit('mira', LONG);
    await hers.getByRole('heading', { name: 'Services', level: 1 }).waitFor();
    assert.equal(await hers.getByRole('button', { name: 'Add service' }).count(), 0);
    await page.getByRole('button', { name: 'Edit mira' }).click();
    await dialog.getByRole('radio', { name: /Operator/ }).click();
    await dialog.getByText(/is signed out everywhere and signs in again/).waitFor();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await line(page, 'mira').getByText('Operator').waitFor();
    await hers.waitForURL(/\/login/); // a new role begins with a new session
    await signIn(hers, 'mira', LONG);
    await hers.getByRole('button', { name: 'Add service' }).waitFor();

    await page.getByRole('button', { name: 'Set a password for mira' }).click();
    await dialog.getByLabel('New password').fill('another long password');
    await dialog.getByRole('button', { name: 'Set password' }).click();
    await hers.waitForURL(/\/login/);
    await signIn(hers, 'mira', 'another long password');

    await line(page, 'mira').getByRole('button', { name: 'Disable' }).click();
    await hers.waitForURL(/\/login/);
    await line(page, 'mira').getByText('Disabled').waitFor();
    await page.getByRole('button', { name: 'Remove mira' }).click();
    await dialog.getByRole('button', { name: 'Remove for good' }).click();
    await line(page, 'mira').waitFor({ state: 'detached' });
    assert.deepEqual([...page.complaints, ...hers.complaints], []);
    await hers.context().close();
    await page.close();
});

test('limits are told apart from mistakes, shown, and lifted', async () => {
    const page = await openPage(context, { allow: [/400/] });
    const dialog = page.getByRole('dialog');
    await admin.post('/api/web/users', { name: 'nils', password: LONG, role: 'operator' });
    await page.goto(`${hydrad.base}/users`);
    await page.getByRole('button', { name: 'Edit nils' }).click();
    await dialog.getByLabel('Acts only on').fill('attic');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('"attic" is no limit.').waitFor();
    await dialog.getByLabel('Acts only on').fill('node:attic, group:Media');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await line(page, 'nils').getByText('node:attic, group:Media').waitFor();
    await page.getByRole('button', { name: 'Edit nils' }).click();
    await dialog.getByLabel('Acts only on').fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await line(page, 'nils').getByText('node:attic').waitFor({ state: 'detached' });
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('somebody with limits is offered what fits there, and asks for nothing else', async () => {
    await admin.post('/api/web/services', { name: 'Faraway', group: 'Media', check: { kind: 'none' } });
    await admin.post('/api/web/users', { name: 'olga', password: LONG, role: 'operator', limits: 'label:team=x' });
    const hers = await visit('olga', LONG);
    await hers.getByRole('heading', { name: 'Services', level: 1 }).waitFor();
    assert.equal(await hers.getByRole('button', { name: 'Add service' }).count(), 0);
    await hers.goto(`${hydrad.base}/service?id=manual/faraway`);
    await hers.getByRole('heading', { name: /Faraway/, level: 1 }).waitFor();
    assert.equal(await hers.getByRole('button', { name: /Edit|Check now/ }).count(), 0);
    await hers.goto(`${hydrad.base}/logs`);
    await hers.getByText('No log that you may read').waitFor();
    await hers.goto(`${hydrad.base}/node`);
    const tabs = hers.getByRole('navigation').filter({ hasText: 'Processes' });
    await tabs.getByRole('link', { name: 'System' }).click();
    await hers.getByText(/Updates|updates|clock/i).first().waitFor();
    await tabs.getByRole('link', { name: 'Processes' }).click();
    await hers.getByText("You can't see processes here").waitFor();
    assert.deepEqual(hers.complaints, []);
    await hers.context().close();
});

test('the last admin can neither leave nor be lowered', async () => {
    const page = await openPage(context, { allow: [/4(00|09|22)/] });
    await page.goto(`${hydrad.base}/users`);
    await line(page, 'ada').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Remove ada' }).count(), 0);
    assert.equal(await line(page, 'ada').getByRole('button', { name: 'Disable' }).count(), 0);
    await page.getByRole('button', { name: 'Edit ada' }).click();
    await page.getByRole('radio', { name: /Viewer/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').getByRole('alert').getByText(/admin/i).waitFor();
    await page.reload();
    await line(page, 'ada').getByText('Admin').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a token is shown once, works, and stops when it is revoked', async () => {
    const page = await openPage(context);
    const dialog = page.getByRole('dialog');
    await page.goto(`${hydrad.base}/tokens`);
    await page.getByRole('button', { name: 'New token' }).click();
    await dialog.getByRole('textbox', { name: 'Name' }).fill('backup script');
    await dialog.getByRole('button', { name: 'Only read' }).click();
    await dialog.getByRole('button', { name: 'Make token' }).click();
    const secret = (await dialog.locator('output').innerText()).trim();
    assert.match(secret, /^hyd_/);
    await dialog.getByRole('button', { name: 'I have it' }).click();
    await line(page, 'backup script').waitFor();
    assert.ok(!(await page.content()).includes(secret));
    await page.reload();
    await line(page, 'backup script').waitFor();
    assert.ok(!(await page.content()).includes(secret));
    const script = hydrad.client({ token: secret });
    assert.equal((await script.get('/api/cli/nodes')).status, 200);
    assert.equal((await script.post('/api/cli/services', { name: 'No' })).status, 403);
    await page.getByRole('button', { name: 'Revoke backup script' }).click();
    await dialog.getByRole('button', { name: 'Revoke for good' }).click();
    await page.getByText('No API tokens yet').waitFor();
    assert.equal((await script.get('/api/cli/nodes')).status, 401);
    script.close();
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('a session that is ended signs that browser out, and signing in leads back to where it was', async () => {
    await hydrad.person(admin, 'vera', 'viewer', LONG);
    const hers = await visit('vera', LONG, '/services?by=kind');
    await hers.getByRole('heading', { name: 'Services', level: 1 }).waitFor();
    const page = await openPage(context);
    await page.goto(`${hydrad.base}/sessions`);
    await page.getByRole('radio', { name: /Everybody/ }).click();
    await line(page, 'vera').first().waitFor();
    while (await line(page, 'vera').count()) {
        const left = await line(page, 'vera').count();
        await line(page, 'vera').first().getByRole('button', { name: 'End' }).click();
        await until(async () => await line(page, 'vera').count() < left, 60000, 'one session less');
    }
    await hers.waitForURL(/\/login/);
    await signIn(hers, 'vera', LONG);
    await hers.waitForURL(/\/services\?by=kind$/);
    assert.deepEqual([...page.complaints, ...hers.complaints], []);
    await hers.context().close();
    await page.close();
});

test('a session that expires while its page is open leads to the sign-in', async () => {
    const other = await hydrad.signIn('vera', LONG);
    await hydrad.stop();
    const born = Date.now() - 90 * 86_400_000 + 15_000; // 90 days is the most a session may live
    await run('sqlite3', [path.join(hydrad.dir, 'hydra.db'), `UPDATE sessions SET created_ms = ${born} WHERE user_id IN (SELECT id FROM users WHERE name = 'vera')`]);
    await hydrad.start();
    const theirs = await openContext(browser, hydrad.base, { cookie: other.auth.cookie });
    const page = await openPage(theirs, { allow: OVER });
    await page.goto(`${hydrad.base}/events`);
    await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
    await page.waitForURL(/\/login\?next=%2Fevents/, { timeout: 60000 });
    assert.deepEqual(page.complaints, []);
    await theirs.close();
});
