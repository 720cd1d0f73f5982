// Programs that a test can start, kill and change: what hydrad is to find and to check.
import { spawn } from 'node:child_process';
import http from 'node:http';

/** A port that the kernel gives to no client, so that what listens there counts as a service that stays. */
const lastingPort = () => 20000 + Math.floor(Math.random() * 12000);

/** A process of its own that listens. `.port`, `.pid`, `.kill(signal)`. */
export function listeningProcess({ port = lastingPort() } = {}) {
    const code = `const s = require('net').createServer(c => c.end('hi')); s.listen(${port}, '127.0.0.1', () => console.log(s.address().port));`;
    const p = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = new Promise(r => p.on('exit', r));
    process.on('exit', () => p.kill('SIGKILL'));
    return new Promise((resolve, reject) => {
        p.on('error', reject);
        p.stdout.once('data', d => resolve({ port: Number(d), pid: p.pid, kill: s => { p.kill(s); return gone; } }));
    });
}

/** An HTTP server in this process whose answer can be changed: `.answer = {status, body, delay}`. */
export async function page(port = 0) {
    const s = { answer: { status: 200, body: 'Welcome to Plex' }, hits: 0 };
    const server = http.createServer((q, a) => {
        s.hits++;
        s.lastHeaders = q.headers;
        const { status, body, delay = 0, headers = {} } = s.answer;
        setTimeout(() => a.writeHead(status, { connection: 'close', ...headers }).end(body), delay);
    });
    s.listen = () => new Promise((r, j) => server.on('error', j).listen(s.port ?? port, '127.0.0.1', () => { s.port = server.address().port; r(s); }));
    s.close = () => new Promise(r => { server.close(r); server.closeAllConnections(); });
    return s.listen();
}
