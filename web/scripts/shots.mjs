// Pictures of screens, to look at: node scripts/shots.mjs [--base http://127.0.0.1:5177] [--to /tmp/shots] [--full] NAME=/path…
// Each in dark, light and at 360 px. Console errors and policy violations are printed and fail the run.
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string', default: 'http://127.0.0.1:5177' },
    to: { type: 'string', default: '/tmp/hydra-shots' },
    only: { type: 'string', default: 'dark,light,mobile' },
    full: { type: 'boolean' },
    wait: { type: 'string', default: '2500' },
    keys: { type: 'string' }, // pressed before the picture: "Control+k", "g s"
    do: { type: 'string' }, // done before the picture: "click Add node; fill Name=tower; press Enter; wait 3000"
    post: { type: 'string' }, // a control of the stand-in: "incident"
  },
});
const looks = {
  dark: { viewport: { width: 1440, height: 900 }, theme: 'dark' },
  light: { viewport: { width: 1440, height: 900 }, theme: 'light' },
  mobile: { viewport: { width: 360, height: 780 }, theme: 'dark', deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};
mkdirSync(args.to, { recursive: true });
const does = {
  click: (page, name) => page.getByRole('button', { name, exact: true }).or(page.getByRole('radio', { name, exact: true })).or(page.getByRole('menuitem', { name })).or(page.getByRole('checkbox', { name })).first().click(),
  fill: (page, what) => page.locator('input, textarea, select').and(page.getByLabel(what.split('=')[0])).first().fill(what.split('=')[1]),
  press: (page, key) => page.keyboard.press(key),
  wait: (page, ms) => page.waitForTimeout(Number(ms)),
};
async function act(page, steps) {
  for (const step of steps.split(';').map((s) => s.trim())) await does[step.split(' ')[0]](page, step.slice(step.indexOf(' ') + 1));
}
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let bad = 0;

for (const look of args.only.split(',')) {
  const { theme, ...options } = looks[look];
  const context = await browser.newContext({ ...options, colorScheme: theme });
  await context.addInitScript((t) => {
    if (!localStorage.getItem('theme')) localStorage.setItem('theme', t);
    addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
  }, theme);
  for (const item of positionals) {
    const [name, ...rest] = item.split('=');
    const page = await context.newPage();
    page.on('console', (m) => m.type() === 'error' && (bad++, console.log(`${name} ${look}: ${m.text()} ${m.location().url}`)));
    page.on('pageerror', (e) => (bad++, console.log(`${name} ${look}: ${e.message}`)));
    await page.goto(args.base + rest.join('='));
    await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
    await page.waitForTimeout(Number(args.wait));
    if (args.post) await fetch(`${args.base}/mock/${args.post}`, { method: 'POST' });
    if (args.do) await act(page, args.do);
    if (args.keys) for (const k of args.keys.split(' ')) await page.keyboard.press(k);
    if (args.post || args.keys || args.do) await page.waitForTimeout(800);
    const wide = await page.evaluate((room) => document.documentElement.scrollWidth - room, options.viewport.width); // a phone's innerWidth grows with its content
    if (wide > 0) (bad++, console.log(`${name} ${look}: ${wide} px wider than the window`));
    await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
    await page.waitForTimeout(300); // colours fade
    await page.screenshot({ path: `${args.to}/${name}-${look}.png`, fullPage: !!args.full });
    await page.close();
  }
  await context.close();
}
await browser.close();
process.exitCode = bad ? 1 : 0;
