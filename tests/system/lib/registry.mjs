// A registry of images on loopback, as small as engines accept it: manifests and blobs over plain HTTP.
// https://distribution.github.io/distribution/spec/api/, image manifest version 2, schema 2.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import zlib from 'node:zlib';
import { scratchFolder } from './hydrad.mjs';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const digest = bytes => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A file system with busybox in it and a file that tells versions apart. */
function layer(version) {
    const root = scratchFolder();
    for (const d of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc', 'data']) fs.mkdirSync(path.join(root, d));
    fs.copyFileSync('/bin/busybox', path.join(root, 'bin/busybox'));
    for (const a of ['sh', 'sleep', 'echo', 'cat', 'true', 'false']) fs.symlinkSync('busybox', path.join(root, 'bin', a));
    fs.writeFileSync(path.join(root, 'etc/version'), version);
    const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 64 << 20 });
    fs.rmSync(root, { recursive: true });
    return tar;
}

export class Registry {
    blobs = new Map();
    manifests = new Map();

    static async start() {
        const r = new Registry();
        r.server = http.createServer((q, a) => r.answer(q, a));
        await new Promise(done => { r.server.listen(0, '127.0.0.1', done); });
        r.host = `127.0.0.1:${r.server.address().port}`;
        return r;
    }
    stop() { this.server.closeAllConnections(); return new Promise(done => { this.server.close(done); }); }

    keep(bytes) { const d = digest(bytes); this.blobs.set(d, bytes); return { digest: d, size: bytes.length }; }

    /** Makes NAME:TAG a new image; `config` is that of the image (Cmd, Env …). */
    push(name, tag, version, config) {
        const tar = layer(version);
        const image = { architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config, created: '2026-01-01T00:00:00Z', rootfs: { type: 'layers', diff_ids: [digest(tar)] }, history: [{ created_by: version }] };
        const manifest = Buffer.from(JSON.stringify({
            schemaVersion: 2, mediaType: MANIFEST,
            config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...this.keep(Buffer.from(JSON.stringify(image))) },
            layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...this.keep(zlib.gzipSync(tar, { level: 1 })) }],
        }));
        this.manifests.set(`${name}:${tag}`, manifest).set(`${name}:${digest(manifest)}`, manifest);
        return `${this.host}/${name}:${tag}`;
    }

    answer(q, a) {
        const [, name, kind, ref] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(q.url) ?? [];
        const body = kind === 'blobs' ? this.blobs.get(ref) : kind && this.manifests.get(`${name}:${ref}`);
        if (q.url === '/v2/') return a.end('{}');
        if (!body) return a.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }));
        a.writeHead(200, { 'content-type': kind === 'blobs' ? 'application/octet-stream' : MANIFEST, 'content-length': body.length, 'docker-content-digest': digest(body) });
        return a.end(q.method === 'HEAD' ? undefined : body);
    }
}
