// Puts the API's document page into out/: our page, and the viewer from npm, so that it works offline.
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const web = path.resolve(import.meta.dirname, '..');
const viewer = path.join(web, 'node_modules/swagger-ui-dist');
const out = path.join(web, 'out/docs');

mkdirSync(out, { recursive: true });
for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css']) copyFileSync(path.join(viewer, file), path.join(out, file));
for (const file of ['docs.js', 'docs.css']) copyFileSync(path.join(web, 'docs', file), path.join(out, file));
copyFileSync(path.join(web, 'docs/docs.html'), path.join(out, '../docs.html'));
