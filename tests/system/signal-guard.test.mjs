// What protects a service stands against signals to its processes, too: its node is asked whose a process is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Hydrad, until } from './lib/hydrad.mjs';

const children = [];
const runs = (...words) => { const p = spawn(process.execPath, words, { stdio: 'ignore' }); children.push(p); return p; };
let h, admin;
before(async () => {
    h = await Hydrad.start({ args: ['--node', 'tower'] });
    admin = await h.setUp();
});
after(async () => {
    for (const p of children) p.kill('SIGKILL');
    await h?.done();
});

const find = async pid => (await admin.get('/api/web/nodes/tower/process-tree')).json?.processes?.find(p => p.pid === pid);
const signal = (target, more = {}) => admin.post('/api/web/jobs', { verb: 'process.signal', node: 'tower', target, argument: 'HUP', ...more });

test('a process of a protected service gets no signal, one of no service does, and who may can insist', async () => {
    const server = runs('-e', 'require("http").createServer().listen(0)'), other = runs('-e', 'setInterval(() => {}, 1000)');
    const mine = await until(async () => { const p = await find(server.pid); return p?.service && p; }, 60000, 'the server to be a service');
    const free = await until(() => find(other.pid), 60000, 'the other process');
    assert.equal(free.service, null);
    assert.equal((await admin.put('/api/web/guard', { rules: [{ services: [`tower/${mine.service}`] }] })).status, 200);
    const said = async target => (await admin.get(`/api/web/actions/tower?process=${target}`)).json.actions.map(a => [a.verb, a.guard]);
    const refused = await signal(mine.target);
    assert.deepEqual([refused.status, refused.json.type.split('/').at(-1)], [409, 'guarded'], refused.text);
    assert.ok(refused.json.detail.includes(mine.service), refused.json.detail);
    const [[verb, guard]] = await said(mine.target);
    assert.equal(verb, 'process.signal');
    assert.ok(guard && refused.json.detail.startsWith(guard), `said before: ${guard}`);
    for (const target of [free.target, '999999999:1']) assert.deepEqual(await said(target), [['process.signal', null]]);
    const viewer = await h.person(admin, 'vera', 'viewer');
    assert.deepEqual((await viewer.get(`/api/web/actions/tower?process=${mine.target}`)).json.actions, []);
    assert.equal((await signal(free.target)).status, 202, 'it belongs to none');
    assert.equal((await signal('999999999:1')).status, 202, 'nor does one that is gone: its node says so');
    assert.equal((await signal(mine.target, { force: true })).status, 202);
    assert.equal((await admin.get('/api/web/audit?action=job.begin&outcome=refused')).json.entries.length, 1);
});
