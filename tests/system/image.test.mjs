// The images of the hub and the agent, in a real Docker engine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Hub, makeHubKey } from './lib/hub.mjs';
import { root, run, scratchFolder, until } from './lib/hydrad.mjs';

const start = path.join(root, 'tests/system/start-docker');
const scratch = scratchFolder();
const engine = path.join(scratch, 'engine');
let socket, images, release;

const docker = (...words) => run('docker', ['-H', `unix://${socket}`, ...words], { timeout: 60000 });
async function ok(...words) {
    const r = await docker(...words);
    assert.equal(r.code, 0, `docker ${words.join(' ')}: ${r.out}${r.err}`);
    return r.out.trim();
}
const logs = async name => { const r = await docker('logs', name); return r.out + r.err; };

function freePort() {
    return new Promise(resolve => {
        const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); });
    });
}

before(async () => {
    const built = await run(path.join(root, 'dev'), ['image', path.join(scratch, 'images')], { timeout: 1100000 });
    assert.equal(built.code, 0, built.err);
    images = built.out.trim().split('\n').sort();
    release = path.basename(images[0]).split('_')[1];
    socket = execFileSync(start, [engine], { encoding: 'utf8' }).trim();
    for (const image of images) assert.match(await ok('load', '-i', image), /Loaded image: hydra/);
});
after(() => {
    if (socket) execFileSync(start, ['--stop', engine]);
    fs.rmSync(scratch, { recursive: true, force: true });
});

test('an archive is an OCI image layout, too', async () => {
    assert.deepEqual(images.map(i => path.basename(i).split('_')[0]), ['hydra-agent', 'hydra']);
    for (const image of images) {
        const dir = fs.mkdtempSync(path.join(scratch, 'layout-'));
        execFileSync('tar', ['-xf', image, '-C', dir]);
        const read = file => JSON.parse(fs.readFileSync(path.join(dir, file), 'utf8'));
        const blob = d => path.join('blobs', d.digest.replace(':', '/'));
        assert.equal(read('oci-layout').imageLayoutVersion, '1.0.0');
        const manifest = read(blob(read('index.json').manifests[0]));
        for (const part of [manifest.config, ...manifest.layers]) {
            assert.equal(fs.statSync(path.join(dir, blob(part))).size, part.size);
            const [, sum] = part.digest.split(':');
            assert.equal(execFileSync('sha256sum', [path.join(dir, blob(part))], { encoding: 'utf8' }).split(' ')[0], sum);
        }
    }
});

test('the hub answers, as a user of its own, and keeps its data in the volume', { timeout: 120000 }, async () => {
    const port = await freePort();
    const begin = name => ok('run', '-d', '--name', name, '--network', 'host', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges',
        '-e', `HYDRA_LISTEN=127.0.0.1:${port}`, '-e', 'HYDRA_AGENTS=none', '-v', 'hydra:/var/lib/hydra', `hydra:${release}`);
    const ready = () => until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status === 200, 60000, '/readyz')
        .catch(async e => { throw new Error(`${e.message}\n${await logs('first')}`); });
    await begin('first');
    await ready();
    assert.match(await ok('top', 'first', '-eo', 'pid,uid,comm'), /^\d+ +7770 +hydrad$/m);
    assert.match(await logs('first'), /^Set up Hydra: /m);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200, 'the dashboard is in it');
    assert.match(await ok('exec', 'first', 'hydra', 'version'), /^hydra \d/);
    fs.writeFileSync(path.join(scratch, 'password'), 'correct horse battery\n');
    await ok('stop', 'first');
    assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}}', 'first'), '0');
    await ok('rm', 'first');
    await ok('run', '--rm', '--network', 'none', '-v', 'hydra:/var/lib/hydra', '-v', `${scratch}/password:/password:ro`, `hydra:${release}`,
        'user', 'add', 'ada', '--role', 'admin', '--password-file', '/password');
    await begin('second');
    await ready();
    assert.equal((await (await fetch(`http://127.0.0.1:${port}/api/web/welcome`)).json()).setup_needed, false);
    await ok('rm', '-f', 'second');
});

test('the agent enrols, and tells of the machine and its containers', { timeout: 120000 }, async t => {
    assert.match(await ok('run', '--rm', '--network', 'none', `hydra-agent:${release}`, 'version'), /^hydra-agent \d/);
    assert.match(await ok('run', '--rm', '--network', 'none', `hydra-agent:${release}`, 'help'), /enroll/);
    assert.match(await ok('run', '--rm', '--network', 'none', '--entrypoint', 'smartctl', `hydra-agent:${release}`, '--version'), /^smartctl \d/);
    const hub = new Hub(fs.mkdtempSync(path.join(scratch, 'hub-')));
    await hub.start([await makeHubKey(scratch, 'hub')]);
    t.after(() => hub.stop());
    const state = ['-v', 'hydra-agent:/var/lib/hydra-agent'];
    await ok('run', '--rm', '--network', 'host', ...state, `hydra-agent:${release}`, 'enroll', hub.token('tower'));
    await ok('run', '-d', '--name', 'agent', '--network', 'host', '--pid', 'host', '--uts', 'host', '--read-only',
        '--cap-drop', 'ALL', '--cap-add', 'SYS_PTRACE', '--cap-add', 'DAC_READ_SEARCH', '--security-opt', 'no-new-privileges',
        ...state, '-v', `${socket}:/var/run/docker.sock`, '-v', '/etc/os-release:/etc/os-release:ro', `hydra-agent:${release}`);
    try {
        await hub.message('frame');
        const facts = (await hub.message('facts')).facts;
        assert.equal(facts.hostname, (await run('hostname', [])).out.trim());
        const own = (await hub.message('service', s => s.id === 'docker/agent')).service;
        assert.equal(own.kind, 'CONTAINER');
    } catch (e) {
        throw new Error(`${e.message}\n${await logs('agent')}`);
    }
    await ok('rm', '-f', 'agent');
});
