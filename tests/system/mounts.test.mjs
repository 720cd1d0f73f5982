// File systems that may hang are asked by a process of their own: one that never answers is said, and holds nothing up.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, hydrad, root, scratchFolder, until } from './lib/hydrad.mjs';

const dir = scratchFolder(), point = path.join(dir, 'media');
let server, admin, mount;

before(async () => {
    fs.mkdirSync(point);
    mount = spawn(path.join(root, 'tests/system/hanging-mount'), [point], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => {
        mount.stdout.once('data', resolve);
        mount.once('exit', code => reject(new Error(`hanging-mount ended with ${code}`)));
    });
    server = await Hydrad.start({ args: ['--node', 'tower'] });
    admin = await server.setUp();
});
after(async () => {
    mount.stdin.end();
    await new Promise(resolve => mount.once('exit', resolve));
    await server?.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

test('hydrad is the program that its probes run', async () => {
    const r = await hydrad(['node-probe', 'statfs', '/']);
    assert.equal(r.code, 0, r.err);
    assert.match(r.out, /^(\d+ ){6}[01]\n$/);
});

test('a mount whose server is dead is shown as stalled, and asks for attention', async () => {
    const stalled = await until(async () => {
        const { filesystems } = (await admin.get('/api/web/nodes/tower')).json;
        return filesystems.find(f => f.mount === point && f.stalled);
    }, 60000, 'the stalled mount');
    assert.equal(stalled.remote, true);
    assert.equal(stalled.size ?? null, null, 'no number is invented');
    await until(async () => (await admin.get('/api/web/overview')).json.attention.some(a => `${a.title} ${a.text}`.includes(point)), 60000, 'a word of it where attention is asked for');
});

test('meanwhile everything else goes on', async () => {
    const seen = async () => (await admin.get('/api/web/nodes/tower')).json.seen;
    const first = await seen();
    await until(async () => (await seen()) !== first, 60000, 'the next report');
    assert.equal((await admin.get('/readyz')).status, 200);
});
