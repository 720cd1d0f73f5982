// A journal as a busy node has it, made once and kept: eight files of some 128 MiB as journald rotates them, three boots, forty units of all
// sorts, long messages, errors that were logged and errors that were printed. The same for the same number of entries.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const VERSION = 1, FILES = 8, GAP_US = 20000, CHUNK = 2000;
const REMOTE = '/lib/systemd/systemd-journal-remote';
const BOOTS = ['1', '2', '3'].map(c => c.repeat(32));
const sorts = ['stdout', 'stdout', 'stdout', 'journal', 'syslog'];

/** Numbers without a pattern that are the same each time (Steele and Vigna's splitmix, cut to 32 bits). */
const mixed = i => { let x = Math.imul(i ^ (i >>> 16), 0x45d9f3b); x = Math.imul(x ^ (x >>> 16), 0x45d9f3b); return (x ^ (x >>> 16)) >>> 0; };

const words = 'accepted connection from client finished in after retry cache miss for volume session closed by peer upstream answered with status model loaded into memory tokens sampled'.split(' ');
const hay = i => Array.from({ length: 6 + mixed(i) % 10 }, (_, k) => words[mixed(i * 31 + k) % words.length]).join(' ');

/** What entry `i` of `n` says: a needle now and then, one of long ago, an error now and then. */
function messageOf(i, n, r) {
    if (i === Math.floor(n / 50)) return `ancient ${hay(i)}`;
    if (i % 3001 === 0) return `needle ${i}: ${hay(i)}`;
    if (i % 499 === 7) return `ERROR: could not ${hay(i)}`;
    if (r % 211 === 0) return `dump ${i} ${hay(i)} `.padEnd(900, 'x'); // long enough to be compressed
    if (r % 13 === 0) return 'health check passed';
    return `request ${i} of client ${r % 100003} took ${r % 733} ms: ${hay(i)}`;
}

function entry(i, n, beginUs) {
    const r = mixed(i), unit = r % 40, sort = sorts[unit % sorts.length];
    const boot = Math.floor(i * BOOTS.length / n), severity = sort === 'stdout' ? 6 : r % 1009 === 0 ? 3 : r % 101 === 0 ? 4 : 6;
    return `__REALTIME_TIMESTAMP=${beginUs + i * GAP_US}\n__MONOTONIC_TIMESTAMP=${i * GAP_US}\n_BOOT_ID=${BOOTS[boot]}\n_MACHINE_ID=${'a'.repeat(32)}\n`
        + `_HOSTNAME=bench\n_TRANSPORT=${sort}\n_SYSTEMD_UNIT=unit-${unit}.service\n_SYSTEMD_CGROUP=/system.slice/unit-${unit}.service\n_SYSTEMD_SLICE=system.slice\n`
        + `_COMM=program-${unit}\n_EXE=/usr/bin/program-${unit}\n_CMDLINE=/usr/bin/program-${unit} --serve\n_PID=${1000 + unit + boot * 100}\n_UID=0\n_GID=0\n`
        + `SYSLOG_IDENTIFIER=program-${unit}\nSYSLOG_FACILITY=3\nPRIORITY=${severity}\nMESSAGE=${messageOf(i, n, r)}\n\n`;
}

async function writeFile(file, from, to, n, beginUs) {
    const child = spawn(REMOTE, ['-o', file, '-'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = new Promise((good, bad) => child.on('exit', code => (code === 0 ? good() : bad(new Error(`systemd-journal-remote: ${code}`)))));
    for (let i = from; i < to; i += CHUNK) {
        const pieces = [];
        for (let k = i; k < Math.min(to, i + CHUNK); k++) pieces.push(entry(k, n, beginUs));
        if (!child.stdin.write(pieces.join(''))) await new Promise(go => child.stdin.once('drain', go));
    }
    child.stdin.end();
    await ended;
}

/** The folder of the journal, its size, and the time of its last entry. `KEEP` names where such journals are kept. */
export async function bigJournal(n) {
    const dir = path.join(process.env.KEEP ?? '/var/tmp', `hydra-bench-journal-${VERSION}-${n}`), beginUs = Date.UTC(2026, 0, 1) * 1000;
    if (!fs.existsSync(`${dir}/made`)) {
        fs.rmSync(dir, { recursive: true, force: true });
        fs.mkdirSync(dir, { recursive: true });
        const jobs = Array.from({ length: FILES }, (_, f) => f);
        const worker = async () => {
            for (let f = jobs.shift(); f !== undefined; f = jobs.shift())
                await writeFile(`${dir}/system${f < FILES - 1 ? `@${f}` : ''}.journal`, Math.floor(n * f / FILES), Math.floor(n * (f + 1) / FILES), n, beginUs);
        };
        await Promise.all(os.cpus().map(worker));
        fs.writeFileSync(`${dir}/made`, '');
    }
    const bytes = fs.readdirSync(dir).reduce((sum, f) => sum + fs.statSync(path.join(dir, f)).size, 0);
    return { dir, bytes, beginMs: beginUs / 1000, endMs: (beginUs + (n - 1) * GAP_US) / 1000 };
}
