// A stand-in for hydrad while developing: serves web/out with the policies it will be served with, fixtures for the API,
// and a live stream. `node scripts/mock.mjs [--port 5177] [--variant incident] [--embed]`; never shipped.
// POST /mock/<incident|down|stop-stream|signed-out> changes what it says.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { cluster, columns, incident, metricRow, vitals } from './fixtures.mjs';
import { accessAnswer } from './fixtures-access.mjs';
import { nodeDetail, nodeParts, processes } from './fixtures-detail.mjs';
import { peopleAnswer } from './mock-access.mjs';
import { logAnswer, logControl } from './mock-logs.mjs';
import { control as controlOf } from './mock-control.mjs';
import { askedAnswer } from './mock-asked.mjs';
import { generationAnswer } from './mock-generations.mjs';
import { guardAnswer } from './mock-guard.mjs';
import { jobs } from './mock-jobs.mjs';
import { serviceAnswer } from './mock-services.mjs';

const { values: args } = parseArgs({
  options: { port: { type: 'string', default: '5177' }, variant: { type: 'string', default: 'well' }, role: { type: 'string', default: 'admin' }, embed: { type: 'boolean' }, setup: { type: 'boolean' }, storm: { type: 'string' }, out: { type: 'boolean' } },
});
const root = path.resolve(import.meta.dirname, '../out');
const state = { ...cluster(args.variant), sequence: 1, epoch: Date.now(), down: false, signedOut: !!args.out, setup: !!args.setup };
const streams = new Set();

// --- stream
const id = () => `${state.epoch}-${state.sequence}`;
function publish(event, data, topic) {
  state.sequence++;
  const frame = `id: ${id()}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  for (const s of streams) if (s.topics.some((t) => t === topic)) s.res.write(frame);
}
const controlAnswer = controlOf(state, publish);
const permissions = accessAnswer('/api/web/session', 'GET', undefined, { signedOut: false }, args.role).body.permissions;
const jobsAnswer = jobs(state, publish, permissions);
setInterval(() => {
  const t = Date.now();
  for (const m of state.machines) {
    const n = state.overview.nodes.find((x) => x.id === m.id);
    if (!n || n.state === 'away') continue;
    n.vitals = vitals(m, t);
    publish('node.vitals', { id: m.id, ...n.vitals }, 'vitals');
    if ([...streams].some((s) => s.topics.includes(`metrics/${m.id}`)))
      watched(m, n, t);
  }
}, 1000);
function watched(m, n, t) {
  publish('node.metrics', { id: m.id, schema: 1, t, v: metricRow(m, t) }, `metrics/${m.id}`);
  publish('node.detail', { id: m.id, ...nodeParts(m, n, t) }, `metrics/${m.id}`);
  if (args.role !== 'viewer') publish('node.processes', processes(m, state.overview, t), `metrics/${m.id}`);
}
setInterval(() => streams.forEach((s) => s.res.write(': heartbeat\n\n')), 15_000);
setInterval(() => {
  const s = state.overview.services[Math.floor(Math.random() * state.overview.services.length)];
  if (!s || s.state !== 'healthy') return;
  s.latency_ms = Math.max(1, Math.round(s.latency_ms * (0.8 + Math.random() * 0.4)));
  publish('service.changed', s, 'state');
}, 700);

/* --storm 50: so many changes of services a second */
const storm = Number(args.storm ?? 0);
if (storm)
  setInterval(() => {
    for (let i = 0; i < storm / 10; i++) {
      const s = state.overview.services[Math.floor(Math.random() * state.overview.services.length)];
      s.state = s.state === 'healthy' ? 'degraded' : 'healthy';
      s.latency_ms = Math.ceil(Math.random() * 50);
      publish('service.changed', s, 'state');
    }
  }, 100);

function stream(req, res, url) {
  if (state.signedOut) return problem(res, 401, 'signed-out', 'Sign in again.');
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  res.write('retry: 1000\n\n');
  const s = { res, topics: (url.searchParams.get('topics') ?? 'state,vitals,feed,access').split(',') };
  streams.add(s);
  res.on('close', () => streams.delete(s));
}

// --- answers
function json(res, status, body, type = 'application/json') {
  res.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  res.end(body === undefined ? undefined : JSON.stringify(body));
}
const problem = (res, status, slug, detail, more) =>
  json(res, status, { type: `https://hydra.local/problems/${slug}`, title: slug, status, detail, request_id: 'mock0001', ...more }, 'application/problem+json');

const overview = () => ({ ...state.overview, event_id: id(), now: new Date().toISOString() });

function trends() {
  const end = Math.floor(Date.now() / 10_000);
  const nodes = state.machines.map((m) => {
    const rows = Array.from({ length: 90 }, (_, i) => vitals(m, (end - 89 + i) * 10_000));
    const column = (f) => rows.map((v) => Math.round(f(v) * 10) / 10);
    return {
      id: m.id,
      t: rows.map((v) => v.t),
      cpu: column((v) => v.cpu),
      mem: column((v) => (v.mem_used / v.mem_total) * 100),
      disk: column((v) => (v.disk_used / v.disk_total) * 100),
      net: column((v) => v.net_rx + v.net_tx),
      psi: column((v) => Math.max(v.psi_cpu, v.psi_mem, v.psi_io)),
      temp: column((v) => v.temp),
    };
  });
  return { step_ms: 10_000, nodes };
}

function window15(m) {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const t = Array.from({ length: 900 }, (_, i) => now - (899 - i) * 1000);
  const rows = t.map((x) => metricRow(m, x));
  return { event_id: id(), schema: 1, step_ms: 1000, t, columns, values: columns.map((_, c) => rows.map((r) => r[c])) };
}

/* /api/web/nodes/ID[/window|/processes] */
function nodeAnswer(p, res) {
  const [, , , , id, part] = p.split('/');
  const m = state.machines.find((x) => x.id === id);
  const n = state.overview.nodes.find((x) => x.id === id);
  if (!m || !n) return problem(res, 404, 'not-found', 'There is no such node.');
  if (part === 'window') return json(res, 200, window15(m));
  if (part === 'processes') return json(res, 200, processes(m, state.overview));
  return json(res, 200, { ...nodeDetail(m, n, state.overview), event_id: `${state.epoch}-${state.sequence}` });
}

function api(req, res, url, body) {
  const p = url.pathname;
  if (state.down) return req.socket.destroy();
  if (p === '/api/events/cluster') return stream(req, res, url);
  if (p === '/api/web/welcome') return json(res, 200, { setup_needed: state.setup, version: '0.1.0', insecure: false });
  const access = accessAnswer(p, req.method, body, state, args.role);
  if (access) return access.problem ? problem(res, ...access.problem) : json(res, access.status, access.body);
  if (state.signedOut) return problem(res, 401, 'signed-out', 'Sign in again.');
  if (logAnswer({ req, res, url, overview: state.overview, json, problem, role: args.role })) return;
  const controlled = guardAnswer(p, req.method, body, args.role) ?? generationAnswer(url) ?? askedAnswer(url, state.overview, args.role) ?? controlAnswer(url, req.method, body) ?? jobsAnswer(url, req.method, body);
  if (controlled) return controlled.problem ? problem(res, ...controlled.problem) : json(res, controlled.status, controlled.body);
  if (p === '/api/web/overview') return json(res, 200, overview());
  if (p === '/api/web/trends') return json(res, 200, trends());
  if (p === '/api/web/nodes') return json(res, 200, { event_id: id(), nodes: state.overview.nodes });
  if (p.startsWith('/api/web/nodes/')) return nodeAnswer(p, res);
  const written = peopleAnswer(url, req.method, body) ?? serviceAnswer(p, req.method, body, state, publish);
  if (written) return written.problem ? problem(res, ...written.problem) : json(res, written.status, written.body);
  if (p === '/api/web/services') return json(res, 200, { event_id: id(), services: state.overview.services, groups: [...new Set(state.overview.services.map((s) => s.group))] });
  if (p.startsWith('/api/web/services-check/')) return setTimeout(() => json(res, 202), 300);
  if (p === '/api/web/events') return json(res, 200, events(url));
  return problem(res, 404, 'not-found', 'There is no such thing here.');
}

function events(url) {
  const q = url.searchParams;
  const all = Array.from({ length: 240 }, (_, i) => ({ ...state.overview.feed[i % state.overview.feed.length], id: `e${i}`, time: new Date(Date.now() - i * i * 9000 - 20_000).toISOString() }));
  const fits = (e) =>
    (!q.get('severity') || q.get('severity').split(',').includes(e.severity)) &&
    (!q.get('node') || e.node === q.get('node')) &&
    (!q.get('text') || e.text.toLowerCase().includes(q.get('text').toLowerCase()));
  const from = Number(q.get('before') ?? 0);
  const list = all.filter(fits);
  return { entries: list.slice(from, from + 100), next: from + 100 < list.length ? String(from + 100) : null };
}

function control(res, what) {
  if (logControl(what)) return json(res, 204);
  if (what === 'incident') {
    incident(state.overview);
    const o = state.overview;
    o.services.filter((s) => s.state !== 'healthy').forEach((s) => publish('service.changed', s, 'state'));
    publish('node.changed', o.nodes[0], 'state');
    publish('attention.changed', { attention: o.attention }, 'state');
    publish('verdict.changed', o.verdict, 'state');
    publish('feed.added', o.feed[0], 'feed');
  } else if (what === 'stop-stream') streams.forEach((s) => s.res.destroy());
  else if (what === 'down') state.down = !state.down;
  else if (what === 'signed-out') state.signedOut = true;
  if (what === 'down') streams.forEach((s) => s.res.destroy());
  json(res, 204);
}

// --- files
const manifest = () => JSON.parse(readFileSync(path.join(root, 'manifest.json'), 'utf8'));
function embedded(html) {
  if (!args.embed || state.signedOut) return html;
  const block = (id, value) => `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>`;
  const { body } = accessAnswer('/api/web/session', 'GET', undefined, state, args.role);
  const { sentence, detail } = state.overview.verdict;
  const said = html.replace(/(id="hydra-(sentence|detail)"[^>]*>)/g, (tag, _, place) => tag + (place === 'detail' ? detail : sentence));
  return said.replace('</body>', `${block('hydra-overview', overview())}${block('hydra-session', body)}</body>`);
}
const cache = new Map();
function packed(name, body) {
  const known = cache.get(name);
  if (known?.plain.equals(body)) return known.packed;
  const quality = name.endsWith('.html') ? 4 : 11;
  const made = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } });
  cache.set(name, { plain: body, packed: made });
  return made;
}
function file(req, res, url) {
  const entry = manifest().find((e) => e.path === decodeURIComponent(url.pathname)) ?? manifest().find((e) => e.path === '/404');
  let body = readFileSync(path.join(root, entry.file));
  if (entry.file === 'index.html') body = Buffer.from(embedded(body.toString()));
  const head = { 'Content-Type': entry.type, 'Cache-Control': entry.immutable ? 'public, max-age=31536000, immutable' : 'no-cache' };
  if (entry.policy) head['Content-Security-Policy'] = entry.policy;
  if (!entry.type.startsWith('font/') && /br/.test(req.headers['accept-encoding'] ?? '')) {
    body = packed(entry.file, body);
    head['Content-Encoding'] = 'br';
  }
  res.writeHead(entry.path === '/404' ? 404 : 200, head);
  res.end(body);
}

const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://mock');
  let text = '';
  for await (const piece of req) text += piece;
  const body = text ? JSON.parse(text) : undefined;
  if (url.pathname.startsWith('/mock/')) return control(res, url.pathname.slice(6));
  if (url.pathname.startsWith('/api/')) return api(req, res, url, body);
  if (!existsSync(root)) return res.end('run `npm run build` first');
  return file(req, res, url);
});
server.listen(Number(args.port), '127.0.0.1', () => console.log(`mock: http://127.0.0.1:${server.address().port}/ (${args.variant})`));
