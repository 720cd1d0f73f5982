// Lighthouse on the overview. It is no dependency of anything here: npx fetches it when the bench runs.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { openProfile } from '../browser/lib/browser.mjs';
import { run } from '../system/lib/hydrad.mjs';
import { median } from './page-lib.mjs';

const VERSION = '12.8.2'; // the last for Node.js 20
const CATEGORIES = ['performance', 'accessibility', 'best-practices'];

function freePort() {
    return new Promise(r => {
        const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => r(port)); });
    });
}

async function once(base, device, port, file) {
    const args = ['--yes', `lighthouse@${VERSION}`, base, '--quiet', `--port=${port}`, `--only-categories=${CATEGORIES}`, '--output=json', `--output-path=${file}`];
    if (device === 'desktop') args.push('--preset=desktop');
    const { code, err } = await run('npx', args, { timeout: 180000 });
    if (code !== 0) throw new Error(`lighthouse: ${err.slice(-400)}`);
    const { categories, finalDisplayedUrl } = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (new URL(finalDisplayedUrl).pathname !== '/') throw new Error(`lighthouse saw ${finalDisplayedUrl}`);
    return categories;
}

/** Scores out of 100 by category: of each the middle one of `times` runs. It drives a browser that is signed in already. */
export async function lighthouse(base, cookie, device, times) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hydra-lighthouse-'));
    const port = await freePort();
    const browser = await openProfile(path.join(folder, 'profile'), base, { cookie, port });
    try {
        const all = [];
        for (let i = 0; i < times; i++) all.push(await once(base, device, port, path.join(folder, 'report.json')));
        return Object.fromEntries(CATEGORIES.map(c => [c, median(all.map(a => a[c].score * 100))]));
    } finally {
        await browser.close();
        fs.rmSync(folder, { recursive: true, force: true });
    }
}
