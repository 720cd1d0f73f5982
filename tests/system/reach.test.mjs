// The network as nodes see it: who listens, and what one machine reaches of another, with two real agents in network namespaces of
// their own and a cable that can be cut.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { alone, Wire } from './lib/wire.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const LONG = 60000;

if (!process.env.HYDRA_TEST_ALONE) {
    test('nodes that reach each other, in a network of their own', { timeout: 600000 }, async () => {
        const { code, out } = await alone(import.meta.filename);
        assert.equal(code, 0, out);
    });
} else {
    inside();
}

function inside() {
    const dir = scratchFolder(), agents = [];
    let wire, h, admin, token;

    /** A server on the other side: its port, and how to end it. */
    async function listen(address, prefix = wire.prefix) {
        const words = [...prefix, process.execPath, '-e', `require('net').createServer(s => s.destroy()).listen(0, '${address}', function () { console.log(this.address().port); })`];
        const p = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
        const port = Number(await new Promise(r => p.stdout.once('data', d => r(String(d)))));
        return { port, pid: p.pid, stop: () => new Promise(r => { p.on('exit', r); p.kill('SIGKILL'); }) };
    }

    async function join(name, prefix) {
        const state = path.join(dir, name), words = [...prefix, program];
        const made = await h.verb(['node', 'add', name]);
        fs.mkdirSync(state);
        execFileSync(words[0], [...words.slice(1), 'enroll', made.out.trim(), '--state', state], { env: plainEnvironment() });
        agents.push(spawn(words[0], [...words.slice(1), '--state', state, '--docker', 'unix:///nowhere.sock'], { stdio: 'ignore', env: plainEnvironment() }));
        await until(async () => (await admin.get('/api/web/nodes')).json?.nodes.find(n => n.id === name)?.state === 'online', LONG, `${name} online`);
    }

    before(async () => {
        wire = await Wire.start();
        const port = await new Promise(r => { const s = net.createServer().listen(0, wire.here, () => { const p = s.address().port; s.close(() => r(p)); }); });
        h = await Hydrad.start({ args: ['--node', 'hub', '--agents', `${wire.here}:${port}`] });
        admin = await h.setUp();
        token = (await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] })).json.secret;
        await join('near', []);
        await join('far', wire.prefix);
        for (const prefix of [[], wire.prefix]) spawnSync('sh', ['-c', [...prefix, 'sysctl', '-qw', "'net.ipv4.ping_group_range=0 2147483647'"].join(' ')]);
    });
    after(async () => {
        for (const a of agents) a.kill('SIGKILL');
        await h?.done();
        wire?.stop();
        fs.rmSync(dir, { recursive: true, force: true });
    });

    const reach = async (from, to, more = '') => {
        const a = await admin.get(`/api/web/nodes/${from}/reach?to=${encodeURIComponent(to)}${more}`);
        assert.equal(a.status, 200, a.text);
        return a.json;
    };
    const ports = async (node, port = '') => {
        const a = await admin.get(`/api/web/nodes/${node}/ports${port && `?port=${port}`}`);
        assert.equal(a.status, 200, a.text);
        return a.json;
    };
    const hydra = (...args) => run(path.join(root, 'build/hydra'), args, { env: { HYDRA_URL: h.base, HYDRA_TOKEN: token, HOME: dir } });

    test('one pings the other, by its name in the hub', async () => {
        for (const [from, to, address] of [['near', 'far', wire.there], ['far', 'near', wire.here]]) {
            const a = await reach(from, to);
            assert.deepEqual([a.result, a.method, a.address, a.sent, a.answered, a.loss], ['reached', 'icmp', address, 3, 3, 0], a.text);
            assert.ok(a.min_ms > 0 && a.min_ms <= a.avg_ms && a.avg_ms <= a.max_ms);
            assert.match(a.text, new RegExp(`^${address} answers: 3 of 3, on average in [\\d.]+ ms\\.$`));
        }
    });

    test('a port: taken, refused, and held on loopback only', async () => {
        const open = await listen('0.0.0.0'), inner = await listen('127.0.0.1');
        assert.equal((await reach('near', `far:${open.port}`)).result, 'reached');
        const refused = await reach('near', 'far', `&port=${inner.port}&tries=2`);
        assert.deepEqual([refused.result, refused.tries.map(t => t.result)], ['refused', ['refused', 'refused']]);
        assert.match(refused.text, /refuses connections, so the host is there/);
        assert.equal((await reach('far', '127.0.0.1', `&port=${inner.port}&tries=1`)).result, 'reached');

        const [mine] = (await ports('far', open.port)).ports;
        assert.deepEqual([mine.protocol, mine.address, mine.scope, mine.name], ['tcp', '0.0.0.0', 'network', 'node']);
        const [hidden] = (await ports('far', inner.port)).ports;
        assert.deepEqual([hidden.scope, hidden.pid > 0, typeof hidden.user], ['loopback', true, 'string']);
        assert.ok((await ports('far')).ports.length >= 2);
        assert.equal((await ports('near', open.port)).ports.length, 0, 'the other network has its own ports');
        await open.stop();
        await inner.stop();
        const gone = await ports('far', open.port);
        assert.deepEqual([gone.ports, gone.text], [[], `Nobody listens on port ${open.port} here.`]);
    });

    test('a cut cable: lost, and back', async () => {
        await wire.is('mute there');
        const other = '10.81.0.77';
        const nobody = await reach('near', other, '&tries=2');
        assert.ok(['unreachable', 'timed-out'].includes(nobody.result), nobody.text);
        assert.deepEqual([nobody.answered, nobody.loss], [0, 100]);
        await wire.is('whole');
        await until(async () => (await reach('near', 'far', '&tries=1')).result === 'reached', LONG, 'the cable whole');
    });

    test('no route, no such name, and what is not asked', async () => {
        assert.equal((await reach('far', '203.0.113.1', '&tries=1')).result, 'unreachable');
        const unknown = await reach('near', 'no-such-name.invalid');
        assert.deepEqual([unknown.result, unknown.address, unknown.sent, unknown.tries], ['not-resolved', null, 0, []]);
        assert.match(unknown.text, /does not know the name no-such-name\.invalid/);
        const refusals = { '169.254.169.254': /is link-local/, '10.81.0.0/24': /is not a host/, '0.0.0.0': /stands for any/, '': /is not a host/ };
        for (const [to, why] of Object.entries(refusals)) {
            const a = await admin.get(`/api/web/nodes/near/reach?to=${encodeURIComponent(to)}`);
            assert.equal(a.status, 400, `${to}: ${a.text}`);
            assert.match(a.json.detail, why);
        }
        for (const wrong of ['port=70000', 'tries=11', 'port=80-90']) assert.equal((await admin.get(`/api/web/nodes/near/reach?to=far&${wrong}`)).status, 400, wrong);
        assert.equal((await admin.get('/api/web/nodes/near/ports?port=x')).status, 400);
    });

    test('one at a time', async () => {
        const all = await Promise.all([1, 2, 3].map(() => admin.get('/api/web/nodes/near/reach?to=far&tries=5')));
        assert.deepEqual(all.map(a => a.status).toSorted(), [200, 429, 429]);
    });

    test('an operator may, a viewer may not', async () => {
        const viewer = await h.person(admin, 'vera', 'viewer'), operator = await h.person(admin, 'otto', 'operator');
        assert.equal((await viewer.get('/api/web/nodes/near/reach?to=far')).json.permission, 'node:reach');
        assert.equal((await viewer.get('/api/web/nodes/near/ports')).json.permission, 'processes:read');
        assert.equal((await operator.get('/api/web/nodes/near/reach?to=far&tries=1')).status, 200);
        assert.equal((await operator.get('/api/web/nodes/near/ports')).status, 200);
    });

    /** The id of the service that a process with that port becomes. */
    const serviceOn = number => until(async () => (await admin.get('/api/web/services')).json.services.find(s => s.node === 'far' && s.id.endsWith(`:${number}`))?.id, LONG, 'it as a service');

    test('a service from two sides: what differs is said', async () => {
        const open = await listen('0.0.0.0'), inner = await listen('127.0.0.1');
        const both = async (id, more = '') => (await admin.get(`/api/web/reach/${id}${more}`)).json;
        const opened = await serviceOn(open.port), hidden = await serviceOn(inner.port);
        const a = await both(opened);
        assert.equal(a.text, 'It answers, on far itself and from hub.', JSON.stringify(a));
        assert.deepEqual([a.service, a.port, a.itself.node, a.itself.reach.result, a.other.node, a.other.reach.result], [opened, open.port, 'far', 'reached', 'hub', 'reached']);
        assert.equal((await both(opened, '?from=near')).other.node, 'near');
        const b = await both(hidden, '?from=near');
        assert.match(b.text, /^It answers on far alone: it listens on loopback\./);
        assert.deepEqual([b.itself.reach.result, b.other.reach.result], ['reached', 'refused']);
        const said = await hydra('service', 'reach', hidden, '--from', 'near');
        assert.deepEqual([said.code, /alone: it listens on loopback.*\n  From far: reached, [\d.]+ ms\n  From near: refused/.test(said.out)], [1, true], said.out + said.err);
        assert.equal((await hydra('service', 'reach', opened)).code, 0);

        const person = await h.person(admin, 'nina', 'operator'); // of the other nodes one alone is hers
        const limited = await admin.patch(`/api/web/users/${person.id}`, { limits: 'node:far,node:near' });
        assert.equal(limited.status, 200, limited.text);
        const nina = await h.signIn('nina', person.password), hers = await nina.get(`/api/web/reach/${opened}`);
        assert.deepEqual([hers.json.other?.node, hers.json.other?.reach.result], ['near', 'reached'], hers.text);
        assert.equal((await nina.get(`/api/web/reach/${opened}?from=hub`)).status, 403);
        assert.equal((await admin.patch(`/api/web/users/${person.id}`, { limits: 'node:far' })).status, 200);
        assert.equal((await (await h.signIn('nina', person.password)).get(`/api/web/reach/${opened}`)).json.other, null);

        for (const [id, more, status] of [[opened, '?from=far', 400], [opened, '?from=nowhere', 404], ['far/docker/none', '', 404]]) assert.equal((await admin.get(`/api/web/reach/${id}${more}`)).status, status, more);
        const viewer = await h.signIn('vera', 'vera has a long password');
        assert.equal((await viewer.get(`/api/web/reach/${opened}`)).json.permission, 'node:reach');
        const leaving = new AbortController();
        const left = fetch(`${h.base}/api/web/reach/${opened}`, { headers: { cookie: `hydra_session=${admin.auth.cookie}` }, signal: leaving.signal }).catch(e => e.name);
        leaving.abort();
        assert.equal(await left, 'AbortError');
        await until(async () => (await admin.get(`/api/web/reach/${opened}`)).json.itself?.reach, LONG, 'an answer to those who wait');
        await open.stop();
        await inner.stop();
    });

    test('on the command line', async () => {
        const open = await listen('0.0.0.0');
        const pinged = await hydra('node', 'reach', 'near', 'far', '--count', '2');
        assert.equal(pinged.code, 0, pinged.err);
        assert.match(pinged.out, /^10\.81\.0\.2 answers: 2 of 2.*\n  Address: 10\.81\.0\.2\n  1\. reached, [\d.]+ ms\n  2\. reached, [\d.]+ ms\n  Lost: 0 %;/);
        assert.equal((await hydra('node', 'reach', 'near', `far:${open.port}`, '--count', '1')).code, 0);
        const table = await hydra('node', 'ports', 'far', '--port', String(open.port));
        assert.match(table.out, new RegExp(`PORT +PROTOCOL +ADDRESS +LISTENS ON +PID +NAME +USER.*\\n *${open.port} +tcp +0\\.0\\.0\\.0 +network +\\d+ +node `));
        await open.stop();
        const refused = await hydra('node', 'reach', 'near', 'far', '--port', String(open.port), '--count', '1');
        assert.deepEqual([refused.code, /1\. refused, .*Connection refused/.test(refused.out)], [1, true], refused.out);
        const none = await hydra('node', 'ports', 'far', '--port', String(open.port));
        assert.match(none.err, /Nobody listens on port/);
        assert.equal((await hydra('node', 'reach', 'near')).code, 2);
        assert.equal(JSON.parse((await hydra('node', 'reach', 'near', 'far', '-o', 'json')).out).method, 'icmp');
    });
}
