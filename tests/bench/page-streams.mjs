// Holds many event streams open and reads them away: node page-streams.mjs BASE COOKIE COUNT. Says "ready" once all have answered.
import net from 'node:net';

const [base, cookie, count] = process.argv.slice(2);
const { hostname, port, host } = new URL(base);
const head = `GET /api/events/cluster HTTP/1.1\r\nHost: ${host}\r\nCookie: hydra_session=${cookie}\r\nAccept: text/event-stream\r\n\r\n`;
const atOnce = 50;

function open() {
    return new Promise((resolve, reject) => {
        const s = net.connect({ host: hostname, port, onread: { buffer: Buffer.alloc(65536), callback: () => (resolve(), true) } });
        s.on('connect', () => s.write(head));
        s.on('error', reject);
        s.on('close', () => { console.error('a stream was closed'); process.exit(1); });
    });
}

for (let left = Number(count); left > 0; left -= atOnce) await Promise.all(Array.from({ length: Math.min(left, atOnce) }, open));
console.log('ready');
process.on('disconnect', () => process.exit(0));
