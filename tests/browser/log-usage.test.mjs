// What logs take up on a node's Storage, and how they are shortened: the dialog says what stays and what is won, what the policy of the node
// does not allow is held with its reason, and who only looks gets no buttons. The machines are played.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../system/lib/hydrad.mjs';
import { accessibility, openBrowser, openContext, openPage, overflow } from './lib/browser.mjs';
import { StandIn } from './lib/stand-in.mjs';

let browser, played;
before(async () => {
    browser = await openBrowser();
    played = await StandIn.start();
});
after(async () => {
    await browser?.close();
    played?.done();
});

const button = (where, name) => where.getByRole('button', { name, exact: true });
const card = page => page.getByRole('region', { name: 'Space taken by logs' });
async function storage(node, { of = played, ...look } = {}) {
    const page = await openPage(await openContext(browser, of.base, look), { allow: [/409.*docker-usage/] }); // one has no engine, one an old agent
    await page.goto(`${of.base}/node?id=${node}&tab=storage`);
    await card(page).getByRole('listitem', { name: 'plex' }).waitFor();
    if (look.theme) await page.evaluate(t => { document.documentElement.dataset.theme = t; }, look.theme); // the stand-in's person likes it dark
    return page;
}
const ordered = page => page.waitForRequest(r => r.method() === 'POST' && r.url().endsWith('/api/web/jobs')).then(r => r.postDataJSON());

for (const look of [{ theme: 'dark' }, { theme: 'light' }, { theme: 'dark', width: 360 }])
    test(`the journal is shortened to what is to stay: ${look.theme} ${look.width ?? 1440}`, async () => {
        const page = await storage('hydra-ai', look);
        const journal = card(page).getByRole('region', { name: 'Journal' });
        await journal.getByText('3.1 GB').waitFor();
        await button(journal, 'Shorten…').click();
        const dialog = page.getByRole('dialog', { name: 'Shorten the journal of hydra-ai?' });
        await dialog.getByText(/The oldest entries of the journal of .* are removed for good/).waitFor();
        await button(dialog, 'Remove, win about 2.6 GB').waitFor();
        assert.deepEqual(await accessibility(page), []);
        assert.equal(await overflow(page), 0);
        const size = dialog.getByLabel('Megabytes that stay'), days = dialog.getByLabel('Days that stay');
        await size.fill('many');
        await dialog.getByText('A whole number, from 2 on.').waitFor();
        assert.ok(await button(dialog, 'Remove').isDisabled());
        await size.fill('');
        assert.ok(await button(dialog, 'Remove').isDisabled(), 'everything stays');
        await size.fill('1000');
        await days.fill('14');
        const order = ordered(page);
        await button(dialog, 'Remove, win about 2.1 GB').click();
        assert.deepEqual(await order, { verb: 'journal.vacuum', node: 'hydra-ai', argument: 'size:1000000000 age:1209600' });
        await dialog.waitFor({ state: 'detached' });
        assert.deepEqual(page.complaints, []);
        await page.context().close();
    });

test('the biggest logs of containers come first; one is emptied after it was said what is lost', async () => {
    const page = await storage('hydra-ai');
    const rows = card(page).getByRole('listitem');
    await until(async () => await rows.count() === 8, 60000, 'eight logs');
    assert.equal(await rows.first().getAttribute('aria-label'), 'plex');
    await button(card(page), 'Show all 10').click();
    await until(async () => await rows.count() === 10, 60000, 'all logs');
    await card(page).getByRole('listitem', { name: 'ollama' }).getByText('240 MB of it put aside').waitFor();
    const held = button(card(page), 'Empty the log of ollama');
    assert.ok(await held.isDisabled());
    await until(async () => /does not allow container\.truncate-log on docker\/ollama: add it to allow in/.test(await held.getAttribute('data-tip')), 60000, 'why it is not offered');
    assert.deepEqual(await accessibility(page), []);
    await page.context().close();

    const tower = await storage('tower');
    await card(tower).getByText('This machine keeps no journal.').waitFor();
    await button(card(tower), 'Empty the log of plex').click();
    const dialog = tower.getByRole('dialog', { name: /^Empty log of Plex\?$/i });
    await dialog.getByText(/What .* has printed is lost for good/).waitFor();
    assert.deepEqual(await accessibility(tower), []);
    const order = ordered(tower);
    await button(dialog, 'Empty log').click();
    assert.deepEqual(await order, { verb: 'container.truncate-log', service: 'tower/docker/plex' });
    assert.deepEqual(tower.complaints, []);
    await tower.context().close();
});

test('what the policy of a node does not allow is held, and says what to change', async () => {
    const page = await storage('hydra-compute');
    const shorten = button(card(page), 'Shorten…');
    await shorten.waitFor();
    assert.ok(await shorten.isDisabled());
    await card(page).getByText(/does not allow journal\.vacuum: add it to allow in \/etc\/hydra\/agent\.yaml/).waitFor();
    await page.context().close();
});

test('a viewer sees what logs take up, and no button', async () => {
    const looking = await StandIn.start({ role: 'viewer' });
    try {
        const page = await storage('hydra-ai', { of: looking });
        await card(page).getByText('3.1 GB').waitFor();
        assert.equal(await card(page).getByRole('button', { name: /Shorten|Empty/ }).count(), 0);
        assert.deepEqual(await accessibility(page), []);
        await page.context().close();
    } finally {
        looking.done();
    }
});
