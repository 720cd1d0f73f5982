// How soon a search of a big journal shows its first hits: hydrad beside `journalctl --grep`, in turns, over the same files.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Hydrad, scratchFolder } from '../system/lib/hydrad.mjs';

const ENTRIES = Number(process.env.ENTRIES ?? 300000), ROUNDS = Number(process.env.ROUNDS ?? 5);
const dir = scratchFolder(), journal = path.join(dir, 'journal');

/** Entries in journald's export format, a needle now and then and one long ago. */
function makeJournal() {
    fs.mkdirSync(journal);
    const pieces = [], begin = Date.now() * 1000 - ENTRIES * 1000;
    const boot = '11111111111111111111111111111111', machine = fs.readFileSync('/etc/machine-id', 'utf8').trim();
    for (let i = 0; i < ENTRIES; i++) {
        const word = i === 1000 ? 'ancient' : i % 997 === 0 ? 'needle' : 'hay';
        pieces.push(`__REALTIME_TIMESTAMP=${begin + i * 1000}\n__MONOTONIC_TIMESTAMP=${i * 1000}\n_BOOT_ID=${boot}\n_MACHINE_ID=${machine}\n`
            + `_HOSTNAME=bench\n_TRANSPORT=stdout\n_SYSTEMD_UNIT=unit-${i % 40}.service\n_COMM=program-${i % 40}\n_PID=${1000 + i % 40}\n_UID=0\n`
            + `SYSLOG_IDENTIFIER=program-${i % 40}\nPRIORITY=${i % 500 === 0 ? 3 : 6}\nMESSAGE=request ${i} of client ${i * 7919 % 100003} took ${i % 733} ms: ${word}\n\n`);
    }
    execFileSync('/lib/systemd/systemd-journal-remote', ['-o', path.join(journal, 'system.journal'), '-'], { input: pieces.join(''), maxBuffer: 1 << 30, stdio: ['pipe', 'ignore', 'ignore'] });
    return fs.readdirSync(journal).reduce((n, f) => n + fs.statSync(path.join(journal, f)).size, 0);
}

const median = v => [...v].sort((a, b) => a - b)[v.length >> 1];
const size = makeJournal();
const h = await Hydrad.start({ args: ['--node', 'bench', '--journal', journal] });
const admin = await h.setUp();

function theirs(args) {
    const began = performance.now();
    const r = spawnSync('journalctl', ['-D', journal, '--no-pager', '-q', '-o', 'short', ...args], { maxBuffer: 1 << 28 });
    return { ms: performance.now() - began, lines: r.stdout.toString().split('\n').length - 1 };
}

async function ours(query) {
    const began = performance.now();
    let lines = 0, cursor = '';
    do {
        const a = await admin.get(`/api/web/logs?node=bench&limit=200&${query}${cursor && `&before=${cursor}`}`, { timeout: 60000 });
        lines += a.json.lines.length;
        cursor = a.json.before;
    } while (!lines && cursor);
    return { ms: performance.now() - began, lines };
}

const cases = [
    ['newest 200 lines', '', ['-n', '200', '-r']],
    ['newest 200 with a text', 'q=needle', ['-n', '200', '-r', '--grep', 'needle']],
    ['newest 200 of an expression', `regex=1&q=${encodeURIComponent('client \\d+7 took 7\\d\\d ms')}`, ['-n', '200', '-r', '--grep', 'client \\d+7 took 7\\d\\d ms']],
    ['one line, long ago', 'q=ancient', ['-n', '200', '-r', '--grep', 'ancient']],
    ['newest 200 errors (here also printed ones)', 'level=err', ['-n', '200', '-r', '-p', 'err'], true],
];
console.log(`journal of ${ENTRIES} entries, ${Math.round(size / 1e6)} MB; median of ${ROUNDS} rounds`);
console.log('| search | lines | hydrad | journalctl |\n| --- | --- | --- | --- |');
let slower = 0;
for (const [name, query, args, looksAtMore] of cases) {
    const a = [], b = [];
    for (let i = 0; i < ROUNDS; i++) { a.push(await ours(query)); b.push(theirs(args)); }
    const [x, y] = [median(a.map(r => r.ms)), median(b.map(r => r.ms))];
    if (a[0].lines !== Math.min(200, b[0].lines)) console.log(`(${name}: ${a[0].lines} lines here, ${b[0].lines} there)`);
    slower += !looksAtMore && x > y * 1.15 + 10;
    console.log(`| ${name} | ${a[0].lines} | ${x.toFixed(0)} ms | ${y.toFixed(0)} ms |`);
}
await h.done();
fs.rmSync(dir, { recursive: true, force: true });
process.exit(slower ? 1 : 0);
