// After `next build`: checks the pages against the security policy they will be served with, drops what must not be
// served, and writes out/manifest.json for the embedder: one line per file with its URL path, type and policy.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../out');
const firstLoadLimit = 250 * 1024;

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/x-component',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/* Not for serving: the worker's source, empty source maps, files of the pages router, the build's own fallback page. */
const unwanted = [/\.ts$/, /\.map$/, /^_next\/static\/hydra\//, /^_not-found/, /^manifest\.json$/];

const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((e) => e.isFile())
  .map((e) => path.relative(root, path.join(e.parentPath, e.name)))
  .sort();

const read = (file) => readFileSync(path.join(root, file));
const sha256 = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

function fail(message) {
  console.error(`export: ${message}`);
  process.exitCode = 1;
}

/* Prerendered styles are dropped by the policy and hydration does not repair them. */
function checkStyles(file, html) {
  const at = html.search(/<[a-z][^>]*\sstyle=|<style/i);
  if (at >= 0) fail(`${file} has an inline style, which the policy refuses: …${html.slice(at, at + 160)}…`);
}

const inlineScripts = (html) =>
  [...html.matchAll(/<script(?![^>]*\ssrc=)(?![^>]*type="application\/json")[^>]*>([\s\S]*?)<\/script>/g)].map((m) => m[1]);

function pagePolicy(html) {
  const hashes = [...new Set(inlineScripts(html).map(sha256))].join(' ');
  return [
    "default-src 'self'",
    `script-src 'self' ${hashes}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/* A worker obeys the header of its own script, not that of the page. */
const workerPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'";

function policyOf(file) {
  if (/turbopack-worker/.test(file)) return workerPolicy;
  if (!file.endsWith('.html')) return null;
  const html = read(file).toString();
  checkStyles(file, html);
  return pagePolicy(html);
}

const urlOf = (file) => `/${file.replace(/(^|\/)index\.html$/, '$1').replace(/\.html$/, '')}`;

const kept = files.filter((f) => !unwanted.some((u) => u.test(f)));
for (const file of files) if (!kept.includes(file)) rmSync(path.join(root, file));
const pages = kept.filter((f) => f.endsWith('.html'));

/* What a browser fetches for a page before anyone touches it: the page, its scripts, its style, its first font. */
function firstFiles(page) {
  const html = read(page).toString().replace(/<script[^>]*noModule[^>]*>/gi, '');
  const urls = [...html.matchAll(/(?:src|href)="(\/_next\/[^"]+)"/g)].map((m) => m[1].slice(1));
  return [page, ...new Set(urls)];
}

/* Nearly all functions of the first scripts are called while the page begins. With this line V8 compiles them as they
   arrive, on a thread of its own, and not one by one when they are called: a third of the main thread's work. Others
   ignore it. */
const hint = '//# allFunctionsCalledOnLoad\n';
for (const file of new Set(pages.flatMap(firstFiles).filter((f) => f.endsWith('.js'))))
  if (!read(file).toString().startsWith(hint)) writeFileSync(path.join(root, file), hint + read(file));

const brotli = (b) => brotliCompressSync(b, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });

function firstLoad(page) {
  const all = firstFiles(page);
  const bytes = all.reduce((sum, f) => sum + (f.endsWith('.woff2') ? read(f).length : brotli(read(f)).length), 0);
  return { requests: all.length, bytes };
}

for (const file of pages) {
  const { requests, bytes } = firstLoad(file);
  console.log(`${file.padEnd(20)} ${String(requests).padStart(3)} files ${(bytes / 1024).toFixed(1).padStart(7)} KiB first load, brotli`);
  if (bytes > firstLoadLimit) fail(`${file} loads more than ${firstLoadLimit / 1024} KiB at first`);
}

/* What a person reads first is in the HTML; scripts that are fetched and compiled beside it would keep the first frame
   back. So they begin after it, at once in a tab that nobody sees. The theme's script goes above the stylesheet, for which
   it would have to wait. */
const asyncScript = /<script src="([^"]+)" async=""><\/script>/g;
const preloadScript = /<link rel="preload" as="script"[^>]*>/g;
const themeScript = /<script>try\{[^<]*data[sS]et\.theme[^<]*<\/script>/;
const afterFirstFrame = (scripts) =>
  `(()=>{const load=()=>{for(const src of ${JSON.stringify(scripts)}){const s=document.createElement('script');s.async=true;s.src=src;document.head.append(s)}};` +
  'document.hidden?load():requestAnimationFrame(()=>setTimeout(load))})()';

function paintFirst(page) {
  const html = read(page).toString();
  const scripts = [...html.matchAll(asyncScript)].map((m) => m[1]);
  if (!scripts.length) return;
  const [theme] = html.match(themeScript) ?? [''];
  if (!theme) fail(`${page} has no script that sets the theme`);
  const charset = '<meta charSet="utf-8"/>';
  writeFileSync(
    path.join(root, page),
    html
      .replace(asyncScript, '')
      .replace(preloadScript, '')
      .replace(theme, '')
      .replace(charset, () => charset + theme)
      .replace('</body>', () => `<script>${afterFirstFrame(scripts)}</script></body>`),
  );
}
pages.forEach(paintFirst);

const entries = kept.map((file) => {
  const type = types[path.extname(file)];
  if (!type) fail(`${file} has no known type`);
  return { path: urlOf(file), file, type, immutable: file.startsWith('_next/static/'), policy: policyOf(file) };
});

writeFileSync(path.join(root, 'manifest.json'), `${JSON.stringify(entries, null, 1)}\n`);
console.log(`${entries.length} files to embed`);
