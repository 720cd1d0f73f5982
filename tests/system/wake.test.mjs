// Waking a node that is away: by another one in its network, also when hydrad was restarted meanwhile.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ForeignAgent } from './lib/foreign-agent.mjs';
import { Hydrad, plainEnvironment, root, run, scratchFolder, until } from './lib/hydrad.mjs';
import { freePort } from './lib/machine.mjs';
import { Watch } from './lib/watch.mjs';

const program = process.env.HYDRA_AGENT ?? path.join(root, 'build/hydra-agent');
const dir = scratchFolder();
const mac = [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x0f];
const text = mac.map(b => b.toString(16).padStart(2, '0')).join(':');
const magic = Buffer.from([...Array(6).fill(0xff), ...Array(16).fill(mac).flat()]);
let listener, port, packets = [], h, admin, agent;

before(async () => {
    listener = dgram.createSocket('udp4');
    listener.on('message', m => packets.push(m));
    port = await new Promise(r => { listener.bind(0, '127.0.0.1', () => r(listener.address().port)); });
    h = await Hydrad.start({ args: ['--node', 'tower', '--agents', `127.0.0.1:${await freePort()}`] });
    admin = await h.setUp();
});
after(async () => {
    agent?.kill('SIGKILL');
    listener.close();
    await h?.done();
    fs.rmSync(dir, { recursive: true });
});

const token = async node => (await admin.post('/api/web/enrolments', { node })).json.token;
const woken = async () => {
    packets = [];
    const ordered = await admin.post('/api/web/jobs', { verb: 'machine.wake', node: 'nas', target: `@127.0.0.1:${port}` });
    assert.equal(ordered.status, 202, ordered.text);
    const job = await until(async () => { const j = (await admin.get(`/api/web/jobs/${ordered.json.id}`)).json; return !['waiting', 'running'].includes(j.state) && j; });
    if (job.state === 'done') await until(() => packets.length === 3, 60000, 'all packets');
    return job;
};

test('a node sends the packet, where its policy allows it', async () => {
    fs.writeFileSync(path.join(dir, 'agent.yaml'), 'allow: [{do: machine.wake}]\n');
    const w = new Watch(['--docker', 'unix:///nowhere.sock', '--dbus', 'unix:path=/nowhere', '--policy', path.join(dir, 'agent.yaml')]);
    const o = await w.command('wake', 'machine.wake', `${text}@127.0.0.1:${port}`);
    assert.equal(o.state, 'done', o.text);
    await until(() => packets.length === 3);
    assert.ok(packets.every(p => p.equals(magic)));
    const broadcast = await w.command('all', 'machine.wake', text);
    assert.match(broadcast.text, /^The packet that wakes it was sent to 1 network card\.|in no network that takes broadcasts|could not be sent/);
    for (const bad of ['nonsense', `${text}@nowhere`, `${text}@127.0.0.1:0`])
        assert.match((await w.command(`bad-${bad.length}`, 'machine.wake', bad)).text, /no address of a network card/);
    fs.writeFileSync(path.join(dir, 'agent.yaml'), 'allow: [{do: unit.*}]\n');
    assert.equal((await w.command('denied', 'machine.wake', text)).state, 'refused');
    await w.stop();
});

// Some machine that tests run on may have no network at all: then no node is in one with another.
const own = Object.values(os.networkInterfaces()).flat().find(a => a.family === 'IPv4' && !a.internal);
test('a node that is away is woken by the one that may and is in its network', { skip: !own && 'no network here' }, async () => {
    fs.writeFileSync(path.join(dir, 'agent.yaml'), 'allow: [{do: machine.wake}]\n');
    const enrolled = await run(program, ['enroll', await token('helper'), '--state', path.join(dir, 'state')]);
    assert.equal(enrolled.code, 0, enrolled.err);
    agent = spawn(program, ['--state', path.join(dir, 'state'), '--policy', path.join(dir, 'agent.yaml')], { env: plainEnvironment(), stdio: 'ignore' });

    const secret = await token('nas'), nas = await new ForeignAgent().meet(secret);
    assert.equal((await nas.enrol(secret)).code, 0);
    const link = nas.link();
    await link.heard('welcome');
    link.send({ sequence: 1, facts: { hostname: 'nas', osName: 'Unraid', osId: 'unraid', bootId: 'b', agentVersion: 'js', addresses: [`br0 ${own.cidr}`], macs: [`eth0 ${text}`] } });
    await until(async () => (await admin.get('/api/web/nodes/nas')).json.os === 'Unraid' || (await admin.get('/api/web/nodes/nas')).text.includes('Unraid'));
    const awake = await admin.post('/api/web/jobs', { verb: 'machine.wake', node: 'nas' });
    assert.deepEqual([awake.status, awake.json.detail], [409, 'nas is awake: it reports.']);
    await link.close();
    await until(async () => (await admin.get('/api/web/nodes')).json.nodes.find(n => n.id === 'nas').state === 'away', 120000, 'nas to be away');

    const offered = (await admin.get('/api/web/actions/nas')).json.actions.find(a => a.verb === 'machine.wake');
    assert.deepEqual([offered?.allowed, offered?.why], [true, null]);
    const job = await woken();
    assert.deepEqual([job.state, job.node, job.title], ['done', 'helper', 'Wake nas from helper'], job.text);
    assert.ok(packets.every(p => p.equals(magic)));
});
test('and so it is after a restart of hydrad', { skip: !own && 'no network here' }, async () => {
    await h.stop();
    await h.start();
    await until(async () => { const n = (await admin.get('/api/web/nodes')).json?.nodes; return n?.find(x => x.id === 'helper')?.state === 'online' && n.find(x => x.id === 'nas')?.state === 'away'; }, 120000, 'helper back, nas away');
    const job = await until(async () => { const j = await woken(); return j.state === 'done' && j; }, 60000, 'it to be woken');
    assert.equal(job.node, 'helper');
    assert.ok(packets[0].equals(magic));
});
