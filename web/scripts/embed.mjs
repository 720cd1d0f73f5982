// Makes the dashboard a part of the program: node embed.mjs WEB_OUT ASSETS.c ASSETS.S ASSETS.bin [DEPFILE]
//   ASSETS.bin  every file three times over: plain, gzip, brotli (only where that is smaller)
//   ASSETS.S    takes the bytes in with .incbin, so that compiling costs nothing
//   ASSETS.c    `const struct http_asset hydra_assets[]` of http/http.h, ended by .path = NULL
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [out, cFile, asmFile, binFile, depFile] = process.argv.slice(2);
if (!binFile) {
  console.error('usage: embed.mjs WEB_OUT ASSETS.c ASSETS.S ASSETS.bin [DEPFILE]');
  process.exit(2);
}
const entries = JSON.parse(readFileSync(path.join(out, 'manifest.json'), 'utf8'));

const chunks = [];
let offset = 0;

/* Where these bytes stand in the blob; a missing encoding is a NULL with length 0. */
function put(bytes) {
  if (!bytes) return { at: 'NULL', length: 0 };
  const at = `hydra_assets_blob + ${offset}`;
  chunks.push(bytes);
  offset += bytes.length;
  return { at, length: bytes.length };
}

const smaller = (packed, plain) => (packed.length < plain.length * 0.95 ? packed : null);

function encodings(type, plain) {
  if (type.startsWith('font/') || type === 'image/png') return { gzip: null, brotli: null };
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  return {
    gzip: smaller(gzipSync(plain, { level: 9 }), plain),
    brotli: smaller(brotliCompressSync(plain, { params }), plain),
  };
}

const c = (text) => (text === null ? 'NULL' : JSON.stringify(text));

function row(entry) {
  const plain = readFileSync(path.join(out, entry.file));
  const { gzip, brotli } = encodings(entry.type, plain);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  const [p, g, b] = [put(plain), put(gzip), put(brotli)];
  return `    {.path = ${c(entry.path)},
     .type = ${c(entry.type)},
     .etag = ${c(etag)},
     .policy = ${c(entry.policy)},
     .immutable = ${entry.immutable},
     .plain = ${p.at}, .gzip = ${g.at}, .brotli = ${b.at},
     .plain_len = ${p.length}, .gzip_len = ${g.length}, .brotli_len = ${b.length}},`;
}

const rows = entries.map(row).join('\n');

writeFileSync(binFile, Buffer.concat(chunks));
writeFileSync(
  asmFile,
  `/* Made by web/scripts/embed.mjs. */
    .section .rodata
    .global hydra_assets_blob
    .balign 16
hydra_assets_blob:
    .incbin "${path.resolve(binFile)}"
    .section .note.GNU-stack,"",%progbits
`,
);
writeFileSync(
  cFile,
  `/* Made by web/scripts/embed.mjs. */
#include "http/http.h"

extern const unsigned char hydra_assets_blob[];
extern const struct http_asset hydra_assets[];

const struct http_asset hydra_assets[] = {
${rows}
    {.path = NULL},
};
`,
);
if (depFile) {
  const inputs = entries.map((e) => path.resolve(out, e.file).replaceAll(/[ #]/g, '\\$&').replaceAll('$', '$$$$')).join(' ');
  writeFileSync(depFile, `${cFile}: ${path.resolve(out, 'manifest.json')} ${inputs}\n`);
}
