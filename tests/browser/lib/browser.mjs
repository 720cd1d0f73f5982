// Chromium on a real hydrad. Any console error, page error, policy violation or failed request that a test did not announce fails
// that test.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../../system/lib/hydrad.mjs';

const require = createRequire(path.join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];

export function openBrowser() {
    return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
}

/** A signed-out visitor; `cookie` (the session's secret) signs in. `width` 360 is a phone. */
export async function openContext(browser, base, { cookie, width = 1440, height = width < 500 ? 780 : 900, theme = 'dark', reducedMotion } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion, locale: 'en-GB', timezoneId: 'UTC' });
    context.setDefaultTimeout(60000);
    if (cookie) {
        await context.addCookies([{ name: 'hydra_session', value: cookie, url: base, httpOnly: true, sameSite: 'Strict' }]);
    }
    await context.addInitScript(t => {
        if (!localStorage.getItem('theme')) localStorage.setItem('theme', t);
        addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
    }, theme);
    return context;
}

/** A browser with a profile in `folder`, signed in, that others may drive through `port`. */
export async function openProfile(folder, base, { cookie, port }) {
    const context = await chromium.launchPersistentContext(folder, { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...ARGS, `--remote-debugging-port=${port}`] });
    await context.addCookies([{ name: 'hydra_session', value: cookie, url: base, httpOnly: true, sameSite: 'Strict', expires: Date.now() / 1000 + 3600 }]);
    return context;
}

/** A page that remembers everything it complained about. */
export async function openPage(context, { allow = [] } = {}) {
    const page = await context.newPage();
    page.complaints = [];
    const complain = text => { if (!allow.some(a => a.test(text))) page.complaints.push(text); };
    page.on('console', m => m.type() === 'error' && complain(`${m.text()} (${m.location().url})`));
    page.on('pageerror', e => complain(`error: ${e.message}`));
    return page;
}

/** Serious findings of axe-core, one line each. The policy forbids inline scripts, so it is evaluated, not injected. */
export async function accessibility(page) {
    await page.evaluate(source => { if (!window.axe) (0, eval)(source); }, axeSource).catch(async () => {
        await page.context().newCDPSession(page).then(s => s.send('Runtime.evaluate', { expression: axeSource }));
    });
    return page.evaluate(async () => {
        const r = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] });
        return r.violations.filter(v => ['serious', 'critical'].includes(v.impact))
            .map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(' | ')}`);
    });
}

/** Pixels by which the page is wider than its window. */
export const overflow = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
