// How soon a search of a big journal shows its first hits, and what it costs: hydrad beside `journalctl` over the same files, in turns.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Hydrad, root, until } from '../system/lib/hydrad.mjs';
import { bigJournal } from './journal-lib.mjs';
import { CHILDREN, OWN, firstHits, median, ms, timed } from './logs-lib.mjs';

const ENTRIES = Number(process.env.ENTRIES ?? 2600000), ROUNDS = Number(process.env.ROUNDS ?? 5);
const ONLY = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;
const startSystemd = path.join(root, 'tests/system/start-systemd'), machine = path.join(os.tmpdir(), `hydra-bench-${randomUUID().slice(0, 8)}`);
const journal = await bigJournal(ENTRIES);
fs.mkdirSync(`${machine}/units`, { recursive: true });
fs.writeFileSync(`${machine}/units/unit-3.service`, '[Service]\nExecStart=/bin/sleep 100000\n');
const [bus] = execFileSync(startSystemd, [machine], { encoding: 'utf8' }).trim().split(' ');
execFileSync('busctl', [`--address=${bus}`, 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'StartUnit', 'ss', 'unit-3.service', 'replace']);
const h = await Hydrad.start({ args: ['--node', 'bench', '--journal', journal.dir], env: { DBUS_SYSTEM_BUS_ADDRESS: bus } });
const admin = await h.setUp();
const unit = 'service=bench/systemd/unit-3.service', whole = 'node=bench';
await until(async () => (await admin.get(`/api/web/logs?${unit}&limit=1`)).status === 200, 20000, 'the unit');

const count = args => spawnSync('journalctl', ['-D', journal.dir, '--no-pager', '-q', '-o', 'short', '-n', '200', '-r', ...args], { maxBuffer: 1 << 28 })
    .stdout.toString().split('\n').length - 1;
/** Several questions find more together than one can. */
const theirs = questions => timed([[process.pid, CHILDREN]], () => ({ lines: Math.min(200, questions.reduce((sum, q) => sum + count(q), 0)) }));

const ours = query => timed([[h.process.pid, OWN]], () => firstHits(admin, query));

const text = (q, more = '') => `${more || whole}&q=${encodeURIComponent(q)}`;
const regex = (q, more) => `${text(q, more)}&regex=1`;
const at = share => Math.round(journal.beginMs + (journal.endMs - journal.beginMs) * share);
const window = [at(0.3), at(0.3) + 600_000], stamp = ms => `@${(ms / 1000).toFixed(3)}`;
const times = { ours: `since=${window[0]}&until=${window[1]}`, theirs: ['--since', stamp(window[0]), '--until', stamp(window[1])] };
// By level, ours also finds what was printed as an error: journalctl takes two questions for that. Alone, the first one is shown, too.
const printed = ['_TRANSPORT=stdout', '-p', '6..6', '--grep', '(ERROR|CRIT|ALERT|EMERG|FATAL|PANIC)|\\b(err(or)?|crit(ical)?|alert|emerg|fatal|panic|severe):'];
const cases = [
    ['newest 200 lines', whole, []],
    ['text, common', text('request'), ['--grep', 'request']],
    ['text, one of 3,001', text('needle'), ['--grep', 'needle']],
    ['text, once, long ago', text('ancient'), ['--grep', 'ancient']],
    ['text, absent', text('nowhere'), ['--grep', 'nowhere']],
    ['expression', regex('client \\d+7 took 7\\d\\d ms'), ['--grep', 'client \\d+7 took 7\\d\\d ms']],
    ['expression, absent', regex('took 9\\d\\d ms'), ['--grep', 'took 9\\d\\d ms']],
    ['unit and text', text('needle', unit), ['-u', 'unit-3', '--grep', 'needle']],
    ['unit and text, absent', text('nowhere', unit), ['-u', 'unit-3', '--grep', 'nowhere']],
    ['level err', `${whole}&level=err`, ['-p', 'err'], printed],
    ['level err of a unit', `${unit}&level=err`, ['-u', 'unit-3', '-p', 'err'], ['-u', 'unit-3', ...printed]],
    ['level err and text', `${text('retry')}&level=err`, ['-p', 'err', '--grep', 'retry'], [...printed.slice(0, -1), `(${printed.at(-1)}).*retry`]],
    ['level crit, absent', `${whole}&level=crit`, ['-p', 'crit'], [...printed.slice(0, -1), '(CRIT|ALERT|EMERG|FATAL|PANIC)|\\b(crit(ical)?|alert|emerg|fatal|panic):']],
    ['10 minutes long ago', `${whole}&${times.ours}`, times.theirs],
    ['10 minutes long ago and text', `${text('needle')}&${times.ours}`, [...times.theirs, '--grep', 'needle']],
];

const of = (v, key) => median(v.map(r => r[key]));
console.log(`journal of ${ENTRIES} entries, ${Math.round(journal.bytes / 1e6)} MB in ${fs.readdirSync(journal.dir).length - 1} files; load ${os.loadavg()[0].toFixed(1)}; medians of ${ROUNDS} rounds in turns`);
console.log('| search | lines | hydrad: first hits, ended | CPU | journalctl | CPU | ratio |\n| --- | --- | --- | --- | --- | --- | --- |');
let slower = 0;
for (const [name, query, args, also] of cases.filter(c => ONLY.test(c[0]))) {
    const a = [], b = [], part = [];
    for (let i = 0; i < ROUNDS; i++) {
        a.push(await ours(query));
        b.push(await theirs(also ? [args, also] : [args]));
        if (also) part.push(await theirs([args]));
    }
    const lines = a[0].lines === b[0].lines ? a[0].lines : `${a[0].lines} (${b[0].lines} there)`;
    slower += a[0].lines !== b[0].lines || of(a, 'ms') > of(b, 'ms') * 1.15 + 10;
    const alone = also ? ` (what was logged alone, ${part[0].lines} lines: ${ms(of(part, 'ms'))})` : '';
    console.log(`| ${name} | ${lines} | ${ms(of(a, 'first'))}, ${ms(of(a, 'ms'))} | ${ms(of(a, 'cpu'))} | ${ms(of(b, 'ms'))}${alone} | ${ms(of(b, 'cpu'))} | ${(of(a, 'ms') / of(b, 'ms')).toFixed(2)} |`);
}
await h.done();
execFileSync(startSystemd, ['--stop', machine]);
fs.rmSync(machine, { recursive: true, force: true });
process.exit(slower ? 1 : 0);
