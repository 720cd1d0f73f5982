// Forty containers as an agent sees them: processes in cgroups of their own, and an engine that tells of them. It speaks what an agent
// asks Docker for; so the machine holds 40 more processes, without forty shims of a real engine beside them.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

const base = '/sys/fs/cgroup', isVersion2 = fs.existsSync(`${base}/cgroup.controllers`);
const hierarchies = isVersion2 ? [base] : ['cpuacct', 'memory', 'cpu', 'blkio', 'pids'].map(h => `${base}/${h}`).filter(fs.existsSync);
const ignore = f => { try { f(); } catch { /* it is gone, or was never there */ } };

/** A cgroup in each hierarchy there is. */
export class Cgroup {
    constructor(name) {
        this.folders = hierarchies.map(h => `${h}/${name}`);
        for (const f of this.folders) fs.mkdirSync(f, { recursive: true });
    }

    add(pid) { for (const f of this.folders) fs.writeFileSync(`${f}/cgroup.procs`, String(pid)); }

    /** Nanoseconds of all that ever ran in it: children that ended count, too. */
    cpuNs() {
        if (!isVersion2) return Number(fs.readFileSync(`${this.folders[0]}/cpuacct.usage`, 'utf8'));
        return 1000 * Number(/usage_usec (\d+)/.exec(fs.readFileSync(`${this.folders[0]}/cpu.stat`, 'utf8'))[1]);
    }

    /** Ends all that is in it. */
    kill() {
        let pids = '';
        ignore(() => { pids = fs.readFileSync(`${this.folders[0]}/cgroup.procs`, 'utf8'); });
        for (const pid of pids.split('\n').filter(Boolean)) ignore(() => process.kill(Number(pid), 'SIGKILL'));
    }

    remove() { for (const f of this.folders) ignore(() => fs.rmdirSync(f)); }
}

/** Starts a program inside a cgroup: nothing that it does is missed. */
export function spawnIn(cgroup, program, args, options) {
    const enter = cgroup.folders.map(f => `echo $$ >${f}/cgroup.procs`).join('; ');
    return spawn('sh', ['-c', `${enter}; exec "$@"`, 'sh', program, ...args], { stdio: 'ignore', ...options });
}

export class Crowd {
    constructor(n, socket) {
        this.socket = socket;
        this.members = Array.from({ length: n }, (_, i) => {
            const id = randomBytes(32).toString('hex'), cgroup = new Cgroup(`docker/${id}`);
            return { id, name: `crowd-${i}`, cgroup, process: spawnIn(cgroup, 'sleep', ['100000']) };
        });
        this.server = http.createServer((q, a) => this.#answer(q, a)).listen(socket);
    }

    #inspected(c) {
        const state = { Status: 'running', Running: true, Pid: c.process.pid, ExitCode: 0, StartedAt: '2026-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z' };
        return { Id: c.id, Name: `/${c.name}`, Path: 'sleep', Args: ['100000'], Image: `sha256:${c.id}`, RestartCount: 0, State: state, Mounts: [],
            HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } }, NetworkSettings: { Networks: { none: {} }, Ports: {} },
            Config: { Image: 'busybox:1', Tty: false, Labels: { 'com.docker.compose.project': 'crowd', 'com.docker.compose.service': c.name } } };
    }

    #answer(q, a) {
        const path = q.url.replace(/^\/v[0-9.]+/, '').replace(/\?.*/, ''), one = this.members.find(c => path === `/containers/${c.id}/json`);
        const json = v => { a.setHeader('content-type', 'application/json'); a.end(JSON.stringify(v)); };
        if (path === '/events') a.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
        else if (path === '/version') json({ Version: '24.0.7', ApiVersion: '1.43', MinAPIVersion: '1.12', Components: [] });
        else if (path === '/containers/json') json(this.members.map(c => ({ Id: c.id, Names: [`/${c.name}`], State: 'running' })));
        else if (path === '/_ping') a.end('OK');
        else if (one) json(this.#inspected(one));
        else a.writeHead(404).end('{}');
    }

    /** What tells most of the members: three files of each process, six of each cgroup. */
    files() {
        const names = isVersion2 ? ['cpu.stat', 'memory.current', 'memory.stat', 'memory.pressure', 'io.stat', 'pids.current'].map(n => [0, n])
            : [[0, 'cpuacct.usage'], [0, 'cpuacct.stat'], [1, 'memory.usage_in_bytes'], [1, 'memory.stat'], [3, 'blkio.throttle.io_service_bytes'], [4, 'pids.current']];
        return this.members.flatMap(c => [...['stat', 'status', 'io'].map(f => `/proc/${c.process.pid}/${f}`), ...names.map(([h, f]) => `${c.cgroup.folders[h]}/${f}`)]);
    }

    end() {
        this.server.close();
        this.server.closeAllConnections();
        for (const c of this.members) c.process.kill('SIGKILL');
    }

    /** Ends all that is in it. */
    kill() {
        let pids = '';
        ignore(() => { pids = fs.readFileSync(`${this.folders[0]}/cgroup.procs`, 'utf8'); });
        for (const pid of pids.split('\n').filter(Boolean)) ignore(() => process.kill(Number(pid), 'SIGKILL'));
    }

    remove() { for (const c of this.members) c.cgroup.remove(); }
}
