// Two networks on one machine with a cable between them that can be made bad: faulty-wire.
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { root } from './hydrad.mjs';

const program = process.env.FAULTY_WIRE ?? path.join(root, 'build/tests/system/faulty-wire');

/** A test of this file again, where the network is its own: its output and exit code. */
export function alone(file) {
    const kept = { HYDRA_TEST_ALONE: '1', NODE_TEST_CONTEXT: '' };
    const p = spawn('unshare', ['--net', '--mount', '--propagation', 'private', process.execPath, '--test-reporter=tap', file], { env: { ...process.env, ...kept }, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    p.stdout.on('data', d => { out += d; });
    return new Promise((resolve, reject) => { p.on('error', reject); p.on('close', code => resolve({ code, out })); });
}

export class Wire {
    here = '10.81.0.1';
    there = '10.81.0.2';
    #answers = [];

    /** The network of this process and a new one. */
    static async start() {
        const w = new Wire();
        execFileSync('ip', ['link', 'set', 'lo', 'up']);
        w.holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec sleep 1000000'], { stdio: ['ignore', 'pipe', 'inherit'] });
        await new Promise(r => w.holder.stdout.once('data', r));
        w.process = spawn(program, [String(w.holder.pid), w.here, w.there], { stdio: ['pipe', 'pipe', 'inherit'] });
        w.process.stdout.on('data', d => { for (const _ of String(d).trim().split('\n')) w.#answers.shift()?.(); });
        await new Promise((ok, no) => { w.#answers.push(ok); w.process.on('exit', () => no(new Error('faulty-wire ended'))); });
        return w;
    }

    /** "loss 20", "delay 300", "cut", "mute here", "mute there", "whole". */
    is(how) { return new Promise(ok => { this.#answers.push(ok); this.process.stdin.write(`${how}\n`); }); }
    /** The words that run a program on the other side. */
    get prefix() { return ['nsenter', '-t', String(this.holder.pid), '-n', '--']; }
    stop() { this.process.removeAllListeners('exit'); this.process.kill(); this.holder.kill('SIGKILL'); }
}
