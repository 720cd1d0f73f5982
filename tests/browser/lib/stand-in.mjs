// The dashboard's stand-in for hydrad (web/scripts/mock.mjs), for what takes other machines: how they join, answer and refuse is played
// after a script there. Tests of hydrad itself use a real one.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { plainEnvironment, root, until } from '../../system/lib/hydrad.mjs';

export class StandIn {
    out = '';

    /** `variant` as in web/scripts/fixtures.mjs; `role` of who is signed in. */
    static async start({ variant = 'well', role = 'admin' } = {}) {
        const s = new StandIn();
        const words = [path.join(root, 'web/scripts/mock.mjs'), '--port', '0', '--variant', variant, '--role', role];
        s.process = spawn(process.execPath, words, { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] });
        process.once('exit', () => s.process.kill());
        s.process.stdout.on('data', d => { s.out += d; });
        s.process.unref();
        s.base = (await until(() => /http:\/\/127\.0\.0\.1:\d+/.exec(s.out), 60000, 'the stand-in'))[0];
        s.process.stdout.unref();
        return s;
    }

    /** It ends with the test at the latest: one that failed before is not kept waiting. */
    done() { this.process.kill(); }
}
