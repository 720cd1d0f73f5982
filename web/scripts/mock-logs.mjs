// Logs of the stand-in: a million lines and more, made when they are asked for from their number, so that nothing is kept.
// Live lines come at --log-rate a second; POST /mock/logs-<flood|fail|partial|slow|calm|lose> changes how. Never shipped.
const step = 1370; // ms between two lines of a source, on average
const depth = 1_000_000; // lines that a source holds
const state = { rate: 0.7, fail: false, partial: false, streams: new Set() };

const hash = (n) => {
  let x = (n ^ 0x9e3779b9) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
};
const seedOf = (s) => [...s].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0, 7);

const ms = (r) => (r % 9000) / 10;
const templates = [
  (r) => ['info', `GET /api/chat HTTP/2.0" 200 ${r % 60000} "open-webui@docker" ${r % 9000}ms`],
  (r) => ['info', `POST /v1/chat/completions 200 key=open-webui model=llama-3.3-70b ${r % 2048} tokens`],
  (r) => ['debug', `GET /health 200 in ${r % 9} ms`],
  (r) => ['info', `\x1b[32mINFO\x1b[0m  \x1b[2msrc/queue.ts:${r % 400}\x1b[0m Queued \x1b[1m${r % 300}\x1b[0m assets for \x1b[36mthumbnail generation\x1b[0m`],
  (r) => ['info', JSON.stringify({ ts: '2026-11-27T14:00:00Z', level: 'info', msg: 'request served', method: 'GET', path: '/library/sections', status: 200, duration_ms: ms(r), user: { name: 'mira', id: r % 90 } })],
  (r) => ['warning', `checkpoint took ${r % 90} s, longer than checkpoint_timeout allows`],
  (r) => ['info', `Metrics (ID: ${(r % 65536).toString(16)}): ${r % 2048} tokens generated in ${ms(r)} seconds (Queue: 0.0 s, Process: 1820 cached tokens, Generate: 31.4 T/s)`],
  (r) => ['err', `\x1b[31;1mPDOException\x1b[0m: SQLSTATE[HY000] [2002] Connection timed out after ${r % 30} s (\x1b[4mpostgresql:5432\x1b[24m)`],
  (r) => ['warning', JSON.stringify({ level: 'warn', message: 'Prompt exceeds 24576 tokens, cache page evicted', id: (r % 65536).toString(16), slots: { used: r % 4, total: 4 } })],
  (r) => ['notice', `\x1b[38;5;208mUser mira\x1b[0m logged in from \x1b[48;2;40;60;90m10.0.20.${r % 250}\x1b[0m`],
  (r) => [null, `progress 10%\rprogress 55%\rTranscode job ${r % 99} started: hevc 4K → h264 1080p, Quick Sync 日本語 ✓`],
  (r) => ['debug', `state_changed sensor.rack_power ${1000 + (r % 300)} → ${1000 + (r % 307)} W`],
];
const weights = [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 6, 6, 6, 11, 11, 11, 9, 10, 5, 0, 1, 2, 3, 4, 6, 11, 8, 7];

function textOf(r) {
  if (r % 997 === 0) return ['info', `matrix ${'0123456789abcdef '.repeat(900)}`, true];
  if (r % 211 === 0) return ['crit', 'CUDA error: no kernel image is available for execution on the device', false];
  return [...templates[weights[r % weights.length]](r >>> 5), false];
}

/* The line of a source at a number; numbers count from the epoch, so a time tells its number. A pause of 40 min every 4 h. */
function lineAt(source, n) {
  const r = hash(n ^ source.seed);
  const [level, text, cut] = textOf(r);
  const fields = source.kind === 'container' ? { stream: level === 'err' ? 'stderr' : 'stdout', container: source.seed.toString(16).slice(0, 7) } : { pid: 1000 + (source.seed % 9000), unit: source.name };
  return { t: n * step + (r % 900) + (source.seed % 400), service: source.kind === 'node' ? null : source.service, node: source.node, level, text: cut ? text.slice(0, 16384) : text, ...(cut && { cut }), cursor: `${n.toString(36)}.${source.seed.toString(36)}`, fields };
}
const began = Date.now();
const silent = (n) => n * step < began - 3_600_000 && (n * step) % (4 * 3_600_000) < 40 * 60_000;

export function logSources(overview) {
  const nodes = overview.nodes.map((n) => ({ service: n.id, name: n.id, node: n.id, kind: 'node', group: null }));
  const services = overview.services.filter((s) => s.node && s.kind !== 'manual').map((s) => ({ service: s.id, name: s.display, node: s.node, kind: s.kind === 'unit' ? 'unit' : 'container', group: s.group }));
  return [...nodes, ...services];
}

const asked = (overview, q) => {
  const ids = new Set([...q.getAll('service'), ...q.getAll('node')]);
  return logSources(overview).filter((s) => ids.has(s.service)).map((s) => ({ ...s, seed: seedOf(s.service) }));
};

const ranks = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
function filterOf(q) {
  const level = q.get('level') ? ranks.indexOf(q.get('level')) : 99;
  const re = q.get('q') && new RegExp(q.get('regex') ? q.get('q') : q.get('q').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
  const since = Number(q.get('since') ?? 0);
  const until = Number(q.get('until') ?? Infinity);
  return (l) => l.t >= since && l.t <= until && (level === 99 || (l.level && ranks.indexOf(l.level) <= level)) && (!re || re.test(l.text.replace(/\x1b\[[0-9;]*m/g, '')));
}

/* Cursors are a place in time over all sources: time, then source. */
const placeOf = (cursor) => {
  const [n, seed] = cursor.split('.').map((x) => parseInt(x, 36));
  return { n, seed };
};
const timeOf = (cursor) => {
  const { n, seed } = placeOf(cursor);
  return n * step + (hash(n ^ seed) % 900) + (seed % 400);
};
const later = (a, b) => a.t - b.t || (a.cursor < b.cursor ? -1 : a.cursor > b.cursor ? 1 : 0);
const longestSearch = 400_000; // lines looked at
const slowSearch = 3000; // the same for a node that takes all the time it is given

function read(sources, q, now) {
  const limit = Math.min(1000, Number(q.get('limit') ?? 200));
  const fits = filterOf(q);
  const [before, after] = [q.get('before'), q.get('after')];
  const forward = !!after;
  const edge = before ?? after;
  const point = edge ? { t: timeOf(edge), cursor: edge } : null;
  const newest = Math.floor(Math.min(now, Number(q.get('until') ?? Infinity)) / step);
  const oldest = Math.floor(now / step) - depth;
  const dir = forward ? 1 : -1;
  let n = point ? Math.floor(point.t / step) - dir * 2 : newest + 1;
  const found = [];
  const most = state.slow ? slowSearch : longestSearch;
  let looked = 0;
  for (; n >= oldest && n <= newest + 1 && looked < most; n += dir) {
    if (silent(n)) continue;
    const row = sources.map((s) => lineAt(s, n)).filter((l) => l.t <= now && fits(l) && (!point || (forward ? later(l, point) > 0 : later(l, point) < 0)));
    found.push(...row);
    looked += sources.length;
    if (found.length >= limit + sources.length * 4) break;
    if (!forward && n * step < Number(q.get('since') ?? 0)) break;
  }
  found.sort(later);
  const lines = forward ? found.slice(0, limit) : found.slice(-limit);
  const stopped = !forward && looked >= most && found.length <= lines.length;
  const more = found.length > lines.length || (looked >= most && lines.length > 0);
  const reached = stopped ? n * step : more ? (forward ? lines.at(-1).t : lines[0].t) : null;
  return { lines, before: stopped ? `${n.toString(36)}.0` : forward || more ? (lines[0]?.cursor ?? null) : null, reached, after: forward ? (more ? lines.at(-1)?.cursor : null) : before ? (lines.at(-1)?.cursor ?? null) : null, searched_ms: Math.round(looked / 900), partial: partial(sources) };
}

const partial = (sources) => (state.partial && sources[0] ? [{ service: sources[0].service, text: `${sources[0].node} is away: its lines until 14:02 are missing.` }] : []);

function stream(req, res, sources, q) {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const s = { res, sources, fits: filterOf(q), sent: Date.now(), made: 0, rate: state.rate };
  const p = new URLSearchParams(q);
  send(s, read(sources, p, s.sent).lines, 0);
  if (state.partial) res.write(`event: log.partial\ndata: ${JSON.stringify({ partial: partial(sources) })}\n\n`);
  state.streams.add(s);
  res.on('close', () => state.streams.delete(s));
}
const send = (s, lines, dropped) => s.res.write(`event: log.lines\ndata: ${JSON.stringify({ lines, dropped })}\n\n`);

/* At an ordinary pace the lines that GET would answer; beyond it made for the occasion, in pieces as a hub would. */
function tick(s) {
  const now = Date.now();
  if (state.rate <= 1) {
    const from = Math.floor(s.sent / step) - 2;
    const lines = [];
    for (let n = from; n <= Math.floor(now / step); n++) if (!silent(n)) lines.push(...s.sources.map((x) => lineAt(x, n)).filter((l) => l.t > s.sent && l.t <= now && s.fits(l)));
    s.sent = now;
    if (lines.length) send(s, lines.sort(later), 0);
    return;
  }
  if (s.res.writableLength > 8e6) return void (s.missed = (s.missed ?? 0) + state.rate / 10);
  const count = Math.round(state.rate / 10);
  for (let i = 0; i < count; i += 500) {
    const lines = [];
    for (let k = i; k < Math.min(count, i + 500); k++) {
      const x = s.sources[k % s.sources.length];
      const l = lineAt(x, hash(s.made++) & 0xffffff);
      if (s.fits(l)) lines.push({ ...l, t: now - 100 + Math.floor((k / count) * 100), cursor: `${Math.floor(now / step).toString(36)}.${x.seed.toString(36)}.${s.made}` });
    }
    send(s, lines, Math.round(s.missed ?? 0));
    s.missed = 0;
  }
  s.sent = now;
}
setInterval(() => state.streams.forEach(tick), 100);
setInterval(() => state.streams.forEach((s) => s.res.write(': heartbeat\n\n')), 15_000);

export function logControl(what) {
  if (what === 'logs-flood') state.rate = 50_000;
  else if (what === 'logs-busy') state.rate = 200;
  else if (what === 'logs-calm') Object.assign(state, { rate: 0.7, fail: false, partial: false, slow: false });
  else if (what === 'logs-slow') state.slow = true;
  else if (what === 'logs-fail') state.fail = true;
  else if (what === 'logs-partial') state.partial = true;
  else if (what === 'logs-lose') state.streams.forEach((s) => s.res.destroy());
  else if (what === 'logs-drop') state.streams.forEach((s) => send(s, [], 1234));
  else return false;
  return true;
}

/* True when the path is one of these. */
export function logAnswer({ req, res, url, overview, json, problem, role }) {
  const p = url.pathname;
  if (!/^\/api\/(web|events)\/logs/.test(p)) return false;
  const q = url.searchParams;
  if (role === 'viewer') return (problem(res, 403, 'forbidden', 'Your role may not read logs.'), true);
  if (state.fail) return (problem(res, 503, 'unavailable', 'The node that keeps this log does not answer. Its services are not affected; try again in a moment.'), true);
  if (p === '/api/web/logs/sources') return (json(res, 200, { sources: logSources(overview).map((s) => ({ ...s, service: s.kind === 'node' ? null : s.service })) }), true);
  const sources = asked(overview, q);
  if (!sources.length) return (problem(res, 400, 'no-source', 'Name at least one service or node.'), true);
  try {
    filterOf(q);
  } catch (e) {
    return (problem(res, 400, 'expression', `The expression can not be read: ${e.message}`), true);
  }
  if (p === '/api/events/logs') return (stream(req, res, sources, q), true);
  const page = read(sources, q, Date.now());
  const takes = state.slow && !q.get('after') ? Number(q.get('search_ms') ?? 10_000) : 0;
  if (p !== '/api/web/logs/download') return (setTimeout(() => json(res, 200, page), takes), true);
  res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Disposition': 'attachment; filename="logs.txt"' });
  res.end(page.lines.map((l) => `${new Date(l.t).toISOString()} ${l.service ?? l.node} ${l.level ?? '-'} ${l.text}\n`).join(''));
  return true;
}
