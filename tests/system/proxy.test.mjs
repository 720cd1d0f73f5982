// Behind a reverse proxy: whose X-Forwarded-… counts, what it changes, and the examples of docs/access.md before real proxies.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ADMIN, Hydrad, cookieOf, root, run, until } from './lib/hydrad.mjs';

const NAME = 'hydra.example.org';
let plain, behind;

before(async () => {
    plain = await Hydrad.start({ args: ['--hosts', NAME] });
    behind = await Hydrad.start({ args: ['--hosts', `${NAME}, *.wild.example.org`, '--trusted-proxies', '127.0.0.1, ::1'] });
    plain.admin = await plain.setUp();
    behind.admin = await behind.setUp();
});
after(async () => {
    await plain?.done();
    await behind?.done();
});

const FORWARDED = { host: NAME, origin: `https://${NAME}`, 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };

/** Signs in with these header fields; the answer. `from`: the address to come from. */
async function login(h, headers, { name = ADMIN.name, password = ADMIN.password, from } = {}) {
    const c = h.client({ from });
    const a = await c.post('/api/web/login', { name, password }, { headers });
    c.close();
    return a;
}

async function lastLogin(h) {
    const a = await h.admin.get('/api/web/audit?action=login&limit=1');
    assert.equal(a.status, 200, a.text);
    return a.json.entries[0];
}

test('a proxy that is trusted says who asks, and over what', async () => {
    const a = await login(behind, FORWARDED);
    assert.equal(a.status, 200, a.text);
    assert.match(a.headers['set-cookie'][0], /; Secure$/);
    assert.match(a.headers['strict-transport-security'], /^max-age=\d+$/);
    assert.equal(a.json.insecure, false);
    assert.equal((await lastLogin(behind)).address, '203.0.113.9');
    const session = (await behind.admin.get('/api/web/sessions')).json.sessions.find(s => s.id === a.json.session_id);
    assert.equal(session.address, '203.0.113.9');
});

test('what its client made up does not count', async () => {
    const a = await login(behind, { ...FORWARDED, 'x-forwarded-for': '198.51.100.1, 203.0.113.10', 'x-forwarded-proto': 'http' });
    assert.equal(a.status, 200, a.text);
    assert.doesNotMatch(a.headers['set-cookie'][0], /Secure/);
    assert.equal(a.headers['strict-transport-security'], undefined);
    assert.equal(a.json.insecure, true, 'plain HTTP from elsewhere');
    assert.equal((await lastLogin(behind)).address, '203.0.113.10');
});

test('nobody is trusted unless the setting says so, and the admins are told', async () => {
    const a = await login(plain, FORWARDED);
    assert.equal(a.status, 200, a.text);
    assert.doesNotMatch(a.headers['set-cookie'][0], /Secure/);
    assert.equal(a.headers['strict-transport-security'], undefined);
    assert.equal((await lastLogin(plain)).address, '127.0.0.1');
    const warnings = async () => (await plain.admin.get('/api/web/system')).json.warnings.filter(w => w.key === 'untrusted-proxy');
    assert.deepEqual(await warnings(), [], 'who is not signed in suggests nothing');
    await plain.client({ cookie: cookieOf(a) }).get('/api/web/session', { headers: FORWARDED });
    const [w] = await warnings();
    assert.match(w.hint, /trusted-proxies: 127\.0\.0\.1/);
    const other = (await behind.admin.get('/api/web/system')).json.warnings;
    assert.deepEqual(other.filter(x => x.key === 'untrusted-proxy'), []);
});

test('another address than the trusted one is not believed', async () => {
    const a = await login(behind, FORWARDED, { from: '127.0.0.2' });
    assert.equal(a.status, 200, a.text);
    assert.doesNotMatch(a.headers['set-cookie'][0], /Secure/);
    assert.equal((await lastLogin(behind)).address, '127.0.0.2');
});

test('the forwarded host stands for Host where it is known, and hides none that is not', async () => {
    const other = { ...FORWARDED, host: `127.0.0.1:${behind.port}`, 'x-forwarded-host': NAME };
    assert.equal((await login(behind, other)).status, 200);
    assert.equal((await login(behind, { ...other, origin: 'https://evil.example' })).status, 403);
    assert.equal((await login(behind, { ...other, 'x-forwarded-host': 'evil.example' })).status, 421);
    assert.equal((await login(behind, { ...other, 'x-forwarded-host': 'two words' })).status, 421);
    assert.equal((await login(behind, { ...other, host: 'evil.example' })).status, 421, 'a page that points its name at the proxy');
    assert.equal((await login(plain, { ...other, host: `127.0.0.1:${plain.port}` })).status, 403, 'not believed');
});

test('only names of its own are told to use TLS alone', async () => {
    const says = async host => (await behind.admin.get('/healthz', { headers: { ...FORWARDED, host } })).headers['strict-transport-security'];
    assert.ok(await says(NAME));
    assert.ok(await says(`${NAME}:8443`));
    for (const host of [`a.wild.example.org`, '127.0.0.1', 'localhost']) assert.equal(await says(host), undefined, host);
});

test('wrong passwords of one visitor do not lock out the others', { timeout: 120000 }, async () => {
    const wrong = i => login(behind, { ...FORWARDED, 'x-forwarded-for': '203.0.113.66' }, { name: `nobody${i}`, password: 'wrong wrong wrong' });
    let refused = false;
    for (let i = 0; i < 30 && !refused; i++) refused = (await wrong(i)).status === 429;
    assert.ok(refused, 'the network of the guesser waits');
    assert.equal((await login(behind, { ...FORWARDED, 'x-forwarded-for': '203.0.113.67' })).status, 200);
});

// --- real proxies, as the manual says ---

const manual = fs.readFileSync(path.join(root, 'docs/access.md'), 'utf8');

/** The code block that follows "**NAME**". */
function example(name) {
    const m = new RegExp(`\\*\\*${name}\\*\\*[^]*?\`\`\`\\w*\\n([^]*?)\`\`\``).exec(manual);
    assert.ok(m, `docs/access.md has an example for ${name}`);
    return m[1];
}

const freePort = () => 20000 + Math.floor(Math.random() * 12000);

async function certificate(dir) {
    const [cert, key] = ['cert.pem', 'key.pem'].map(f => path.join(dir, f));
    const r = await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`]);
    assert.equal(r.code, 0, r.err);
    return { cert, key };
}

const PROXIES = {
    nginx(dir, port, { cert, key }, hydra) {
        const server = example('nginx').replace('listen 443', `listen 127.0.0.1:${port}`).replace('/etc/ssl/hydra.pem', cert).replace('/etc/ssl/hydra.key', key).replace('127.0.0.1:7770', hydra);
        const file = path.join(dir, 'nginx.conf');
        const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(t => `${t}_temp_path ${dir}/${t};`).join('\n');
        fs.writeFileSync(file, `daemon off;\nuser root;\npid ${dir}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temp}\n${server}\n}\n`);
        return ['nginx', ['-c', file, '-p', dir]];
    },
    caddy(dir, port, { cert, key }, hydra) {
        const site = example('Caddy').replace(`${NAME} {`, `https://${NAME}:${port} {\n    tls ${cert} ${key}`).replace('127.0.0.1:7770', hydra);
        const file = path.join(dir, 'Caddyfile');
        fs.writeFileSync(file, `{\n    admin off\n    auto_https off\n    default_bind 127.0.0.1\n}\n${site}`);
        return ['caddy', ['run', '--config', file, '--adapter', 'caddyfile']];
    },
};

/** One request over TLS to 127.0.0.1:port, as if NAME were there. `body`: once so many bytes are there it need not end. */
function over(port, method, where, { body, headers = {}, enough = Infinity } = {}) {
    return new Promise((resolve, reject) => {
        const all = { host: `${NAME}:${port}`, ...headers };
        if (body) Object.assign(all, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
        const r = https.request({ host: '127.0.0.1', port, servername: NAME, rejectUnauthorized: false, method, path: where, headers: all, agent: false }, a => {
            let text = '';
            const end = () => { resolve({ status: a.statusCode, headers: a.headers, text }); r.destroy(); };
            a.on('data', d => { text += d; if (text.length >= enough) end(); });
            a.on('end', end);
        });
        r.setTimeout(20000, () => r.destroy(new Error(`${method} ${where}: nothing came`)));
        r.on('error', reject);
        r.end(body);
    });
}

for (const [name, setUp] of Object.entries(PROXIES))
    test(`the example for ${name}`, { timeout: 60000 }, async () => {
        const dir = fs.mkdtempSync(path.join(behind.ownDir, 'proxy-'));
        const port = freePort();
        const [program, args] = setUp(dir, port, await certificate(dir), `127.0.0.1:${behind.port}`);
        let said = '';
        const p = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: dir } });
        process.on('exit', () => p.kill('SIGKILL'));
        for (const s of [p.stdout, p.stderr]) s.on('data', d => { said += d; });
        try {
            await until(() => over(port, 'GET', '/readyz').then(a => a.status === 200, () => false), 60000, `${name}: ${said}`);
            const origin = `https://${NAME}:${port}`;
            const forged = { origin, 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' };
            const a = await over(port, 'POST', '/api/web/login', { body: JSON.stringify({ name: ADMIN.name, password: ADMIN.password }), headers: forged });
            assert.equal(a.status, 200, a.text);
            assert.match(a.headers['set-cookie'][0], /Secure/);
            assert.ok(a.headers['strict-transport-security']);
            assert.equal((await lastLogin(behind)).address, '127.0.0.1', 'what the client said of itself is gone');
            const cookie = a.headers['set-cookie'][0].split(';')[0];
            const overview = await over(port, 'GET', '/api/web/overview', { headers: { cookie } });
            assert.equal(overview.status, 200);
            const stream = await over(port, 'GET', '/api/events/cluster', { headers: { cookie, accept: 'text/event-stream' }, enough: 200 });
            assert.match(stream.headers['content-type'], /event-stream/);
            assert.match(stream.text, /^(id|event|data|retry|:)/m, 'the stream is not held back');
            const added = await over(port, 'PUT', '/api/web/profile', { body: '{"display_name":"Ada"}', headers: { cookie, origin } });
            assert.ok(added.status < 300, added.text);
        } finally {
            p.kill('SIGTERM');
            await new Promise(r => p.on('exit', r));
        }
    });
