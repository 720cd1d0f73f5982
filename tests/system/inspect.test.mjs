// Questions to nodes: of a real hydrad to itself and to a node with a real agent, and what becomes of those that get no answer.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Engine } from './lib/engine.mjs';
import { ForeignAgent } from './lib/foreign-agent.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';
import { Watch } from './lib/watch.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');

/** An engine that says what a test wants of GET /system/df: {status, body}, or null for silence. */
class Hanging {
    answer = null;
    asked = 0;

    async start() {
        this.socket = path.join(scratchFolder(), 'docker.sock');
        this.server = http.createServer((q, a) => {
            const say = (status, body) => { a.writeHead(status, { 'content-type': 'application/json' }); a.end(body); };
            if (q.url.endsWith('/version')) return say(200, JSON.stringify({ Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' }));
            if (q.url.includes('/containers/json')) return say(200, '[]');
            if (q.url.includes('/events')) { a.writeHead(200); a.flushHeaders(); return undefined; }
            if (!q.url.endsWith('/system/df')) return say(200, 'OK');
            this.asked++;
            q.on('close', () => { this.hungUp = true; });
            return this.answer && say(this.answer.status, this.answer.body);
        });
        await new Promise(r => this.server.listen(this.socket, r));
        return this;
    }

    stop() { this.server.closeAllConnections(); this.server.close(); }
}

describe('a node that is asked', () => {
    let engine, w;
    before(async () => {
        engine = await new Hanging().start();
        w = new Watch(['--docker', `unix://${engine.socket}`, '--dbus', 'unix:path=/nowhere']);
        await w.source('docker');
    });
    after(async () => { await w.stop(); engine.stop(); });

    test('gives up when its time is over, and hangs up', async () => {
        const a = await w.inspect('docker-usage', 'timeout=300');
        assert.deepEqual([a.code, a.text], [-110, 'That took longer than 1 s on the node, and was given up.']);
        await until(() => engine.hungUp);
    });
    test('says what the engine failed to say', async () => {
        engine.answer = { status: 500, body: '{"message":"no"}' };
        assert.deepEqual((({ code, text }) => [code, text])(await w.inspect('docker-usage')), [-5, 'The engine refuses to tell what takes up space.']);
        engine.answer = { status: 200, body: '[' };
        assert.equal((await w.inspect('docker-usage')).code, -5);
    });
    test('answers several at once', async () => {
        engine.answer = { status: 200, body: '{"LayersSize":5}' };
        for (let i = 1; i <= 32; i++) w.say(`inspect ${i} docker-usage`);
        await until(() => w.of('inspected', r => r.id <= 32).length === 32);
        assert.ok(w.of('inspected', r => r.id <= 32).every(r => r.code === 0 && r.answer.engines[0].images.bytes === 5));
    });
    test('but not too many', async () => {
        engine.answer = null;
        for (let i = 101; i <= 140; i++) w.say(`inspect ${i} docker-usage timeout=2000`);
        await until(() => w.of('inspected', r => r.id > 100 && r.id < 200).length === 40);
        const codes = w.of('inspected', r => r.id > 100 && r.id < 200).map(r => r.code);
        assert.ok(codes.filter(c => c === -11).length >= 8 && codes.filter(c => c === -110).length <= 32, String(codes));
    });
    test('ends in good order while it is asked', async () => {
        w.say('inspect 999 docker-usage');
        const before = engine.asked;
        await until(() => engine.asked > before);
        assert.deepEqual(await w.stop(), { code: 0, signal: null });
    });
});

describe('the machine itself', () => {
    const tree = scratchFolder();
    let w, here, fake;
    before(() => {
        fs.mkdirSync(path.join(tree, 'dev'));
        fs.writeFileSync(path.join(tree, 'dev/kmsg'), '3,77,5140900,-;I/O error, dev sda, sector 1234\n SUBSYSTEM=block\n');
        fs.writeFileSync(path.join(tree, 'agent.yaml'), 'allow: [{do: logs}]\n');
        fs.mkdirSync(path.join(tree, 'journal'));
        fs.copyFileSync('/bin/sleep', path.join(tree, 'chronyd'));
        fs.chmodSync(path.join(tree, 'chronyd'), 0o755);
        w = new Watch(['--root', tree, '--journal', path.join(tree, 'journal'), '--docker', 'unix:///nowhere.sock', '--dbus', 'unix:path=/nowhere', '--policy', path.join(tree, 'agent.yaml')]);
        here = new Watch(['--docker', 'unix:///nowhere.sock', '--dbus', 'unix:path=/nowhere']);
    });
    after(async () => { fake?.kill(); await w.stop(); await here.stop(); fs.rmSync(tree, { recursive: true }); });

    test('what the kernel complained of, where no journal keeps it', async () => {
        const { code, text, answer } = await w.inspect('kernel-log');
        assert.equal(code, 0, text);
        assert.equal(answer.source, 'kmsg');
        assert.deepEqual(answer.entries.map(x => [x.level, x.text, x.count]), [['err', 'I/O error, dev sda, sector 1234', 1]]);
    });
    test('disks by a smartctl of ours: one is well, one sleeps, one may not be asked', async () => {
        const write = (at, text, mode = 0o644) => { const p = path.join(tree, at); fs.mkdirSync(path.dirname(p), { recursive: true }); fs.writeFileSync(p, text, { mode }); };
        for (const disk of ['sda', 'sdb', 'sdc']) {
            write(`sys/block/${disk}/size`, '15628053168\n');
            write(`sys/block/${disk}/queue/rotational`, '1\n');
        }
        const none = await w.inspect('disks');
        assert.equal(none.answer.disks.length, 3);
        assert.match(`${none.answer.text} ${none.answer.hint}`, /smartctl is not on this machine.* apt install smartmontools/);
        const data = path.join(root, 'tests/data/node/smart');
        write('usr/sbin/smartctl', `#!/bin/sh
[ "$1" = --version ] && { echo "smartctl 7.3 2022-02-28 r5338"; exit 0; }
[ "$1 $2 $3 $4" = "--json=c -a -n standby,3" ] || exit 1
case $5 in
/dev/sda) cat ${data}/hdd.json; exit 64 ;;
/dev/sdb) cat ${data}/asleep.json; exit 3 ;;
*) cat ${data}/denied.json; exit 2 ;;
esac
`, 0o755);
        const { answer } = await w.inspect('disks');
        assert.deepEqual([answer.smartctl, answer.text], ['7.3', null]);
        assert.deepEqual(answer.disks.map(d => [d.device, d.kind, d.state, d.health]), [['sda', 'hdd', 'active', 'warning'], ['sdb', 'hdd', 'asleep', 'unknown'], ['sdc', 'hdd', 'unknown', 'unknown']]);
        const [sda, sdb, sdc] = answer.disks;
        assert.deepEqual([sda.model, sda.bytes, sda.smart.temperature_c, sda.smart.pending_sectors, sda.problems.length], ['WDC WD80EFZZ-68BTXN0', 8001563222016, 36, 2, 2]);
        assert.match(sdb.smart.text, /sleeps, and was not woken/);
        assert.match(`${sdc.smart.text} ${sdc.smart.hint}`, /may not ask its disks itself/);
    });
    test('what is quick does not wait for what takes long', async () => {
        const write = (at, text, mode) => { const p = path.join(tree, at); fs.mkdirSync(path.dirname(p), { recursive: true }); fs.writeFileSync(p, text, { mode }); };
        const begun = path.join(tree, 'apt-begun'), goOn = path.join(tree, 'apt-may-go-on');
        write('usr/bin/apt-get', `#!/bin/sh\n: >${begun}\nwhile [ ! -e ${goOn} ]; do sleep 0.1; done\n`, 0o755);
        w.say('inspect 77 packages');
        const slow = () => w.last('inspected', r => r.id === 77);
        await until(() => fs.existsSync(begun), 60000, 'apt-get to run');
        for (const kind of ['time', 'kernel-log']) {
            const { code, text } = await w.inspect(kind);
            assert.equal(code, 0, `${kind}: ${text}`);
        }
        assert.equal(slow(), undefined);
        fs.writeFileSync(goOn, '');
        assert.equal((await until(slow, 60000, 'the packages')).code, 0);
        fs.rmSync(path.join(tree, 'usr/bin/apt-get')); // the next one begins without
    });
    test('pending updates, by an apt-get of ours', async () => {
        const write = (at, text, mode = 0o644) => { const p = path.join(tree, at); fs.mkdirSync(path.dirname(p), { recursive: true }); fs.writeFileSync(p, text, { mode }); };
        write('etc/os-release', 'ID=fedora\nPRETTY_NAME="Fedora Linux 41"\n');
        const other = (await w.inspect('packages')).answer;
        assert.deepEqual([other.system, other.manager, other.text], ['Fedora Linux 41', null, 'Hydra asks apt alone. Here: dnf check-update.']);
        write('etc/os-release', 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n');
        write('var/lib/dpkg/status', 'Package: docker.io\nStatus: hold ok installed\n');
        write('run/reboot-required', '');
        write('usr/bin/apt-get', '#!/bin/sh\n[ "$1" = -s ] || exit 1\necho "Inst libssl3 [3.0.15] (3.0.17 Debian-Security:12/stable-security [amd64])"\n', 0o755);
        const { code, text, answer } = await w.inspect('packages');
        assert.equal(code, 0, text);
        assert.deepEqual([answer.manager, answer.count, answer.security_count, answer.held, answer.reboot.required], ['apt', 1, 1, ['docker.io'], true]);
        assert.deepEqual(answer.updates[0], { name: 'libssl3', installed: '3.0.15', candidate: '3.0.17', origin: 'Debian-Security:12/stable-security', security: true });
        write('usr/bin/apt-get', '#!/bin/sh\necho "E: broken" >&2; exit 100\n', 0o755);
        const broken = await w.inspect('packages');
        assert.deepEqual([broken.code, broken.text], [-5, 'apt-get does not know what to update: E: broken']);
    });
    test('but not where the policy denies logs', async () => {
        fs.writeFileSync(path.join(tree, 'agent.yaml'), 'allow: [{do: unit.restart}]\n');
        const a = await w.inspect('kernel-log');
        assert.deepEqual([a.code, /does not allow logs/.test(a.text)], [-13, true], a.text);
    });
    test('who keeps the clock right', async () => {
        fake = spawn(path.join(tree, 'chronyd'), ['1000'], { stdio: 'ignore' });
        const { code, answer } = await until(async () => { const a = await here.inspect('time'); return a.answer?.by === 'chronyd' && a; });
        assert.equal(code, 0);
        assert.equal(answer.enabled, null);
        assert.match(answer.text, answer.synchronised ? /^The clock is kept right by chronyd\.$/ : /^chronyd runs, but/);
    });
    test('every process, parents first', async () => {
        const { answer } = await here.inspect('processes');
        const p = answer.processes.find(x => x.pid === fake.pid);
        assert.deepEqual([p.parent, p.name, p.command, p.kernel], [process.pid, 'chronyd', `${path.join(tree, 'chronyd')} 1000`, false]);
        const at = new Map(answer.processes.map((x, i) => [x.pid, i]));
        assert.ok(answer.processes.every((x, i) => !(at.get(x.parent) > i)));
        assert.equal(answer.total, answer.processes.length);
    });
});

describe('Unraid', () => {
    const dir = scratchFolder(), parts = [];
    let server, w, answers;
    const disk = (name, more) => ({ name, device: 'sdb', size: 7814026532, status: 'DISK_OK', rotational: true, numErrors: 0, type: 'DATA', ...more });
    const usual = {
        versions: () => ({ data: { info: { versions: { core: { unraid: '7.2.0' } } } } }),
        capacity: () => ({ data: { array: { state: 'STARTED', capacity: { kilobytes: { free: '1000', used: '3000', total: '4000' } } } } }),
        parityCheckStatus: () => ({ data: { array: { parityCheckStatus: { status: 'COMPLETED', progress: 100, speed: '130 MB/s', errors: 0, date: '2026-11-01', running: false, paused: false } } } }),
        parities: q => (q.includes('isSpinning') ? { errors: [{ message: 'Cannot query field "isSpinning" on type "ArrayDisk".' }] }
            : { data: { array: { parities: [disk('parity', { color: 'GREEN_ON', temp: 35 })], disks: [disk('disk1', { color: 'GREEN_BLINK', temp: null })], caches: [] } } }),
        shares: () => ({ data: { shares: [{ name: 'media', comment: '', free: 10, used: 20, cache: false }] } }),
    };
    before(async () => {
        server = http.createServer((q, a) => {
            let body = '';
            q.on('data', d => { body += d; });
            q.on('end', () => {
                if (q.headers['x-api-key'] !== 'a-key') { a.writeHead(401); return a.end('{}'); }
                const { query } = JSON.parse(body);
                parts.push(query);
                const x = answers[Object.keys(answers).find(k => query.includes(k))](query);
                a.writeHead(x.errors ? 400 : 200, { 'content-type': 'application/json' });
                return a.end(JSON.stringify(x));
            });
        });
        await new Promise(r => { server.listen(0, '127.0.0.1', r); });
        fs.writeFileSync(path.join(dir, 'key'), 'a-key\n');
        w = new Watch(['--docker', 'unix:///nowhere.sock', '--dbus', 'unix:path=/nowhere', '--unraid', `http://127.0.0.1:${server.address().port}`, '--unraid-key', path.join(dir, 'key')]);
    });
    after(async () => { await w.stop(); server.close(); fs.rmSync(dir, { recursive: true }); });

    test('its array, parity, disks and shares, one part after the other', async () => {
        answers = usual;
        const { code, text, answer } = await w.inspect('unraid');
        assert.equal(code, 0, text);
        assert.deepEqual([answer.version, answer.array.state, answer.array.used_bytes, answer.parity.status, answer.troubles], ['7.2.0', 'STARTED', 3072000, 'COMPLETED', []]);
        assert.deepEqual(answer.disks.map(d => [d.name, d.role, d.ok, d.asleep, d.temperature_c]), [['parity', 'parity', true, false, 35], ['disk1', 'data', true, true, null]]);
        assert.equal(answer.shares[0].used_bytes, 20480);
        assert.equal(parts.filter(q => q.includes('parities')).length, 2, 'the older spelling, when the newer one is refused');
        assert.ok(parts.every(q => !/^query\{disks|mutation/.test(q)), 'nothing that wakes a disk');
    });
    test('a part that this release does not know costs no other', async () => {
        answers = { ...usual, shares: () => ({ errors: [{ message: 'Cannot query field "shares" on type "Query".' }] }) };
        const { answer } = await w.inspect('unraid');
        assert.deepEqual(answer.troubles, [{ what: 'shares', text: 'Unraid refuses: Cannot query field "shares" on type "Query".' }]);
        assert.equal(answer.disks.length, 2);
    });
    test('a key that does not count, and none', async () => {
        fs.writeFileSync(path.join(dir, 'key'), 'another\n');
        assert.match((await w.inspect('unraid')).text, /does not take the API key: make one with the role VIEWER/);
        fs.rmSync(path.join(dir, 'key'));
        const none = await w.inspect('unraid');
        assert.deepEqual([none.code, none.text], [-95, 'This machine does not run Unraid.']);
    });
});

describe('through hydrad', () => {
    const state = path.join(scratchFolder(), 'state');
    let engine, h, admin, agent;
    const ask = (node, what = 'docker-usage') => admin.get(`/api/web/nodes/${node}/${what}`);
    const startAgent = () => {
        agent = spawn(program, ['--state', state, '--docker', `unix://${engine.socket}`], { env: plainEnvironment(), stdio: 'ignore' });
        agent.gone = new Promise(r => agent.on('exit', r));
    };
    const token = async node => (await admin.post('/api/web/enrolments', { node })).json.token;

    before(async () => {
        engine = Engine.start();
        await engine.run('busy', 'echo some bytes > /file; exec sleep 100000');
        await engine.call('POST', '/images/hydra-test:1/tag?repo=hydra-test&tag=2');
        await engine.call('POST', '/volumes/create', { Name: 'left-over' });
        h = await Hydrad.start({ args: ['--node', 'tower', '--docker', `unix://${engine.socket}`, '--agents', `127.0.0.1:${await freePort()}`] });
        admin = await h.setUp();
    });
    after(async () => {
        agent?.kill('SIGKILL');
        await h?.done();
        engine?.stop();
    });

    const looksRight = a => {
        assert.equal(a.status, 200, a.text);
        const [e] = a.json.engines;
        assert.equal(e.engine, 'docker');
        assert.deepEqual([e.images.count, e.images.in_use], [1, 1]);
        assert.deepEqual(e.images.items[0].tags.toSorted(), ['hydra-test:1', 'hydra-test:2']);
        assert.ok(e.images.bytes > 100000);
        assert.deepEqual(e.containers.items.map(c => [c.name, c.state, c.in_use]), [['busy', 'running', true]]);
        assert.deepEqual(e.volumes.items.map(v => [v.name, v.in_use, v.containers]), [['left-over', false, 0]]);
    };

    test('the hub tells of its own machine', async () => {
        await until(async () => (await ask('tower')).status === 200, 60000, 'the engine of this machine');
        looksRight(await ask('tower'));
        assert.equal((await ask('nobody')).status, 404);
        const cli = await admin.get('/api/cli/nodes/tower/docker-usage');
        assert.equal(cli.json.engines[0].containers.count, 1);
    });
    test('a node tells through its agent', async () => {
        const enrolled = await run(program, ['enroll', await token('nas'), '--state', state]);
        assert.equal(enrolled.code, 0, enrolled.err);
        startAgent();
        await until(async () => (await ask('nas')).status === 200, 60000, 'the node to answer');
        looksRight(await ask('nas'));
    });
    test('time, kernel log and processes, of both', async () => {
        for (const node of ['tower', 'nas']) {
            const time = await ask(node, 'time');
            assert.equal(time.status, 200, time.text);
            assert.equal(typeof time.json.synchronised, 'boolean');
            const packages = await ask(node, 'packages'); // of this machine itself, whose apt-get is real
            assert.equal(packages.status, 200, packages.text);
            assert.equal(packages.json.count, packages.json.updates.length);
            const disks = await ask(node, 'disks');
            assert.ok(disks.status === 200 ? Array.isArray(disks.json.disks) : disks.status === 409, disks.text);
            const kernel = await ask(node, 'kernel-log');
            assert.ok(kernel.status === 200 ? Array.isArray(kernel.json.entries) : /kernel/.test(kernel.json.detail), kernel.text);
            const all = (await ask(node, 'process-tree')).json;
            const busy = all.processes.find(p => p.service === 'docker/busy');
            assert.match(busy.command, /sleep 100000/);
        }
    });
    test('a node that is away is said to be, also when it goes while it is asked', async () => {
        agent.kill('SIGSTOP');
        const asked = ask('nas');
        await new Promise(r => { setTimeout(r, 300); });
        agent.kill('SIGKILL');
        const gone = await asked;
        assert.equal(gone.status, 503, gone.text);
        assert.match(gone.json.type, /node-away$/);
        const a = await ask('nas');
        assert.deepEqual([a.status, a.json.detail], [503, 'nas is not connected.']);
    });
    test('an agent of before is told apart', async () => {
        const secret = await token('old'), old = await new ForeignAgent().meet(secret);
        assert.equal((await old.enrol(secret)).code, 0);
        const link = old.link({ hello: { features: ['commands', 'logs'] } });
        await link.heard('welcome');
        const a = await until(async () => { const x = await ask('old'); return x.status === 409 && x; }, 60000, 'a refusal');
        assert.deepEqual([a.json.type.split('/').at(-1), a.json.detail], ['agent-too-old', 'The agent on old is too old for that; upgrade it.']);
        await link.close();
    });
    test('a client that leaves takes its question along', async () => {
        const secret = await token('patient'), f = await new ForeignAgent().meet(secret);
        assert.equal((await f.enrol(secret)).code, 0);
        const link = f.link({ hello: { features: ['inspect'] } });
        await link.heard('welcome');
        const leaving = new AbortController();
        const asked = fetch(`${h.base}/api/web/nodes/patient/docker-usage`, { headers: { cookie: `hydra_session=${admin.auth.cookie}` }, signal: leaving.signal }).catch(e => e.name);
        const { id } = await link.heard('inspect');
        leaving.abort();
        assert.equal(await asked, 'AbortError');
        assert.equal((await link.heard('inspectCancel')).id, id);
        await link.close();
    });
    test('the command line shows it as a table, prunes, and says what a policy forbids', async () => {
        const secret = (await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] })).json.secret;
        const hydra = (...args) => run(path.join(root, 'build/hydra'), args, { env: { HYDRA_URL: h.base, HYDRA_TOKEN: secret } });
        const table = await hydra('node', 'disk-usage', 'tower');
        assert.equal(table.code, 0, table.err);
        assert.match(table.out, /ENGINE +WHAT +COUNT +IN USE +SIZE +CAN BE WON\n/);
        assert.match(table.out, /docker +containers +1 +1 /);
        assert.equal(JSON.parse((await hydra('node', 'disk-usage', 'tower', '-o', 'json')).out).engines.length, 1);
        assert.equal((await hydra('node', 'disk-usage', 'nobody')).code, 2);
        assert.equal((await hydra('node', 'disk-usage')).code, 2);
        const pruned = await hydra('node', 'prune', 'tower', '--what', 'images');
        assert.deepEqual([pruned.code, /does not allow docker\.prune/.test(pruned.err)], [2, true], pruned.err);
        const actions = (await admin.get('/api/web/actions/tower')).json.actions;
        assert.deepEqual(actions.filter(a => a.verb === 'docker.prune').map(a => a.allowed), [false]);
    });
    test('the biggest folders, over the API and on the command line', async () => {
        const below = scratchFolder();
        fs.mkdirSync(path.join(below, 'big'));
        fs.writeFileSync(path.join(below, 'big', 'file'), Buffer.alloc(300 << 10, 1));
        fs.mkdirSync(path.join(below, 'small'));
        const a = await ask('tower', `folders?path=${encodeURIComponent(below)}`);
        assert.equal(a.status, 200, a.text);
        assert.deepEqual(a.json.folders.map(f => f.name), ['big', 'small']);
        assert.ok(a.json.folders[0].bytes >= 300 << 10);
        const none = await ask('tower', 'folders?path=/nowhere');
        assert.deepEqual([none.status, none.json.detail], [404, 'There is no folder /nowhere.']);
        const secret = (await admin.post('/api/web/tokens', { name: 'folders', scopes: ['*'] })).json.secret;
        const cli = await run(path.join(root, 'build/hydra'), ['node', 'folders', 'tower', below], { env: { HYDRA_URL: h.base, HYDRA_TOKEN: secret, HOME: below } });
        assert.equal(cli.code, 0, cli.err);
        assert.match(cli.out, /31\d kB +1 +0 +big\n/);
        fs.rmSync(below, { recursive: true });
    });
    test('a viewer may ask, a stranger may not', async () => {
        const viewer = await h.person(admin, 'vera', 'viewer');
        assert.equal((await viewer.get('/api/web/nodes/tower/docker-usage')).status, 200);
        assert.equal((await viewer.get('/api/web/nodes/tower/folders?path=/etc')).json.permission, 'processes:read');
        assert.equal((await h.client().get('/api/web/nodes/tower/docker-usage')).status, 401);
    });
    test('an end waits for nobody', async () => {
        startAgent();
        await until(async () => (await ask('nas')).status === 200, 60000, 'the node back');
        agent.kill('SIGSTOP');
        const asked = ask('nas');
        await new Promise(r => { setTimeout(r, 300); });
        const { code } = await h.stop();
        assert.equal(code, 0);
        assert.equal((await asked).status, 503);
    });
});
