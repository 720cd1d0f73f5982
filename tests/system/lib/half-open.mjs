// Run in a network namespace of its own (unshare --net): a reader of events whose network is gone, with neither FIN nor RST. Prints
// what the server did about it as JSON.
import { execFileSync } from 'node:child_process';
import { Hydrad, sleep, until } from './hydrad.mjs';

const command = (program, ...args) => execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });

command('ip', 'link', 'set', 'lo', 'up');
const h = await Hydrad.start();
try {
    const admin = await h.setUp();
    const stats = async () => (await admin.get('/api/events/stats')).json;
    const gone = await admin.events(), there = await admin.events();
    await until(async () => (await stats()).subscribers === 2, 60000, 'two readers');
    const port = String(gone.request.socket.localPort);
    for (const way of ['--dport', '--sport']) command('iptables', '-I', 'INPUT', '-p', 'tcp', way, port, '-j', 'DROP');
    const at = performance.now(), before = there.events.length;
    await sleep(3000);
    const meanwhile = there.events.length - before;
    await until(async () => (await stats()).subscribers === 1, 120000, 'the reader to be given up');
    console.log(JSON.stringify({ meanwhile, seconds: (performance.now() - at) / 1000, ended: there.ended }));
} finally {
    await h.done();
}
process.exit(0);
