// What `meson install` puts where, how well systemd shuts the unit in, and that it does its work shut in.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { binary, run, scratchFolder, until } from './lib/hydrad.mjs';
import { Machine } from './lib/nspawn.mjs';

const build = path.dirname(binary);
const scratch = scratchFolder();
const installed = path.join(scratch, 'root');

const install = to => run('meson', ['install', '-C', build, '--no-rebuild', '--quiet'], { env: { DESTDIR: to }, timeout: 60000 });

function filesBelow(dir) {
    return fs.readdirSync(dir, { withFileTypes: true }).flatMap(e => {
        const p = path.join(dir, e.name);
        return e.isDirectory() ? filesBelow(p) : [p];
    });
}

let files;
const find = end => files.find(f => f.endsWith(end));
const text = end => fs.readFileSync(find(end), 'utf8');

before(async () => {
    const r = await install(installed);
    assert.equal(r.code, 0, r.err);
    files = filesBelow(installed);
});
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test('everything is there, below DESTDIR', () => {
    for (const end of [
        '/bin/hydrad', '/bin/hydra', '/bin/hydra-agent', '/lib/systemd/system/hydrad.service', '/lib/systemd/system/hydra-agent.service', '/lib/systemd/system/hydrad.socket',
        '/lib/sysusers.d/hydra.conf', '/lib/sysusers.d/hydra-agent.conf', '/rules.d/50-hydra.rules', '/rules.d/50-hydra-agent.rules', '/man/man1/hydra.1', '/man/man8/hydrad.8', '/man/man8/hydra-agent.8', '/man/man8/hydra-agent-helper.8', '/libexec/hydra-agent-helper', '/hydra-generation@.service', '/hydra-generation-boot.service', '/hydra-root@.service', '/man/man5/hydrad.yaml.5',
        '/bash-completion/completions/hydra', '/zsh/site-functions/_hydra', '/fish/vendor_completions.d/hydra.fish',
    ]) assert.ok(find(end), `${end} is missing`);
});

test('programs run, the unit names the one that was installed', async () => {
    for (const name of ['/bin/hydrad', '/bin/hydra', '/bin/hydra-agent']) {
        fs.accessSync(find(name), fs.constants.X_OK);
        assert.equal((await run(find(name), ['help'])).code, 0, name);
    }
    const program = /^ExecStart=(\S+) serve$/m.exec(text('hydrad.service'))[1];
    assert.equal(path.join(installed, program), find('/bin/hydrad'));
});

test('manual pages and completions are what they should be', async () => {
    for (const page of files.filter(f => /\/man\/man\d\//.test(f)))
        assert.match(fs.readFileSync(page, 'utf8'), /^\.TH "/m, page);
    const bash = await run('bash', ['-n', find('/completions/hydra')]);
    assert.equal(bash.code, 0, bash.err);
    assert.match(text('/_hydra'), /^#compdef hydra/);
});

for (const [name, most] of [['hydrad', 2.0], ['hydra-agent', 2.5]]) test(`systemd calls the unit of ${name} well shut in`, async () => {
    // The program is not where the unit says, so a copy names one that is.
    const copy = path.join(scratch, `${name}.service`);
    fs.writeFileSync(copy, text(`/${name}.service`).replace(/^ExecStart=\S+/m, `ExecStart=${find(`/bin/${name}`)}`));
    const r = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', copy]);
    const score = Number(/Overall exposure level for [a-z-]+\.service: ([\d.]+)/.exec(r.out)?.[1] ?? NaN);
    assert.ok(score <= most, `${score}: ${r.out}${r.err}`);
    assert.equal(r.err, '', 'systemd has nothing to say about the unit');
});

test('under a real systemd', { timeout: 120000 }, async t => {
    const machine = new Machine(path.join(scratch, 'systemd'));
    t.after(() => machine.stop());
    const ok = (...words) => machine.ok(...words);
    const page = where => machine.status(where);
    const state = unit => machine.is('active', unit);

    const r = await install(machine.root);
    assert.equal(r.code, 0, r.err);
    await ok('systemd-sysusers');
    await ok('systemctl', 'daemon-reload');

    await t.test('the first connection starts it', async () => {
        await ok('systemctl', 'start', 'hydrad.socket');
        assert.equal(await state('hydrad.service'), 'inactive');
        assert.equal(await page('/readyz'), '200');
        assert.equal(await state('hydrad.service'), 'active');
    });

    await t.test('the setup link names the address of the socket', async () => {
        const log = await ok('journalctl', '-u', 'hydrad', '-o', 'cat', '--no-pager');
        assert.match(log, /^Set up Hydra: http:\/\/127\.0\.0\.1:7770\/setup#\S{43}$/m);
        assert.doesNotMatch(log, /without encryption/);
    });

    await t.test('it runs as a user of its own, and its data are its own', async () => {
        const pid = await ok('systemctl', 'show', '-P', 'MainPID', 'hydrad');
        assert.equal(await ok('ps', '-o', 'user=', '-p', pid), 'hydra');
        assert.equal(await ok('stat', '-c', '%U %a', '/var/lib/hydra'), 'hydra 700');
    });

    await t.test('it sees other people\'s processes, units, and itself', async () => {
        await ok('systemd-run', '--unit=listener', '--uid=nobody', '/bin/busybox', 'httpd', '-f', '-p', '127.0.0.1:8123', '-h', '/tmp');
        await ok('sh', '-c', 'echo correct horse battery >/root/password');
        const data = ['--data', '/var/lib/hydra'];
        await ok('hydrad', 'user', 'add', 'ada', '--role', 'admin', '--password-file', '/root/password', ...data);
        const token = await ok('hydrad', 'token', 'add', 'test', '--user', 'ada', '--scope', '*', ...data);
        const get = async where => JSON.parse(await ok('curl', '-sm', '5', '-H', `Authorization: Bearer ${token}`, `http://127.0.0.1:7770${where}`));

        const service = id => async () => (await get('/api/web/services')).services.find(s => s.id.endsWith(id));
        assert.ok(await until(service('/systemd/hydrad.service'), 60000, 'its own unit'));
        const listener = await until(async () => {
            const s = await service('/systemd/listener.service')();
            return s?.ports.length ? s : null;
        }, 60000, 'the port of another user\'s process');
        assert.deepEqual(listener.ports, [8123]);

        const sources = async () => (await get('/api/web/nodes')).nodes[0].sources;
        for (const name of ['systemd', 'process', 'collector/processes', 'collector/filesystem'])
            await until(async () => (await sources()).find(s => s.name === name)?.state === 'ok', 60000, name);
        assert.deepEqual((await sources()).filter(s => s.state === 'denied' || s.state === 'failed'), []);
    });

    await t.test('stopped and started, it keeps what it had', async () => {
        await ok('systemctl', 'restart', 'hydrad');
        assert.equal(await page('/readyz'), '200');
        const welcome = JSON.parse(await ok('curl', '-s', 'http://127.0.0.1:7770/api/web/welcome'));
        assert.equal(welcome.setup_needed, false);
    });
});
