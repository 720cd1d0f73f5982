// Clients that are slow, large, many, half gone or hostile, and the end of the server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ADMIN, Hydrad, binary, hydrad, plainEnvironment, run, scratchFolder, sleep, until } from './lib/hydrad.mjs';
import { Raw, exchange, statuses } from './lib/raw.mjs';

let h, admin, slowHead, slowBody, dribble, halfOpen;
const HOST = 'Host: 127.0.0.1\r\n';

before(async () => {
    h = await Hydrad.start();
    admin = await h.setUp();
    // These take their time; they are looked at in the last tests.
    slowHead = await slow(`GET /readyz HTTP/1.1\r\n${HOST}`, 'X: y\r\n');
    slowBody = await slow(`POST /api/web/login HTTP/1.1\r\n${HOST}Origin: http://127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`, ' ');
    dribble = await slow('G', '');
    halfOpen = run('unshare', ['--net', process.execPath, new URL('./lib/half-open.mjs', import.meta.url).pathname], { timeout: 150000 });
});
after(async () => {
    for (const s of [slowHead, slowBody, dribble]) { clearInterval(s?.timer); s?.raw.destroy(); }
    await h?.done();
});

/** Sends `first`, then `more` each second. */
async function slow(first, more) {
    const s = { raw: await Raw.open(h.port), startedAt: performance.now() };
    s.raw.write(first);
    s.timer = setInterval(() => { if (more && !s.raw.ended) s.raw.write(more); }, 1000);
    s.end = s.raw.closed(45000).then(text => { clearInterval(s.timer); s.seconds = (performance.now() - s.startedAt) / 1000; s.statuses = statuses(text); return s; });
    s.end.catch(() => {});
    return s;
}

const cpuSeconds = pid => { const f = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(f[11]) + Number(f[12])) / 100; };

test('a body over 1 MiB: 413, announced or not', async () => {
    const head = `POST /api/web/login HTTP/1.1\r\n${HOST}Origin: http://127.0.0.1\r\nContent-Type: application/json\r\n`;
    const announced = await exchange(h.port, `${head}Content-Length: 1048577\r\n\r\n`);
    assert.deepEqual(announced.statuses, [413], 'before the body has come');
    assert.match(announced.answer, /application\/problem\+json/);
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const chunked = await exchange(h.port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}`, 60000);
    assert.deepEqual(chunked.statuses, [413]);
    const fits = await h.client().post('/api/web/login', JSON.stringify({ name: 'x', password: 'y'.repeat(1048000) }));
    assert.equal(fits.status, 401);
    const asked = await exchange(h.port, `${head}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n`);
    assert.deepEqual(asked.statuses, [413], 'no 100 Continue for what will be refused');
});

test('a head over 16 KiB or with more than 100 fields: 431', async () => {
    const big = await exchange(h.port, `GET /readyz HTTP/1.1\r\n${HOST}X: ${'x'.repeat(17000)}\r\n\r\n`, 60000);
    assert.deepEqual(big.statuses, [431]);
    assert.ok(big.ended);
    const many = await exchange(h.port, `GET /readyz HTTP/1.1\r\n${HOST}${'A: b\r\n'.repeat(120)}\r\n`, 60000);
    assert.deepEqual(many.statuses, [431]);
    const line = await exchange(h.port, `GET /${'x'.repeat(20000)} HTTP/1.1\r\n${HOST}\r\n`, 60000);
    assert.ok([414, 431].includes(line.statuses[0]), line.answer.slice(0, 100));
    const endless = await Raw.open(h.port);
    for (let i = 0; i < 20 && !endless.ended; i++) { endless.write('x'.repeat(4096)); await sleep(5); }
    assert.ok([400, 414, 431].includes(statuses(await endless.closed(2000).catch(() => endless.text))[0]));
    endless.destroy();
});

test('pipelined requests are answered in order, whatever thread each runs on', async () => {
    const cookie = `Cookie: hydra_session=${admin.auth.cookie}\r\n`;
    const paths = Array.from({ length: 60 }, (_, i) => ['/readyz', '/api/web/users', '/api/web/session', `/nowhere-${i}`, '/api/web/audit?limit=1', '/api/web/permissions'][i % 6]);
    const r = await Raw.open(h.port);
    r.write(paths.map(p => `GET ${p} HTTP/1.1\r\n${HOST}${cookie}\r\n`).join(''));
    await r.until(t => statuses(t).length === 60);
    assert.deepEqual(statuses(r.text), paths.map(p => (p.startsWith('/nowhere') ? 404 : 200)));
    const marks = ['"status":"ok"', '"users"', '"session_id"', 'There is nothing', '"entries"', '"roles"'];
    const parts = r.text.split(/(?=HTTP\/1\.1 \d{3} )/);
    parts.forEach((p, i) => assert.ok(p.includes(marks[i % 6]), `answer ${i} is not of ${paths[i]}`));
    r.write(`GET /readyz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\nGET /never HTTP/1.1\r\n${HOST}\r\n`);
    assert.deepEqual(statuses((await r.closed()).split(/(?=HTTP\/1\.1 \d{3} )/).slice(60).join('')), [200], 'nothing after Connection: close');
});

test('a pipeline of thousands is answered whole and holds up nobody', async () => {
    const r = await Raw.open(h.port);
    const n = 5000;
    r.write(`GET /healthz HTTP/1.1\r\n${HOST}\r\n`.repeat(n));
    assert.equal((await h.client().get('/readyz')).status, 200);
    await r.until(t => t.length > n * 100 && statuses(t).length === n, 60000);
    r.destroy();
});

test('requests that could be read in two ways are refused, and the connection ends', async () => {
    const post = `POST /api/web/login HTTP/1.1\r\n${HOST}Origin: http://127.0.0.1\r\nContent-Type: application/json\r\n`;
    const hidden = `GET /hidden HTTP/1.1\r\n${HOST}\r\n`;
    const samples = {
        'length and chunked': `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
        'chunked and length': `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`,
        'two lengths': `${post}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${hidden}`,
        'two equal lengths': `${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${hidden}`,
        'a list of lengths': `${post}Content-Length: 0, 44\r\n\r\n${hidden}`,
        'a signed length': `${post}Content-Length: +2\r\n\r\n{}${hidden}`,
        'a negative length': `${post}Content-Length: -1\r\n\r\n${hidden}`,
        'a hexadecimal length': `${post}Content-Length: 0x2\r\n\r\n{}${hidden}`,
        'an endless length': `${post}Content-Length: 99999999999999999999\r\n\r\n${hidden}`,
        'an empty length': `${post}Content-Length: \r\n\r\n${hidden}`,
        'an unknown coding': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
        'two codings': `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
        'gzip then chunked': `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${hidden}`,
        'chunked twice': `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
        'a tab before chunked': `${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${hidden}`,
        'space before the colon': `${post}Content-Length : 2\r\n\r\n{}${hidden}`,
        'coding with space before the colon': `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
        'a folded line': `${post}X: a\r\n b\r\nContent-Length: 0\r\n\r\n${hidden}`,
        'a folded coding': `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${hidden}`,
        'bare LF': `GET /readyz HTTP/1.1\n${HOST}\n\n${hidden}`,
        'bare LF in a field': `GET /readyz HTTP/1.1\r\n${HOST}X: a\nY: b\r\n\r\n${hidden}`,
        'bare CR in a field': `GET /readyz HTTP/1.1\r\n${HOST}X: a\rY: b\r\n\r\n${hidden}`,
        'NUL in a field': `GET /readyz HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n${hidden}`,
        'a bad chunk size': `${post}Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n${hidden}`,
        'a signed chunk size': `${post}Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n${hidden}`,
        'a huge chunk size': `${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n${hidden}`,
        'a 0x chunk size': `${post}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n${hidden}`,
        'bare LF after a chunk size': `${post}Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n${hidden}`,
        'a chunk longer than it says': `${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n${hidden}`,
        'no Host': `GET /readyz HTTP/1.1\r\n\r\n${hidden}`,
        'an empty Host': `GET /readyz HTTP/1.1\r\nHost:\r\n\r\n${hidden}`,
        'two Hosts': `GET /readyz HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n${hidden}`,
        'target and Host differ': `GET http://evil.example/readyz HTTP/1.1\r\n${HOST}\r\n${hidden}`,
        'two spaces': `GET  /readyz HTTP/1.1\r\n${HOST}\r\n${hidden}`,
        'a space in the target': `GET /rea dyz HTTP/1.1\r\n${HOST}\r\n${hidden}`,
        'a field without a name': `GET /readyz HTTP/1.1\r\n${HOST}: x\r\n\r\n${hidden}`,
        'a field without a colon': `GET /readyz HTTP/1.1\r\n${HOST}nonsense\r\n\r\n${hidden}`,
        'a space at the start of a field': `GET /readyz HTTP/1.1\r\n X: y\r\n${HOST}\r\n${hidden}`,
        'HTTP/0.9': `GET /readyz\r\n${hidden}`,
        'HTTP/2.0': `GET /readyz HTTP/2.0\r\n${HOST}\r\n${hidden}`,
        'HTTP/1.10': `GET /readyz HTTP/1.10\r\n${HOST}\r\n${hidden}`,
        'TLS': `\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03${'r'.repeat(200)}`,
    };
    const wrong = [];
    await Promise.all(Object.entries(samples).map(async ([name, bytes]) => {
        const a = await exchange(h.port, bytes, 4000);
        const refused = a.statuses.length === 1 && (a.statuses[0] === 400 || (name.startsWith('HTTP/') && a.statuses[0] === 505) || (/coding|codings|gzip|chunked twice/.test(name) && a.statuses[0] === 501));
        if (!refused || !a.ended) wrong.push(`${name}: ${a.statuses} ${a.ended ? 'closed' : 'open'}`);
    }));
    assert.deepEqual(wrong, []);
});

test('a client that has said all and shuts its half gets its answer', async () => {
    for (const [what, path] of [['loop', '/readyz'], ['worker', '/api/web/users']]) {
        const r = await Raw.open(h.port);
        r.write(`GET ${path} HTTP/1.1\r\n${HOST}Cookie: hydra_session=${admin.auth.cookie}\r\n\r\n`);
        r.socket.end();
        assert.deepEqual(statuses(await r.closed(3000)), [200], what);
    }
    const half = await Raw.open(h.port);
    half.write(`GET /readyz HTTP/1.1\r\nHost`);
    half.socket.end();
    await half.closed(2000);
});

test('clients that vanish in the middle of everything leave nothing behind', async () => {
    const connections = async () => (await admin.get('/api/web/system')).json.http.connections;
    const before = await connections();
    const cookie = `Cookie: hydra_session=${admin.auth.cookie}\r\n`;
    const starts = ['', 'GET /re', `GET /readyz HTTP/1.1\r\n${HOST}`, `POST /api/web/login HTTP/1.1\r\n${HOST}Content-Length: 50\r\n\r\n{`,
        `GET /api/web/audit/download?format=json HTTP/1.1\r\n${HOST}${cookie}\r\n`, `GET /api/web/users HTTP/1.1\r\n${HOST}${cookie}\r\n`,
        `GET /api/events/cluster HTTP/1.1\r\n${HOST}${cookie}\r\n`, `GET /readyz HTTP/1.1\r\n${HOST}\r\n`.repeat(50)];
    for (let i = 0; i < 400; i++) {
        const r = await Raw.open(h.port);
        r.write(starts[i % starts.length]);
        if (i % 3 === 0) await sleep(1);
        if (i % 2) r.socket.resetAndDestroy();
        else r.destroy();
    }
    await until(async () => (await connections()) <= before, 60000, 'all connections gone');
    await until(async () => (await admin.get('/api/events/stats')).json.subscribers === 0, 60000, 'all streams gone');
});

test('a second hydrad on the same data folder says who has it', async () => {
    const r = await hydrad(['--data', h.dir, '--listen', '127.0.0.1:0']);
    assert.equal(r.code, 1);
    assert.match(r.err, new RegExp(`Another hydrad \\(process ${h.process.pid}\\) already uses .*--data`));
    assert.equal(r.out, '');
    assert.equal((await admin.get('/readyz')).status, 200, 'the first goes on');
});

test('a port that is taken is named', async () => {
    const dir = scratchFolder();
    const r = await hydrad(['--data', dir, '--listen', `127.0.0.1:${h.port}`]);
    fs.rmSync(dir, { recursive: true });
    assert.equal(r.code, 1);
    assert.match(r.err, new RegExp(`127\\.0\\.0\\.1:${h.port}.*(in use|taken)`), r.err);
});

test('SIGTERM: requests under way are finished, streams are told, new ones refused, and it ends', async () => {
    const one = await Hydrad.start();
    try {
        const a = await one.setUp();
        const stream = await a.events(), idle = await Raw.open(one.port), upload = await Raw.open(one.port);
        const body = JSON.stringify(ADMIN);
        upload.write(`POST /api/web/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
        const logins = Array.from({ length: 6 }, () => one.client().post('/api/web/login', ADMIN));
        await until(async () => (await a.get('/api/web/system')).json.http.connections >= 1 + 2 + logins.length, 60000, 'all to be there'); // the stream is none any more
        await sleep(50);
        const end = one.stop();
        await stream.end();
        assert.equal(stream.of('goodbye').length, 1);
        await idle.closed();
        await assert.rejects(Raw.open(one.port), /ECONNREFUSED/);
        upload.write(body.slice(10));
        assert.deepEqual(statuses(await upload.closed()), [200]);
        assert.match(upload.text, /connection: close/i);
        for (const l of await Promise.all(logins)) assert.equal(l.status, 200);
        const { code, signal } = await end;
        assert.deepEqual([code, signal], [0, null]);
    } finally {
        await one.done();
    }
});

test('SIGTERM with clients that never finish: it ends all the same', async () => {
    const one = await Hydrad.start();
    try {
        const r = await Raw.open(one.port);
        r.write(`POST /api/web/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{`);
        await sleep(50);
        assert.equal((await one.stop()).code, 0);
        r.destroy();
    } finally {
        await one.done();
    }
});

test('out of file descriptors: who is there is served, and when some are free again, so are others', async () => {
    const one = await Hydrad.start({ prefix: ['bash', '-c', 'ulimit -n 96; exec "$@"', '_'] });
    const many = [];
    try {
        const a = await one.setUp();
        const keep = await Raw.open(one.port);
        const ask = async () => { const n = statuses(keep.text).length; keep.write(`GET /readyz HTTP/1.1\r\n${HOST}\r\n`); await keep.until(t => statuses(t).length > n, 60000); return statuses(keep.text).at(-1); };
        assert.equal(await ask(), 200);
        for (let i = 0; i < 300; i++) { const s = net.connect(one.port, '127.0.0.1'); s.on('error', () => {}); many.push(s); }
        await sleep(1000);
        assert.equal(await ask(), 200, 'an open connection is served');
        const before = cpuSeconds(one.process.pid);
        await sleep(2000);
        assert.ok(cpuSeconds(one.process.pid) - before < 0.5, `${cpuSeconds(one.process.pid) - before} s of CPU in 2 s of waiting`);
        for (const s of many) s.destroy();
        await until(async () => (await one.client().get('/readyz', { timeout: 1000 }).catch(() => null))?.status === 200, 60000, 'served again');
        assert.equal((await a.get('/api/web/overview')).status, 200);
        assert.equal((await a.post('/api/web/services', { name: 'After' })).status, 201);
    } finally {
        for (const s of many) s.destroy();
        await one.done();
    }
});

/** Opens `n` idle connections in a process of its own; resolves once they are there. */
function crowd(port, n) {
    const code = `const net = require('net'); let open = 0, ended = 0, said = '';
        const one = () => new Promise(r => { const s = net.connect(${port}, '127.0.0.1', () => { open++; r(); }); s.on('error', () => r()); s.on('data', d => { said += d; }); s.on('close', () => ended++); });
        (async () => { for (let i = 0; i < ${n}; i += 100) await Promise.all(Array.from({ length: Math.min(100, ${n} - i) }, one)); console.log(open); })();
        process.stdin.on('data', () => { console.log(JSON.stringify({ open, ended })); });`;
    const p = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'], env: plainEnvironment() });
    process.on('exit', () => p.kill('SIGKILL'));
    const line = () => new Promise(r => p.stdout.once('data', d => r(JSON.parse(d))));
    return line().then(open => ({ open, ask: () => { const l = line(); p.stdin.write('?'); return l; }, end: () => { p.kill('SIGKILL'); } }));
}

test('10,000 idle connections, the limit: served; one more gets 503 with Retry-After; they leave, all is well', async () => {
    const one = await Hydrad.start({ args: ['--connections', '10000'] });
    const crowds = [];
    try {
        const a = await one.setUp();
        await a.get('/readyz');
        const stats = async () => (await a.get('/api/web/system')).json.http;
        const resident = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${one.process.pid}/status`, 'utf8'))[1]);
        const kib = resident(), here = (await stats()).connections;
        for (let i = 0; i < 2; i++) crowds.push(await crowd(one.port, 4900));
        let filled = await stats();
        assert.equal(filled.connections, here + 9800);
        const each = (resident() - kib) / 9800;
        assert.ok(each < 4, `${each.toFixed(1)} KiB for an idle connection`);
        assert.equal((await a.get('/api/web/overview')).status, 200);
        crowds.push(await crowd(one.port, 10000 - filled.connections));
        filled = await stats();
        assert.equal(filled.connections, 10000);
        const more = await exchange(one.port, `GET /readyz HTTP/1.1\r\n${HOST}\r\n`, 60000);
        assert.deepEqual(more.statuses, [503], more.answer);
        assert.match(more.answer, /^Retry-After: \d+\r$/m);
        assert.ok(more.ended);
        assert.equal((await a.get('/api/web/overview')).status, 200, 'who is in is served');
        assert.ok((await stats()).refused_total > filled.refused_total - 1);
        for (const c of crowds) c.end();
        await until(async () => (await stats()).connections < 100, 60000, 'gone');
        assert.deepEqual((await exchange(one.port, `GET /readyz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)).statuses, [200]);
    } finally {
        for (const c of crowds) c.end();
        await one.done();
    }
});

test('slow loris: a head or a body that never ends is cut off with 408', async () => {
    const head = await slowHead.end;
    assert.deepEqual(head.statuses, [408]);
    assert.ok(head.seconds > 8, `head after ${head.seconds} s`);
    await dribble.end;
    const body = await slowBody.end;
    assert.deepEqual(body.statuses, [408]);
    assert.ok(body.seconds > 25, `body after ${body.seconds} s`);
});

test('a reader of events whose network is gone is given up, and holds up nobody', async () => {
    const r = await halfOpen;
    assert.equal(r.code, 0, r.err);
    const seen = JSON.parse(r.out);
    assert.ok(seen.meanwhile > 0, 'the other reader gets its events');
    assert.equal(seen.ended, false);
    assert.ok(seen.seconds > 30, `after ${seen.seconds} s: a short break is no end`);
});
