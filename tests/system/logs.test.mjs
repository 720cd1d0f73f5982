// Logs: a real Docker engine whose containers write all sorts of lines, and a real journal.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Engine } from './lib/engine.mjs';
import { Hydrad, root, run, until } from './lib/hydrad.mjs';
import { LogStream } from './lib/log-stream.mjs';

const hydra = process.env.HYDRA ?? path.join(root, 'build/hydra');
const startSystemd = path.join(root, 'tests/system/start-systemd');
const machine = path.join(os.tmpdir(), `hydra-logs-${randomUUID().slice(0, 8)}`);
const SORTS = [
    'i=0; while [ $i -lt 500 ]; do echo "line $i"; i=$((i+1)); done',
    'echo \'{"level":"error","msg":"boom","n":1}\'',
    'printf \'\\033[31mWARN\\033[0m red\\n\'',
    'printf \'bytes \\377\\001 end\\n\'',
    's=abcdefghij; i=0; while [ $i -lt 13 ]; do s=$s$s; i=$((i+1)); done; echo $s', // 81,920 bytes
    'echo connecting to postgresql://bob:hunter2@db/x',
    'echo oops >&2',
    'exec sleep 100000',
].join('; ');
const TALK = `[Service]
ExecStart=/bin/bash -c 'for i in $(seq 300); do echo "talk $i"; done; echo "<3>bad thing"; echo "ERROR: printed"; printf "long%%3000s\\n" z; echo "the end"; exec sleep 100000'
`;
let engine, h, admin, bus, journal;

const docker = name => `service=tower/docker/${name}`;
const unit = name => `service=tower/systemd/${name}`;
async function page(query, client = admin) {
    const a = await client.get(`/api/web/logs?${query}`);
    assert.equal(a.status, 200, a.text);
    return a.json;
}
const texts = p => p.lines.map(l => l.text);

/** Every page back in time, put together. */
async function all(query) {
    let lines = [], cursor = '';
    for (let i = 0; i < 100; i++) {
        const p = await page(query + (cursor && `&before=${cursor}`));
        lines = [...p.lines, ...lines];
        cursor = p.before;
        if (!cursor) return lines;
    }
    throw new Error('pages without end');
}

function startUnit(name) {
    execFileSync('busctl', [`--address=${bus}`, 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1',
        'org.freedesktop.systemd1.Manager', 'StartUnit', 'ss', name, 'replace']);
}

before(async () => {
    fs.mkdirSync(`${machine}/units`, { recursive: true });
    fs.writeFileSync(`${machine}/units/talk.service`, TALK);
    [bus, journal] = execFileSync(startSystemd, [machine], { encoding: 'utf8' }).trim().split(' ');
    startUnit('talk.service');
    engine = Engine.start();
    await engine.run('sorts', SORTS);
    await engine.run('ticker', 'i=0; while :; do i=$((i+1)); echo "tick $i"; sleep 0.2; done');
    await engine.run('terminal', 'printf "\\033[1mbold\\033[0m\\n"; echo second; exec sleep 100000', { Tty: true });
    h = await Hydrad.start({
        args: ['--docker', `unix://${engine.socket}`, '--node', 'tower', '--journal', journal], env: { DBUS_SYSTEM_BUS_ADDRESS: bus },
    });
    admin = await h.setUp();
    await until(async () => {
        const { sources } = (await admin.get('/api/web/logs/sources')).json;
        return ['docker/sorts', 'docker/ticker', 'docker/terminal', 'systemd/talk.service'].every(n => sources.some(s => s.service === `tower/${n}`));
    }, 60000, 'all sources');
    await until(async () => texts(await page(unit('talk.service'))).includes('the end'));
    await until(async () => (await page(docker('ticker'))).lines.length >= 10); // the newest lines of all are its own
});

after(async () => {
    await h?.done();
    engine?.stop();
    execFileSync(startSystemd, ['--stop', machine]);
});

test('says whose logs can be read', async () => {
    const { sources } = (await admin.get('/api/web/logs/sources')).json;
    assert.deepEqual(sources.find(s => s.kind === 'node'), { service: null, name: 'tower', node: 'tower', kind: 'node', group: null });
    assert.equal(sources.find(s => s.service === 'tower/docker/sorts').kind, 'container');
    assert.equal(sources.find(s => s.service === 'tower/systemd/talk.service').kind, 'unit');
});

test('a container: plain, JSON, colours, bytes, long lines, secrets', async () => {
    const lines = await all(`${docker('sorts')}&limit=100`);
    assert.equal(lines.filter(l => /^line \d+$/.test(l.text)).length, 500);
    const by = start => lines.find(l => l.text.startsWith(start));
    assert.deepEqual([by('{').level, by('{').fields], ['err', { level: 'error', msg: 'boom', n: 1 }]);
    assert.deepEqual([by('\x1b[31m').level, by('\x1b[31m').text], ['warning', '\x1b[31mWARN\x1b[0m red']);
    assert.equal(by('bytes').text, 'bytes \ufffd\ufffd end');
    assert.deepEqual([by('abcdefghij').text.length, by('abcdefghij').cut], [16384, true]);
    assert.equal(by('connecting').text, 'connecting to postgresql://bob:***@db/x');
    assert.deepEqual(by('oops').fields, { stream: 'stderr' });
    assert.equal(lines.length, 506);
    assert.ok(lines.every((l, i) => i === 0 || l.t >= lines[i - 1].t));
});

/** What the engine would have written: output and errors a little out of order, and many at a time now and then. */
function writtenLog(n) {
    const entries = [];
    for (let i = 0, us = Date.UTC(2026, 0, 1) * 1000; i < n; i++) {
        us += i % 977 < 200 ? 1 : i % 5000 === 0 ? 90_000_000 : 150;
        entries.push({ at: us, log: i % 211 === 0 ? `needle ${i}` : `hay "${i}" <b>`, stream: i % 7 ? 'stdout' : 'stderr' });
    }
    const inFile = [...entries];
    for (let i = 0; i + 3 < n; i += 13) if (inFile[i + 2].at - inFile[i].at < 50000) [inFile[i], inFile[i + 2]] = [inFile[i + 2], inFile[i]];
    const time = us => `${new Date(Math.floor(us / 1000)).toISOString().slice(0, -1)}${String(us % 1000).padStart(3, '0')}001Z`;
    return { entries, text: inFile.map(e => `${JSON.stringify({ log: `${e.log}\n`, stream: e.stream, time: time(e.at) })}\n`).join('') };
}

test('a long log of a container: a search goes back in windows, and says how far it has come', async () => {
    const { entries, text } = writtenLog(120000);
    await engine.run('written', 'true', { HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: { 'max-size': '100m', 'max-file': '4', compress: 'true' } } } });
    await until(async () => !(await engine.call('GET', '/containers/written/json')).State.Running);
    await until(async () => (await admin.get('/api/web/logs/sources')).json.sources.some(s => s.service === 'tower/docker/written'));
    const file = (await engine.call('GET', '/containers/written/json')).LogPath, pieces = text.split('\n'), cut = [0, 30000, 70000, pieces.length];
    ['.2', '.1', ''].forEach((end, i) => fs.writeFileSync(file + end, pieces.slice(cut[i], cut[i + 1]).join('\n') + (end && '\n')));
    await searchesBack(entries); // where the files may be read
    fs.writeFileSync(`${file}.3.gz`, gzipSync('')); // only the engine unpacks it
    await searchesBack(entries);
});

/** Where a page goes on, in microseconds: what it reached is told in milliseconds, and a slow machine may not come that far in the time it has. */
const position = cursor => (cursor === null ? -Infinity : Number(Buffer.from(cursor, 'base64url').toString().split('\n')[0]));

async function searchesBack(entries) {
    const since = Math.floor(entries[95000].at / 1000) + 1;
    for (const [query, like] of [['&q=needle&limit=100', e => e.log.startsWith('needle')], ['&q=nowhere', () => false], [`&limit=1000&since=${since}`, e => e.at >= since * 1000]]) {
        const wanted = entries.filter(like).map(e => e.log);
        let lines = [], cursor = '', reached = Infinity, at = Infinity;
        do {
            const p = await page(`${docker('written')}${query}&search_ms=100${cursor && `&before=${cursor}`}`);
            assert.equal(p.reached === null, p.before === null);
            assert.ok(p.reached === null || p.reached <= reached, `${p.reached} after ${reached}`);
            assert.ok(position(p.before) < at || (p.lines.length && position(p.before) === at), `${position(p.before)} after ${at}`);
            [lines, cursor, reached, at] = [[...p.lines, ...lines], p.before, p.reached, position(p.before)];
        } while (cursor);
        assert.deepEqual(lines.map(l => l.text), wanted);
    }
}

test('a terminal', async () => {
    assert.deepEqual(texts(await page(docker('terminal'))), ['\x1b[1mbold\x1b[0m', 'second']);
});

test('a unit: levels of the journal and of what is printed, both ways', async () => {
    const lines = await all(`${unit('talk.service')}&limit=70`);
    assert.equal(lines.filter(l => /^talk \d+$/.test(l.text)).length, 300);
    assert.deepEqual(lines.filter(l => l.text.startsWith('talk')).map(l => Number(l.text.slice(5))), Array.from({ length: 300 }, (_, i) => i + 1));
    assert.deepEqual((await page(`${unit('talk.service')}&level=err`)).lines.map(l => [l.level, l.text]), [['err', 'bad thing'], ['err', 'ERROR: printed']]);
    const first = await page(`${unit('talk.service')}&after=${lines[0].cursor}&limit=3`);
    assert.deepEqual(texts(first), ['talk 1', 'talk 2', 'talk 3']);
    const next = await page(`${unit('talk.service')}&after=${first.after}&limit=2`);
    assert.deepEqual(texts(next), ['talk 4', 'talk 5']);
});

/** What journalctl finds, by its cursors. */
const journalctl = (...args) => spawnSync('journalctl', ['-D', journal, '-q', '--no-pager', '-o', 'json', ...args], { encoding: 'utf8', maxBuffer: 1 << 28 })
    .stdout.split('\n').filter(Boolean).map(l => JSON.parse(l).__CURSOR);
const cursors = lines => lines.map(l => /s=[0-9a-f]{32};i=[^"]*;x=[0-9a-f]+/.exec(Buffer.from(l.cursor, 'base64url'))[0]);

test('a search of the journal finds what journalctl finds, in its order, under its cursors', async () => {
    const cases = [
        ['node=tower&q=talk+1', '--grep', 'talk 1'],
        [`${unit('talk.service')}&q=talk+2`, '-u', 'talk.service', '--grep', 'talk 2'],
        [`node=tower&regex=1&q=${encodeURIComponent('^talk \\d5$')}`, '--grep', '^talk \\d5$'],
        ['node=tower&q=long+++', '--grep', 'long   '], // long enough to be compressed
        ['node=tower&q=started&level=info', '-p', 'info', '--grep', 'started'],
        ['node=tower&q=nowhere+at+all', '--grep', 'nowhere at all'],
    ];
    for (const [query, ...args] of cases) {
        const found = cursors(await all(`${query}&limit=30`)), theirs = journalctl(...args);
        assert.deepEqual(found, theirs, query);
        assert.equal(found.length > 0, !query.includes('nowhere'), query);
    }
});

test('finds text and expressions', async () => {
    assert.equal((await page(`${docker('sorts')}&q=line+4&limit=1000`)).lines.length, 111);
    assert.deepEqual(texts(await page(`${unit('talk.service')}&regex=1&q=${encodeURIComponent('talk 2.5$')}`)).length, 10);
    assert.deepEqual(texts(await page(`${docker('sorts')}&q=warn`)), ['\x1b[31mWARN\x1b[0m red']);
    const nothing = await page(`${docker('sorts')}&q=nowhere`);
    assert.deepEqual([nothing.lines, nothing.before], [[], null]);
});

test('merges a container, a unit and the journal by time', async () => {
    const p = await page(`${docker('sorts')}&${unit('talk.service')}&node=tower&limit=1000`);
    const owners = new Set(p.lines.map(l => l.service));
    assert.ok(owners.has('tower/docker/sorts') && owners.has('tower/systemd/talk.service'));
    assert.ok(p.lines.every((l, i) => i === 0 || l.t >= p.lines[i - 1].t));
});

test('since and until', async () => {
    const lines = await all(docker('ticker'));
    const [from, to] = [lines[2].t, lines[4].t];
    assert.deepEqual(texts(await page(`${docker('ticker')}&since=${from}&until=${to + 1}`)).slice(0, 3), texts({ lines: lines.slice(2, 5) }));
});

test('says what is wrong', async () => {
    const say = async query => (await admin.get(`/api/web/logs?${query}`)).json;
    assert.equal((await say('')).field, 'service');
    assert.equal((await say('service=tower/docker/nope')).status, 404);
    assert.equal((await say('node=nope')).status, 404);
    assert.match((await say(`${docker('sorts')}&q=(&regex=1`)).detail, /closing parenthesis/);
    assert.equal((await say(`${docker('sorts')}&level=loud`)).field, 'level');
    assert.equal((await say(`${docker('sorts')}&limit=0`)).field, 'limit');
    assert.equal((await say(`${docker('sorts')}&before=xx`)).field, 'before');
});

test('an expression that explodes is given up, and said', async () => {
    const p = await page(`${docker('sorts')}&regex=1&q=${encodeURIComponent('^(([a-z])+)+$')}`);
    assert.match(p.partial[0].text, /too costly/);
});

test('operators may read, viewers may not', async () => {
    const operator = await h.person(admin, 'olga', 'operator'), viewer = await h.person(admin, 'vic', 'viewer');
    assert.equal((await operator.get(`/api/web/logs?${docker('sorts')}`)).status, 200);
    assert.equal((await viewer.get(`/api/web/logs?${docker('sorts')}`)).status, 403);
});

test('the download has every line, and is in the audit log', async () => {
    const a = await admin.get(`/api/web/logs/download?${docker('sorts')}`);
    assert.equal(a.status, 200);
    assert.match(a.headers['content-disposition'], /attachment/);
    assert.equal(a.text.trimEnd().split('\n').length, 506);
    assert.match(a.text, /^\d{4}-\S+Z tower\/docker\/sorts warning WARN red$/m);
    const { entries } = (await admin.get('/api/web/audit?action=logs.download')).json;
    assert.equal(entries[0].target, 'tower/docker/sorts');
});

test('a tail begins with the last lines, goes on, and resumes', async () => {
    const s = await LogStream.open(admin, `${docker('ticker')}&${docker('sorts')}&limit=5`);
    await until(() => s.lines.length >= 8);
    s.close();
    const number = t => Number(t.slice(5));
    const seen = s.texts.map(number);
    assert.deepEqual(seen, seen.map((_, i) => seen[0] + i));
    const t = await LogStream.open(admin, `${docker('ticker')}&${docker('sorts')}&limit=5`, { lastEventId: s.lastId });
    await until(() => t.lines.length >= 3);
    t.close();
    assert.equal(number(t.texts[0]), seen.at(-1) + 1);
});

test('a tail outlives a restart of its container', async () => {
    const s = await LogStream.open(admin, `${docker('ticker')}&limit=1`);
    await until(() => s.lines.length >= 2);
    await engine.restart('ticker');
    const before = s.lines.length;
    await until(() => s.texts.slice(before).includes('tick 3'));
    s.close();
});

test('a tail of a unit', async () => {
    fs.writeFileSync(`${machine}/units/later.service`, '[Service]\nExecStart=/bin/bash -c "for i in 1 2 3; do echo later $i; sleep 0.3; done; exec sleep 100000"\n');
    const s = await LogStream.open(admin, 'node=tower&limit=1&q=later');
    execFileSync('busctl', [`--address=${bus}`, 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'Reload']);
    startUnit('later.service');
    await until(() => s.texts.includes('later 3'));
    s.close();
});

test('a flood: a slow reader loses lines and is told; a quick one gets all', async () => {
    await engine.run('flood', 'sleep 2; i=0; while [ $i -lt 20 ]; do seq 10000 2>/dev/null || { k=0; while [ $k -lt 10000 ]; do echo "flood $i $k"; k=$((k+1)); done; }; i=$((i+1)); done; echo over; exec sleep 100000');
    await until(async () => (await admin.get('/api/web/logs/sources')).json.sources.some(s => s.service === 'tower/docker/flood'));
    const quick = await LogStream.open(admin, `${docker('flood')}&limit=1`);
    const slow = await LogStream.open(admin, `${docker('flood')}&limit=1`, { paused: true });
    await until(() => quick.texts.at(-1) === 'over', 60000, 'the flood');
    assert.equal(quick.lines.length + quick.dropped, 200001);
    slow.read();
    await until(() => slow.dropped > 0 || slow.lines.length === 200001, 60000, 'the slow one');
    const answer = await page(`${docker('flood')}&limit=1000`);
    assert.equal(answer.lines.at(-1).text, 'over');
    quick.close();
    slow.close();
});

test('the command line', async () => {
    const token = await h.token(admin, ['logs:read']);
    const env = { HYDRA_URL: h.base, HYDRA_TOKEN: token.auth.token };
    const out = await run(hydra, ['logs', 'tower/docker/sorts', '-n', '1100', '--no-color'], { env });
    assert.equal(out.code, 0, out.err);
    assert.match(out.out, /line 0\n/);
    assert.match(out.out, /\d\.\d{3} {2}WARN red$/m);
    const short = await run(hydra, ['logs', 'talk', '--grep', 'talk 30.', '-o', 'json'], { env });
    assert.deepEqual(short.out.trim().split('\n').map(l => JSON.parse(l).text), ['talk 300']);
    await engine.run('evil', "printf '\\033]0;title\\007\\033[2Jgone\\302\\233 \\033[32mgreen\\033[0m\\n'; exec sleep 100000");
    await until(async () => (await admin.get('/api/web/logs/sources')).json.sources.some(s => s.service === 'tower/docker/evil'));
    const evil = await until(async () => (await run(hydra, ['logs', 'tower/docker/evil', '--no-color'], { env })).out);
    assert.match(evil, /\?\]0;title\ufffd\?\[2Jgone\? green\n$/);
    const none = await run(hydra, ['logs', 'nothing-of-that-name'], { env });
    assert.equal(none.code, 2);
    assert.match(none.err, /no service or node nothing-of-that-name/);
});

test('the command line says how far back a search has come', async () => {
    const asked = [], line = { t: 1767225600000, service: 'n/docker/a', node: 'n', level: null, text: 'needle', cursor: 'c', fields: null };
    const answers = [{ lines: [], before: 'b1', reached: 1767229200000 }, { lines: [line], before: 'b2', reached: 1767225600000 }, { lines: [], before: null, reached: null }];
    const server = http.createServer((q, a) => {
        asked.push(new URL(q.url, 'http://x').searchParams);
        a.setHeader('content-type', 'application/json').end(JSON.stringify({ after: null, searched_ms: 1, partial: [], ...answers[(asked.length - 1) % 3] }));
    });
    await new Promise(r => server.listen(0, '127.0.0.1', r));
    const env = { HYDRA_URL: `http://127.0.0.1:${server.address().port}`, HYDRA_TOKEN: 'hydra_x', TZ: 'UTC' }, args = ['logs', 'n/docker/a', '--grep', 'needle'];
    const plain = await run(hydra, args, { env });
    assert.equal(plain.err, 'searched back to Jan 01 01:00:00, 0 found …\nsearched back to Jan 01 00:00:00, 1 found …\n');
    assert.match(plain.out, /^Jan 01 00:00:00\.000 {2}needle\n$/);
    assert.deepEqual(asked.map(p => [p.get('before'), p.get('search_ms')]), [[null, null], ['b1', null], ['b2', null]]);
    const terminal = await run('script', ['-qec', [hydra, ...args, '--no-color'].join(' '), '/dev/null'], { env: { ...env, PATH: process.env.PATH } });
    assert.match(terminal.out, /\r\x1b\[Ksearched back to Jan 01 01:00:00, 0 found …\r\x1b\[Ksearched back to Jan 01 00:00:00, 1 found …\r\x1b\[KJan 01 00:00:00\.000 {2}needle/);
    assert.ok(asked.slice(3).every(p => p.get('search_ms') === '1000'));
    server.close();
});

test('a graceful end says goodbye to tails', async () => {
    const s = await LogStream.open(admin, `${docker('ticker')}&limit=1`);
    await until(() => s.lines.length >= 1);
    await h.stop();
    await until(() => s.ended);
    assert.equal(s.events.at(-1).event, 'goodbye');
});
