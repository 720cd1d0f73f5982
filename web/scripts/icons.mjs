// One drawing of all the services that the catalogue (integrations/) names and that have a sign: public/icons.svg, and
// their names in lib/icon-names.json. One colour each, so they stand quietly beside words. From simple-icons (CC0).
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const web = path.resolve(import.meta.dirname, '..');
const catalogue = path.resolve(web, '../integrations');
const drawings = path.resolve(web, 'node_modules/simple-icons/icons');

/* What goes by another name there, or is a part of something that has a sign. */
const alias = {
  alertmanager: 'prometheus',
  'blackbox-exporter': 'prometheus',
  'dcgm-exporter': 'nvidia',
  jupyterhub: 'jupyter',
  loki: 'grafana',
  'nix-daemon': 'nixos',
  'node-exporter': 'prometheus',
  'nvidia-gpu-exporter': 'nvidia',
  'nvidia-persistenced': 'nvidia',
  postgres: 'postgresql',
  'postgres-exporter': 'postgresql',
  promtail: 'grafana',
  'proxmox-backup': 'proxmox',
  pushgateway: 'prometheus',
  'redis-exporter': 'redis',
  'speedtest-tracker': 'speedtest',
  'text-embeddings-inference': 'huggingface',
  traefik: 'traefikproxy',
  unifi: 'ubiquiti',
  'wg-easy': 'wireguard',
};

const iconOf = (file) => readFileSync(path.join(catalogue, file), 'utf8').match(/^icon:\s*"?([\w.-]+)/m)?.[1];
const names = [...new Set(readdirSync(catalogue).filter((f) => f.endsWith('.yaml')).flatMap((f) => iconOf(f) ?? []))].sort();

function symbol(name) {
  const file = path.join(drawings, `${alias[name] ?? name.replace(/[^a-z0-9]/g, '')}.svg`);
  if (!existsSync(file)) return null;
  const shape = readFileSync(file, 'utf8').match(/<path[^>]*\/>/)?.[0];
  return shape ? `<symbol id="${name}" viewBox="0 0 24 24">${shape}</symbol>` : null;
}

const found = names.map((name) => [name, symbol(name)]).filter(([, s]) => s);
mkdirSync(path.join(web, 'public'), { recursive: true });
writeFileSync(path.join(web, 'public/icons.svg'), `<svg xmlns="http://www.w3.org/2000/svg">${found.map(([, s]) => s).join('')}</svg>\n`);
writeFileSync(path.join(web, 'lib/icon-names.json'), `${JSON.stringify(found.map(([n]) => n))}\n`);
console.log(`icons: ${found.length} of ${names.length} services of the catalogue have a sign`);
