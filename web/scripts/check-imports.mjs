// Layers: a folder imports only what stands later in this list. Screens and widgets never import each other; no React
// from stream/ on; query options are made in api/keys.ts alone; no barrels. The contract's types (and only the types,
// `import type`) are everybody's: they are generated and lead nowhere.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const layers = ['app', 'widgets', 'components', 'state', 'stream', 'api', 'lib'];
const shared = ['shell', 'parts']; // folders of app/ that are no screens
let wrong = 0;

function report(file, text) {
  console.error(`${file}: ${text}`);
  wrong++;
}

function* sources(folder) {
  for (const e of readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }))
    if (e.isFile() && /\.tsx?$/.test(e.name) && !e.name.endsWith('.d.ts')) yield path.relative(root, path.join(e.parentPath, e.name));
}

const resolve = (file, spec) =>
  spec.startsWith('@/') ? spec.slice(2) : spec.startsWith('.') ? path.normalize(path.join(path.dirname(file), spec)) : null;

/* "app/(shell)/users/table.tsx" → "users"; files directly under a group belong to no screen. */
function screenOf(file) {
  const parts = file.split('/').slice(1).filter((p) => !/^\(.*\)$/.test(p));
  return parts.length > 1 && !shared.includes(parts[0]) ? parts[0] : null;
}

function checkScreen(file, target) {
  const [from, to] = [screenOf(file), screenOf(`${target}.ts`)];
  if (from && to && from !== to) report(file, `a screen imports another screen: ${target}`);
}

function checkImport(file, spec, typesOnly) {
  const layer = file.split('/')[0];
  const target = resolve(file, spec);
  const low = layers.indexOf(layer) >= layers.indexOf('stream');
  const allowed = file === 'lib/sheet.ts';
  if (!target) {
    if (low && !allowed && /^(react|react-dom|next)(\/|$)/.test(spec)) report(file, `no React below state/: ${spec}`);
    return;
  }
  if (target.startsWith('styles/') || target.startsWith('node_modules/')) return;
  if (target === 'api/types' && typesOnly) return;
  const to = target.split('/')[0];
  if (layers.indexOf(to) < layers.indexOf(layer)) report(file, `${layer}/ may not import ${to}/: ${spec}`);
  if (to === 'app' && layer === 'app') checkScreen(file, target);
}

function checkText(file, text) {
  if (file !== 'api/keys.ts' && /\bqueryOptions\(/.test(text)) report(file, 'queryOptions belong in api/keys.ts');
  if (/@ts-ignore|@ts-expect-error|: any\b|<any>|as any\b/.test(text)) report(file, 'no any, no @ts-ignore');
  if (/(^|\/)index\.tsx?$/.test(file)) report(file, 'no barrels');
  if (/<(div|span|li)\b[^>]*\sonClick=/.test(text)) report(file, 'a handler belongs on a button or a link');
}

for (const layer of layers) {
  let found = [];
  try {
    found = [...sources(layer)];
  } catch (e) {
    if (e.code !== 'ENOENT') throw e;
  }
  for (const file of found) {
    const text = readFileSync(path.join(root, file), 'utf8');
    checkText(file, text);
    for (const m of text.matchAll(/(import type [^']*from|from|import)\s*\(?\s*'([^']+)'/g)) checkImport(file, m[2], m[1].startsWith('import type'));
  }
}
if (wrong) process.exit(1);
console.log('imports: in order');
