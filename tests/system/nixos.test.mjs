// The flake, the package and the module for NixOS: evaluated by nix; what comes out is read by systemd, hydrad and hydra-agent.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { hydrad, root, run, scratchFolder } from './lib/hydrad.mjs';

const scratch = scratchFolder();
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

async function nix(expression) {
    const env = Object.fromEntries(['store', 'state', 'log', 'conf'].map(d => [`NIX_${d.toUpperCase()}_DIR`, path.join(scratch, d)]));
    const r = await run('nix-instantiate', ['--eval', '--strict', '--json', '-E', `let stub = import ${root}/tests/system/nixos/stub.nix; in ${expression}`],
        { env: { ...env, HOME: scratch }, timeout: 60000 });
    assert.equal(r.code, 0, r.err);
    return JSON.parse(r.out);
}
const machine = services => nix(`stub.evaluate (import ${root}/deploy/nixos/module.nix) (${services})`);

/** What NixOS would add to a unit of the package. */
function dropIn(unit, own) {
    const lines = Object.entries(own.serviceConfig ?? {}).flatMap(([k, v]) => [v].flat().map(x => `${k}=${x}`));
    const environment = Object.entries(own.environment ?? {}).map(([k, v]) => `Environment="${k}=${v}"`);
    return ['[Unit]', ...Object.entries(own.unitConfig ?? {}).flatMap(([k, v]) => [v].flat().map(x => `${k}=${x}`)),
        unit.endsWith('.socket') ? '[Socket]' : '[Service]', ...(own.listenStreams ?? []).map(a => `ListenStream=${a}`), ...environment, ...lines, ''].join('\n');
}

/** Has systemd read the package's unit with what the module adds; what it makes of it. */
async function verified(unit, own) {
    const dir = path.join(scratch, 'units', `${Date.now()}-${Math.random()}`);
    fs.mkdirSync(path.join(dir, `${unit}.d`), { recursive: true });
    const text = fs.existsSync(path.join(root, 'build/deploy', unit)) ? path.join(root, 'build/deploy', unit) : path.join(root, 'deploy/systemd', unit);
    // Programs that are here, in place of where the package would be.
    fs.writeFileSync(path.join(dir, unit), fs.readFileSync(text, 'utf8').replace(/^(Exec\w+=\+?)\S+/mg, '$1/bin/true').replace(/^Documentation=.*\n/m, ''));
    fs.writeFileSync(path.join(dir, `${unit}.d/overrides.conf`), dropIn(unit, own));
    if (unit.endsWith('.socket')) fs.writeFileSync(path.join(dir, unit.replace('.socket', '.service')), '[Service]\nExecStart=/bin/true\n');
    const r = await run('systemd-analyze', ['verify', '--man=no', path.join(dir, unit)], { env: { SYSTEMD_UNIT_PATH: `${dir}:` } });
    assert.equal(r.code, 0, r.err);
    assert.doesNotMatch(r.err, new RegExp(`${unit}[^\n]*:\\d+:`), r.err);
}

let plain, full;
before(async () => {
    plain = await machine('{ hydra.enable = true; hydra-agent.enable = true; }');
    full = await machine(`{
        hydra = { enable = true; listen = [ "0.0.0.0:80" "[::]:80" ]; dataDir = "/srv/hydra"; openFirewall = true; settings = { log-level = "warn"; agents = "0.0.0.0:9000"; }; };
        hydra-agent = { enable = true; tokenFile = "/run/secrets/token"; settings = { log-level = "debug"; interval = 2000; }; extraGroups = [ "podman" ];
            policy = { allow = [ { do = [ "unit.restart" "container.*" ]; on = [ "nginx" "docker/*" ]; } ]; deny = [ { do = "*"; on = "docker/database"; } ]; }; };
    }`);
});

test('nothing is there unless it is enabled', async () => {
    const off = await machine('{ }');
    assert.equal(off, null);
});

test('the units are the package\'s own, started with the machine', async () => {
    assert.deepEqual(plain.systemd.packages, ['/nix/hydra', '/nix/hydra-agent']);
    for (const name of ['hydrad', 'hydra-agent']) {
        const own = plain.systemd.services[name];
        assert.deepEqual(own.wantedBy, ['multi-user.target']);
        // Nothing of deploy/systemd is set again.
        const unit = fs.readFileSync(path.join(root, `deploy/systemd/${name}.service`), 'utf8') + fs.readFileSync(path.join(root, 'deploy/systemd/sandbox.conf'), 'utf8');
        for (const services of [plain, full])
            for (const key of Object.keys(services.systemd.services[name].serviceConfig ?? {})) assert.doesNotMatch(unit, new RegExp(`^${key}=`, 'm'));
    }
    for (const [unit, user, dir] of [['hydrad', 'hydra', 'hydra'], ['hydra-agent', 'hydra-agent', 'hydra-agent']]) {
        const text = fs.readFileSync(path.join(root, `deploy/systemd/${unit}.service`), 'utf8');
        assert.match(text, new RegExp(`^User=${user}$`, 'm'));
        assert.match(text, new RegExp(`^StateDirectory=${dir}$`, 'm'));
        assert.deepEqual(plain.users.users[user], { isSystemUser: true, group: user, home: `/var/lib/${dir}`, extraGroups: ['systemd-journal', 'docker'] });
    }
});

test('a switch of generations that was cut off is ended at the next start', () => {
    assert.deepEqual(plain.systemd.services['hydra-generation-boot'].wantedBy, ['multi-user.target']);
    const text = fs.readFileSync(path.join(root, 'deploy/nixos/package.nix'), 'utf8');
    for (const file of ['libexec/hydra-agent-helper', 'lib/systemd/system/hydra-generation*']) assert.ok(text.includes(file), file);
});

test('systemd takes what the module adds to them', async () => {
    for (const services of [plain, full]) {
        await verified('hydrad.socket', services.systemd.sockets.hydrad);
        await verified('hydrad.service', services.systemd.services.hydrad);
        await verified('hydra-agent.service', services.systemd.services['hydra-agent']);
    }
    assert.deepEqual(full.systemd.sockets.hydrad.listenStreams, ['', '0.0.0.0:80', '[::]:80']);
    assert.deepEqual(full.systemd.services.hydrad.serviceConfig.ReadWritePaths, ['/srv/hydra']);
    assert.deepEqual(full.systemd.services['hydra-agent'].environment, { HYDRA_AGENT_LOG_LEVEL: 'debug', HYDRA_AGENT_INTERVAL: '2000' });
    assert.deepEqual(full.users.users['hydra-agent'].extraGroups, ['podman']);
});

test('a firewall is opened where that is asked for', () => {
    assert.equal(plain.networking.firewall.allowedTCPPorts, null);
    assert.deepEqual(full.networking.firewall.allowedTCPPorts, [80, 80, 9000]);
});

test('hydrad takes its settings', async () => {
    const file = path.join(scratch, 'hydrad.yaml');
    fs.writeFileSync(file, full.environment.etc['hydra/hydrad.yaml'].source.text);
    const r = await hydrad(['config', '--config', file]);
    assert.equal(r.code, 0, r.err);
    for (const line of [/listen\s+0\.0\.0\.0:80, ?\[::\]:80/, /data\s+\/srv\/hydra/, /log-level\s+warn/]) assert.match(r.out, line);
});

test('a token enrols the machine once, unseen by others', () => {
    assert.equal(plain.systemd.services['hydra-agent-enroll'], undefined);
    const unit = full.systemd.services['hydra-agent-enroll'];
    assert.deepEqual(unit.before, ['hydra-agent.service']);
    assert.equal(unit.serviceConfig.ExecStart, '/nix/hydra-agent/bin/hydra-agent enroll @%d/token');
    assert.equal(unit.serviceConfig.LoadCredential, 'token:/run/secrets/token');
    assert.ok(unit.unitConfig.ConditionPathExists.includes('!/var/lib/hydra-agent/hub.json'));
});

test('the flake names both packages, and knows where each of the dashboard\'s comes from', async () => {
    const flake = await nix(`let
        outputs = (import ${root}/flake.nix).outputs { self = outputs; nixpkgs = { lib = stub.lib; legacyPackages = stub.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (_: { inherit (stub) callPackage; }); }; };
        hydra = outputs.packages.x86_64-linux.default;
        in { inherit (hydra) pname version outputs buildInputs; systems = builtins.attrNames outputs.packages; sources = hydra.web.npmDeps.packageSourceOverrides;
             names = builtins.attrNames (outputs.packages.x86_64-linux // { hydra-agent = 0; }); modules = builtins.attrNames outputs.nixosModules; }`);
    assert.deepEqual(flake.systems, ['aarch64-linux', 'x86_64-linux']);
    assert.deepEqual(flake.names, ['default', 'hydra', 'hydra-agent']);
    assert.deepEqual(flake.modules, ['default']);
    assert.equal(flake.version, /\n {2}version: '(.*)'/.exec(fs.readFileSync(path.join(root, 'meson.build'), 'utf8'))[1]);
    const lock = JSON.parse(fs.readFileSync(path.join(root, 'web/package-lock.json'), 'utf8')).packages;
    const entries = Object.entries(lock).filter(([name, e]) => name && !e.inBundle && !e.link);
    for (const [name, e] of entries) {
        assert.match(e.integrity ?? '', /^sha512-/, name);
        const own = flake.sources[name], wanted = `${e.name ?? name.split('node_modules/').at(-1)}@${e.version}`;
        assert.deepEqual([own.outputHash, own.outputHashMode, own.buildCommand.includes(`npm pack --silent ${wanted}\n`)], [e.integrity, 'flat', true], name);
    }
    assert.ok(entries.length > 100);
    // Whatever meson.build looks for is among the package's inputs.
    const needed = [...fs.readFileSync(path.join(root, 'meson.build'), 'utf8').matchAll(/dependency\('(\S+?)'/g)].map(m => m[1]).filter(n => !['threads', 'cmocka'].includes(n));
    const provides = { 'yaml-0.1': 'libyaml', libsystemd: 'systemd', libcurl: 'curl', sqlite3: 'sqlite', libpq: 'libpq', libuv: 'libuv', 'libpcre2-8': 'pcre2' };
    for (const name of needed) assert.ok(flake.buildInputs.includes(provides[name] ?? name), name);
});
