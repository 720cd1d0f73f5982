// hydra, the command line, against a real hydrad: exit codes, formats, watching, completion.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';

const binary = path.join(root, 'build/hydra');
const dir = scratchFolder();
let server, admin, env;

before(async () => {
    server = await Hydrad.start({ args: ['--node', 'tower'] });
    admin = await server.setUp();
    const token = await admin.post('/api/web/tokens', { name: 'cli', scopes: ['*'] });
    env = { HYDRA_URL: server.base, HYDRA_TOKEN: token.json.secret, HOME: dir };
});
after(async () => {
    await server.done();
    fs.rmSync(dir, { recursive: true, force: true });
});

const hydra = (args, more = {}) => run(binary, args, { env: { ...env, ...more } });

/** A `hydra` that goes on: what it has printed, until it is ended. */
function watching(args) {
    const p = spawn(binary, args, { env: plainEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
    const w = { out: '', err: '', end: null };
    p.stdout.on('data', d => { w.out += d; });
    p.stderr.on('data', d => { w.err += d; });
    const closed = new Promise(resolve => p.on('close', (code, signal) => resolve(w.end = { code, signal })));
    w.stop = () => { p.kill(); return closed; };
    return w;
}

test('hydra status tells by its exit code: well, wrong, can\'t tell', async () => {
    const away = await hydra(['status'], { HYDRA_URL: 'http://127.0.0.1:1' });
    assert.equal(away.code, 2);
    assert.match(away.err, /127\.0\.0\.1:1 does not answer/);
    assert.equal((await hydra(['status'], { HYDRA_TOKEN: 'hyd_nobody' })).code, 2);
    const added = await hydra(['service', 'add', 'Nothing', '--check', 'tcp', '--target', '127.0.0.1:1', '--interval', '1s', '--retries', '0']);
    assert.equal(added.code, 0, added.err);
    const s = await until(async () => {
        const r = await hydra(['status']);
        return r.code === 1 && /Nothing is down/.test(r.out) && r;
    });
    assert.match(s.out, /^✗ /);
    assert.doesNotMatch(s.out, /\x1b/, 'no colour without a terminal');
});

test('each format is what its name says', async () => {
    const json = JSON.parse((await hydra(['status', '-o', 'json'])).out);
    assert.equal(json.exit, 1);
    const [names, values] = (await hydra(['status', '-o', 'csv'])).out.split('\r\n');
    assert.match(names, /^exit,severity,sentence,/);
    assert.match(values, /^1,bad,/);
    assert.match((await hydra(['services', '-o', 'csv'])).out, /^service,state,since,.*\r\n(.*\r\n)*manual\/nothing,down,/);
    assert.match((await hydra(['services', '-o', 'yaml'])).out, /- service: "?manual\/nothing"?\n +state: down\n/);
    const wrong = await hydra(['services', '-o', 'xml']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /table, json, yaml or csv/);
});

for (const verb of ['status', 'services'])
    test(`hydra ${verb} --watch shows what changes, again and again, until it is ended`, async () => {
        const w = watching([verb, '--watch', '-o', 'json']);
        await until(() => w.out.includes('manual/nothing'));
        for (const name of ['first', 'second', 'third']) {
            const a = await admin.post('/api/web/services', { name: `${verb} ${name}`, check: { kind: 'tcp', target: '127.0.0.1:1', interval_ms: 1000, retries: 0 } });
            assert.equal(a.status, 201, a.text);
            await until(() => w.end || w.out.includes(`${verb}-${name}`), 60000, `${name} (${w.err})`);
            assert.equal(w.end, null, w.err);
        }
        assert.deepEqual(await w.stop(), { code: null, signal: 'SIGTERM' });
        assert.equal(w.err, '');
    });

test('hydra events --follow tells what happens from now on', async () => {
    const w = watching(['events', '--follow', '-o', 'json']);
    // Nobody can tell from outside when it has begun to listen: one more each second.
    let last = 0;
    const line = await until(async () => {
        if (performance.now() - last > 1000) {
            last = performance.now();
            await admin.post('/api/web/services', { name: `seen ${Math.round(last)}`, check: { kind: 'tcp', target: '127.0.0.1:1', interval_ms: 1000, retries: 0 } });
        }
        return w.end || w.out.split('\n').find(l => l.includes('seen'));
    }, 60000);
    assert.equal(w.end, null, w.err);
    assert.equal(JSON.parse(line).event, 'feed.added');
    await w.stop();
});

test('what is not permitted names the permission', async () => {
    const t = await hydra(['token', 'add', 'reader', '--scope', 'services:read']);
    assert.match(t.out, /^hyd_\S+\n$/, 'the token alone');
    const r = await hydra(['users'], { HYDRA_TOKEN: t.out.trim() });
    assert.equal(r.code, 2);
    assert.match(r.err, /This token lacks the permission users:read/);
    const wrong = await hydra(['nodes'], { HYDRA_TOKEN: 'hyd_nobody' });
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /This token is not valid, or no longer/);
});

test('a token of a viewer is told that the role lacks it, and a list says who is limited to what', async () => {
    const added = await admin.post('/api/web/users', { name: 'vera', password: 'looks and never touches', role: 'viewer', limits: 'node:tower' });
    assert.equal(added.status, 201, added.text);
    const vera = await server.signIn('vera', 'looks and never touches');
    const token = await vera.post('/api/web/tokens', { name: 'all', scopes: ['*'] });
    const users = await hydra(['users'], { HYDRA_TOKEN: token.json.secret });
    assert.equal(users.code, 2);
    assert.match(users.err, /The role viewer lacks the permission users:read/);
    const rows = JSON.parse((await hydra(['users', '-o', 'json'])).out);
    assert.deepEqual(rows.map(u => [u.name, u.limits]).sort(), [['ada', ''], ['vera', 'node:tower']]);
    assert.match((await hydra(['users'])).out, /ROLE +LIMITS +STATE/);
});

test('a service goes by an end of its id that no other has', async () => {
    for (const name of ['Router', 'Router 2'])
        assert.equal((await hydra(['service', 'add', name])).code, 0);
    assert.match((await hydra(['service', 'show', 'router'])).out, /id: "?manual\/router"?\n/);
    assert.equal((await hydra(['service', 'edit', 'router-2', '--description', 'The way out'])).code, 0);
    assert.match((await hydra(['service', 'show', 'manual/router-2'])).out, /The way out/);
    assert.equal((await hydra(['service', 'rm', 'router-2'])).code, 0);
    assert.equal((await hydra(['service', 'edit', 'manual/router-2', '--name', 'Router 2'])).code, 0, 'a removed one comes back');
    assert.equal((await hydra(['service', 'rm', 'router-2'])).code, 0);
    for (const args of [['show'], ['rm'], ['edit', '--description', 'x'], ['restart']]) {
        const [verb, ...options] = args, none = await hydra(['service', verb, 'router-2', ...options]);
        assert.deepEqual([none.code, none.out], [2, ''], verb);
        assert.match(none.err, /router-2/);
    }
});

test('help explains all verbs, or one; a word too many is refused', async () => {
    assert.match((await hydra(['help'])).out, /usage: hydra VERB/);
    const one = await hydra(['help', 'service', 'add']);
    assert.equal(one.code, 0);
    assert.match(one.out, /^usage: hydra service add NAME [^]*--url URL/);
    assert.equal((await hydra(['service', 'add', '--help'])).out, one.out);
    const wrong = await hydra(['help', 'statsu']);
    assert.deepEqual([wrong.code, wrong.out], [2, '']);
    assert.match(wrong.err, /did you mean status\?/);
    for (const verb of ['status', 'nodes', 'users']) {
        const r = await hydra([verb, 'extra']);
        assert.deepEqual([r.code, r.out], [2, ''], verb);
        assert.match(r.err, new RegExp(`"extra" is one word too many: \`hydra ${verb}\``));
    }
});

test('what can not be is refused at once, and is no job', async () => {
    for (const [args, says] of [
        [['node', 'prune', 'tower', '--what', 'images,bogus'], /"bogus" can't be removed: say containers, networks/],
        [['switch', 'tower', 'abc'], /"abc" is no generation: say its number/],
    ]) {
        const r = await hydra(args);
        assert.equal(r.code, 2);
        assert.match(r.err, says);
    }
    assert.deepEqual(JSON.parse((await hydra(['jobs', '-o', 'json'])).out), []);
    assert.equal((await hydra(['jobs', '--before', 'nonsense'])).code, (await hydra(['jobs', '--cursor', 'nonsense'])).code);
});

test('a clock is told in words, a kernel without errors in a sentence', async () => {
    const time = await hydra(['node', 'time', 'tower']);
    assert.equal(time.code, 0, time.err);
    assert.match(time.out, /^\w.*\.\n {2}Time there: /);
    assert.doesNotMatch(time.out, /null|rtc_local|_ms/);
    assert.ok('rtc_local' in JSON.parse((await hydra(['node', 'time', 'tower', '-o', 'json'])).out));
    const log = await hydra(['node', 'kernel-log', 'tower', '-o', 'json']);
    if (log.code === 0 && !JSON.parse(log.out).entries.length) assert.match(log.err, /None since it was started\./);
});

// --- completion, in the shells themselves

async function completion(shell) {
    const r = await hydra(['completion', shell]);
    assert.equal(r.code, 0, r.err);
    return r.out;
}

test('bash completes verbs, their second words, options and their values', async () => {
    const ask = `${await completion('bash')}
        t() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _hydra; echo "\${COMPREPLY[*]}"; }
        t hydra serv; t hydra token ''; t hydra events --sev; t hydra service add x --check t; t hydra completion f`;
    const r = await run('bash', ['-c', ask]);
    assert.equal(r.err, '');
    assert.deepEqual(r.out.trimEnd().split('\n'), ['services service', 'add rm', '--severity', 'tcp', 'fish']);
});

test('fish completes the same', async () => {
    const file = path.join(dir, 'hydra.fish');
    fs.writeFileSync(file, await completion('fish'));
    const ask = ['hydra serv', 'hydra token ', 'hydra events --sev', 'hydra service add x --check t', 'hydra completion f'];
    const r = await run('fish', ['-c', `source ${file}; ${ask.map(l => `echo (complete -C '${l}' | cut -f 1)`).join('; ')}`], { env: { HOME: dir } });
    assert.equal(r.err, '');
    assert.deepEqual(r.out.trimEnd().split('\n'), ['service services', 'add rm', '--severity', 'tcp', 'fish']);
});

test('zsh takes the file from its $fpath, and completes at the first press of Tab', async () => {
    fs.mkdirSync(path.join(dir, 'zsh'), { recursive: true });
    fs.writeFileSync(path.join(dir, 'zsh/_hydra'), await completion('zsh'));
    // A terminal of its own: types, presses Tab, and reads until the rest of the word has come.
    fs.writeFileSync(path.join(dir, 'type.zsh'), `
        zmodload zsh/zpty
        zpty -b z 'TERM=dumb zsh -f -i'
        zpty -w z "fpath=(${dir}/zsh \$fpath); PS1='> '; autoload -U compinit; compinit -u -D; unsetopt zle_bracketed_paste; echo rea''dy"
        zpty -r z out '*ready*'
        zpty -w -n z $'hydra token a\t'
        zpty -r z out '*token add*'
        print -r -- "$out"
        zpty -d z`);
    const r = await run('zsh', ['-f', path.join(dir, 'type.zsh')], { env: { HOME: dir } });
    assert.match(r.out, /hydra token add/, r.out + r.err);
});

test('projects, names and processes: what is not there or not said right is exit code 2, with what to do', async () => {
    for (const [words, sentence] of [
        [['project', 'restart', 'nothing'], /There is no compose project nothing: hydra services lists/],
        [['project', 'up'], /usage|PROJECT/i],
        [['service', 'rename', 'only-one'], /usage|ID NAME/i],
        [['service', 'rename', 'nothing-there', 'new'], /nothing-there/],
        [['service', 'remove', 'nothing-there'], /nothing-there/],
        [['node', 'signal', 'tower', 'x', 'HUP'], /"x" is no process/],
        [['node', 'signal', 'tower', '999999999', 'HUP'], /There is no process 999999999 on tower/],
        [['node', 'power', 'tower', 'on'], /knows no management controller/],
        [['node', 'bmc', 'nobody'], /no node with the id nobody/],
    ]) {
        const r = await hydra(words);
        assert.equal(r.code, 2, `${words.join(' ')}: ${r.out}${r.err}`);
        assert.match(r.err, sentence);
    }
    // The default policy lets nobody send signals: refused, and so nothing was done.
    const own = await hydra(['node', 'signal', 'tower', String(process.pid), 'WINCH']);
    assert.deepEqual([own.code, /policy/.test(own.err)], [2, true], own.out + own.err);
});
