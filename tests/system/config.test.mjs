// Settings: where they come from, which wins, and what a mistake is answered with.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Hydrad, hydrad, scratchFolder } from './lib/hydrad.mjs';

const dir = scratchFolder();
after(() => fs.rmSync(dir, { recursive: true, force: true }));

let files = 0;
function file(text) {
    const f = path.join(dir, `settings-${++files}.yaml`);
    fs.writeFileSync(f, text);
    return f;
}

/** `hydrad config` as {name: [value, where from]}. */
async function effective(args, env) {
    const r = await hydrad(['config', ...args], { env });
    assert.equal(r.code, 0, r.err);
    const lines = r.out.trimEnd().split('\n').map(l => /^(\S+)\s+(.*?)\s+# (.*)$/.exec(l));
    return Object.fromEntries(lines.map(([, name, value, from]) => [name, [value, from]]));
}

async function refused(args, { env, says }) {
    const r = await hydrad(args, { env });
    assert.notEqual(r.code, 0, `${args.join(' ')} was taken`);
    assert.match(r.err, says);
    assert.equal(r.err.trim().split('\n').length, 1, `one line: ${r.err}`);
    assert.equal(r.out, '');
}

test('without any setting there are defaults, and hydrad config says so', async () => {
    const c = await effective([], { HOME: '/home/somebody' });
    assert.deepEqual(c.listen, ['127.0.0.1:7770', 'default']);
    assert.deepEqual(c['log-level'], ['info', 'default']);
    assert.match(c.database[0], /^sqlite:\/\S+\/hydra\.db$/);
    assert.equal(c.node[0], os.hostname());
    for (const [, from] of Object.values(c)) assert.equal(from, 'default');
});

test('the command line wins over the environment, that over the file, that over the default', async () => {
    const config = file('workers: 5\nstreams: 500\nconnections: 600\n');
    const env = { HYDRA_STREAMS: '501', HYDRA_CONNECTIONS: '601', HYDRA_CONFIG: config };
    const c = await effective(['--connections', '602'], env);
    assert.deepEqual(c.workers, ['5', `file ${config}`]);
    assert.deepEqual(c.streams, ['501', 'environment']);
    assert.deepEqual(c.connections, ['602', 'command line']);
    assert.deepEqual(c['log-format'], ['text', 'default']);
    const named = await effective([`--config=${config}`, '--workers=6'], {});
    assert.deepEqual(named.workers, ['6', 'command line']);
    assert.deepEqual(named.streams, ['500', `file ${config}`]);
});

test('every setting is known in all three places', async () => {
    const names = Object.keys(await effective([], {}));
    const value = { workers: '3', streams: '33', connections: '333', 'log-level': 'warn', 'log-format': 'json', 'trusted-proxies': '10.0.0.0/8', loki: 'http://127.0.0.1:3100', 'loki-spool': '64' };
    for (const name of names.filter(n => n !== 'config')) {
        const v = value[name] ?? 'abc';
        assert.deepEqual((await effective([`--${name}`, v], {}))[name], [v, 'command line']);
        assert.deepEqual((await effective([], { [`HYDRA_${name.toUpperCase().replace(/-/g, '_')}`]: v }))[name], [v, 'environment']);
        const f = file(`${name}: "${v}"\n`);
        assert.deepEqual((await effective(['--config', f], {}))[name], [v, `file ${f}`]);
    }
});

test('the help lists every setting that hydrad config prints', async () => {
    const help = await hydrad(['help']);
    assert.equal(help.code, 0);
    for (const name of Object.keys(await effective([], {}))) assert.ok(help.out.includes(`--${name}`), name);
    assert.equal((await hydrad(['--help'])).out, help.out);
    assert.match((await hydrad(['--version'])).out, /^hydrad \d+\.\d+\.\d+\n$/);
});

test('a list in the file is a list', async () => {
    const f = file('hosts:\n  - hydra.home\n  - "*.lan"\nlisten: [127.0.0.1:1, "[::1]:2"]\n');
    const c = await effective(['--config', f], {});
    assert.equal(c.hosts[0], 'hydra.home,*.lan');
    assert.equal(c.listen[0], '127.0.0.1:1,[::1]:2');
});

test('an unknown setting is an error that names the nearest one, wherever it stands', async () => {
    await refused(['--lisen', ':1'], { says: /--lisen.*did you mean listen\?/ });
    await refused(['config', '--log-levle', 'info'], { says: /did you mean log-level\?/ });
    await refused(['config'], { env: { HYDRA_LISTN: ':1' }, says: /HYDRA_LISTN.*did you mean listen\?/ });
    const f = file('# comment\nworkers: 4\ndatabse: x\n');
    await refused(['config', '--config', f], { says: /settings-\d+\.yaml line 3.*databse.*did you mean database\?/ });
    await refused(['--zzzzzzzz', '1'], { says: /--zzzzzzzz is not known\. `hydrad help`/ });
});

test('the variables of the command line are no settings of hydrad', async () => {
    await effective([], { HYDRA_URL: 'http://x', HYDRA_TOKEN: 'hyd_x' });
});

test('a value that will not do is an error that names the setting and where it came from', async () => {
    await refused(['config', '--workers', '0'], { says: /workers.*command line.*1 to 64.*"0"/ });
    await refused(['config', '--workers', 'many'], { says: /workers.*"many"/ });
    await refused(['config', '--workers', '99999999999999999999'], { says: /workers/ });
    await refused(['config'], { env: { HYDRA_STREAMS: '-1' }, says: /streams.*environment.*"-1"/ });
    await refused(['config', '--log-level', 'loud'], { says: /error, warn, info or debug.*"loud"/ });
    await refused(['config', '--trusted-proxies', '10.0.0.0/33'], { says: /trusted-proxies.*"10\.0\.0\.0\/33" is no address/ });
    await refused(['config', '--log-format', 'xml'], { says: /text or json/ });
    await refused(['config', '--workers'], { says: /--workers needs a value/ });
});

test('a file that can not be read, or is no YAML, is an error that says where', async () => {
    await refused(['config', '--config', path.join(dir, 'none.yaml')], { says: /none\.yaml.*No such file/ });
    await refused(['config', '--config', file('workers: [1\n')], { says: /line \d+.*not valid YAML/ });
    await refused(['config', '--config', file('- a\n- b\n')], { says: /settings-\d+\.yaml/ });
    await refused(['config', '--config', file('workers:\n  deep: 1\n')], { says: /line 2.*name: value/ });
    await refused(['config', '--config', file('workers: 3\nworkers: 4\n')], { says: /workers/ });
    await refused(['config', '--config', file('config: /elsewhere\n')], { says: /config/ });
    await refused(['config', '--config', file('#'.repeat(1 << 20))], { says: /larger than/ });
    assert.equal((await hydrad(['config', '--config', file('')])).code, 0, 'an empty file is no mistake');
});

test('an unknown verb is an error', async () => {
    await refused(['serv'], { says: /serv is no verb of hydrad.*hydrad help/ });
    await refused(['user', 'remove', 'x'], { says: /user is no verb|usage/ });
});

test('hydrad config shows no password', async () => {
    const r = await hydrad(['config', '--database', 'postgresql://hydra:s3cret@db.lan:5432/hydra']);
    assert.ok(!r.out.includes('s3cret'));
    assert.ok(r.out.includes('postgresql://hydra:***@db.lan:5432/hydra'));
    const odd = await hydrad(['config', '--database', 'postgresql://hydra:s3:cr@et@db.lan/hydra']);
    assert.ok(!/s3|cr@et/.test(odd.out), odd.out);
    const query = await hydrad(['config', '--database', 'postgresql://db.lan/hydra?user=hydra&password=s3cret']);
    assert.ok(!query.out.includes('s3cret'), query.out);
});

test('the server runs with what the settings say', async () => {
    const h = await Hydrad.start({ env: { HYDRA_NODE: 'Kitchen PC', HYDRA_LOG_FORMAT: 'json' } });
    try {
        const entry = JSON.parse(h.err.split('\n')[0]);
        assert.equal(entry.message, 'listening');
        assert.equal(entry.fields.address, `127.0.0.1:${h.port}`);
        const admin = await h.setUp();
        const { nodes } = (await admin.get('/api/web/nodes')).json;
        assert.deepEqual(nodes.map(n => n.id), ['kitchen-pc']);
    } finally {
        await h.done();
    }
});

test('lines carry priorities only where stderr is the journal that JOURNAL_STREAM names', async () => {
    const h = await Hydrad.start({ env: { JOURNAL_STREAM: '8:12345' } });
    try {
        assert.match(h.err, /^\d{4}-\d\d-\d\dT\S+ info  hub: listening/);
    } finally {
        await h.done();
    }
});

test('several addresses may be listened on', async () => {
    const h = await Hydrad.start({ listen: '127.0.0.1:0,127.0.0.2:0' });
    try {
        const ports = [...h.err.matchAll(/address=(\S+):(\d+)/g)];
        assert.deepEqual(ports.map(p => p[1]), ['127.0.0.1', '127.0.0.2']);
        for (const [, host, port] of ports) assert.equal((await fetch(`http://${host}:${port}/readyz`)).status, 200);
    } finally {
        await h.done();
    }
});

test('an address that others reach is served, and what that means is said', async () => {
    const h = await Hydrad.start({ listen: '0.0.0.0:0' });
    try {
        assert.match(h.err, /warn .*without encryption.*reverse proxy with TLS/);
        assert.match(h.out, /http:\/\/127\.0\.0\.1:\d+\/setup#/);
        const admin = await h.setUp();
        const { warnings, listen } = (await admin.get('/api/web/system')).json;
        assert.equal(listen[0].exposed, true);
        assert.equal(warnings[0].key, 'plain-http');
        assert.match(warnings[0].hint, /TLS/);
    } finally {
        await h.done();
    }
});

test('an address that can not be listened on is an error that names it', async () => {
    for (const [listen, says] of [['192.0.2.1:0', /192\.0\.2\.1/], ['nonsense', /nonsense/], ['127.0.0.1:99999', /99999/], ['127.0.0.1:x', /127\.0\.0\.1:x/]])
        await refused(['--data', path.join(dir, 'data'), '--listen', listen], { says });
});
