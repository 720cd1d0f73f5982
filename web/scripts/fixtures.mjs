// A cluster to develop against: three nodes, 42 services, and the same on a bad day. Never shipped.
const GB = 2 ** 30;
const iso = (ms) => new Date(ms).toISOString();
let seed = 7;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const wave = (t, period, phase) => Math.sin((t / period) * 2 * Math.PI + phase);

const groups = {
  Inference: ['hydra-ai', 'tabbyapi:8 llama-server:6 ollama:9 tei:4 whisper:11 kokoro-tts:14 comfyui:21 litellm:12 qdrant:3'],
  Apps: ['hydra-compute', 'open-webui:24 searxng:31 n8n:17 langfuse:28 mlflow:19 gitea:13 woodpecker:10'],
  Platform: ['hydra-compute', 'postgresql:1 redis:1 traefik:2 prometheus:5 loki:7 grafana:16 dcgm-exporter:4'],
  Media: ['tower', 'plex:22 jellyfin:26 sonarr:15 radarr:16 prowlarr:18 bazarr:20 qbittorrent:9 overseerr:33 tautulli:14'],
  Home: ['tower', 'home-assistant:12 immich:27 nextcloud:48 paperless:36 vaultwarden:7 mosquitto:2 zigbee2mqtt:8 adguard-home:3 uptime-kuma:11 duplicati:19'],
};
const icons = { mosquitto: null, 'llama-server': 'llama-cpp', whisper: 'whisper-asr', 'kokoro-tts': 'kokoro', tei: 'text-embeddings-inference' };
const projects = { Media: 'media', Apps: 'apps', Platform: 'platform' };
const units = new Set(['tabbyapi', 'llama-server', 'ollama', 'postgresql', 'redis', 'dcgm-exporter']);

function service(name, ms, group, node, now) {
  const unit = units.has(name);
  return {
    id: `${node}/${unit ? 'systemd' : 'docker'}/${name}${unit ? '.service' : ''}`,
    node,
    kind: unit ? 'unit' : 'container',
    engine: unit ? 'systemd' : 'docker',
    name,
    display: name,
    group,
    icon: icons[name] ?? name,
    url: unit ? null : `http://${node}.lan:${8000 + Math.floor(random() * 1000)}`,
    state: 'healthy',
    since: iso(now - 3.2 * 86_400_000),
    reason: null,
    latency_ms: ms,
    project: unit ? null : projects[group] ?? null,
    hidden: false,
    manual: false,
    overridden: false,
    ports: [8000 + Math.floor(random() * 1000)],
    problems: 0,
    caused_by: null,
    restarts: 0,
    looping: false,
    cpu: Math.round(random() * 120) / 10,
    memory: Math.round((0.05 + random()) * GB),
    check: 'auto',
  };
}

const machines = [
  { id: 'hydra-ai', os: 'NixOS 25.11', cpu: 34, mem: 74, memory: 128, disk: [1.4, 3.8], net: 106e6, temp: 61, power: 742, up: 23.2, gpus: [['NVIDIA GeForce RTX 5090', 32, 28.4, 92, 66, 402], ['NVIDIA GeForce RTX 4090', 24, 18.8, 71, 63, 218]] },
  { id: 'hydra-compute', os: 'NixOS 25.11', cpu: 18, mem: 38, memory: 64, disk: [0.9, 1.9], net: 24e6, temp: 54, power: 318, up: 23.2, gpus: [['NVIDIA GeForce RTX 5070 Ti', 16, 14.6, 48, 58, 164], ['NVIDIA GeForce RTX 5070 Ti', 16, 11.4, 12, 46, 52]] },
  { id: 'tower', os: 'Unraid 7.2', cpu: 22, mem: 41, memory: 64, disk: [68, 96], net: 48e6, temp: 47, power: 118, up: 61.5, gpus: [] },
];

export function vitals(m, t) {
  const p = m.id.length;
  const cpu = Math.max(1, m.cpu + 6 * wave(t, 97_000, p) + 3 * wave(t, 23_000, p * 2) + 2 * random());
  const net = Math.max(0, m.net * (1 + 0.5 * wave(t, 140_000, p)));
  return {
    t,
    cpu,
    load1: cpu / 8,
    mem_used: (m.mem + 0.4 * wave(t, 300_000, p)) * GB,
    mem_total: m.memory * GB,
    swap_used: 0,
    disk_used: m.disk[0] * 1e12,
    disk_total: m.disk[1] * 1e12,
    disk_worst: m.id === 'tower' ? { mount: '/mnt/cache', percent: 87.4 } : { mount: '/', percent: 41 },
    net_rx: net,
    net_tx: net / 3,
    temp: m.temp + wave(t, 80_000, p),
    power: m.power + 8 * wave(t, 60_000, p),
    psi_cpu: Math.max(0, 2 + 2 * wave(t, 90_000, p)),
    psi_mem: 0,
    psi_io: Math.max(0, 1 + 2 * wave(t, 50_000, p)),
    gpus: m.gpus.map((g, i) => ({ id: `gpu${i}`, util: Math.min(100, g[3] + 5 * wave(t, 40_000, i)), mem_used: g[2] * GB, temp: g[4], power: g[5] + 4 * wave(t, 30_000, i) })),
  };
}

export function node(m, now, services) {
  return {
    id: m.id,
    name: m.id,
    label: m.id,
    state: 'online',
    severity: 'ok',
    os: m.os,
    os_id: m.os.split(' ')[0].toLowerCase(),
    kernel: '6.12.58',
    arch: 'x86_64',
    cpu_model: 'AMD Ryzen 9 9950X',
    cpu_threads: 32,
    memory_total: m.memory * GB,
    boot_time: iso(now - m.up * 86_400_000),
    seen: iso(now),
    services: { total: services.filter((s) => s.node === m.id).length, bad: 0 },
    gpus: m.gpus.map((g, i) => ({ id: `gpu${i}`, name: g[0].replace('NVIDIA GeForce ', ''), vendor: 'nvidia', uuid: `GPU-${i}`, driver: '580.95', memory_total: g[1] * GB })),
    pending_reboot: null,
    vitals: vitals(m, now),
    agent: { kind: 'built-in', version: '0.1.0', address: '', enrolled: null, certificate_expires: null, connected: null, upgrade: null, upgrade_obstacle: null },
    sources: [{ name: 'docker', state: 'ok', text: null, hint: null, since: iso(now - 1e7) }],
  };
}

function counts(services, nodes) {
  const shown = services.filter((s) => !s.hidden);
  const of = (state) => shown.filter((s) => s.state === state).length;
  return {
    total: shown.length,
    healthy: of('healthy'),
    unchecked: of('unchecked'),
    degraded: of('degraded'),
    down: of('down'),
    unknown: of('unknown'),
    working: of('working'),
    stopped: of('stopped'),
    nodes: nodes.length,
    nodes_online: nodes.filter((n) => n.state === 'online').length,
  };
}

const line = (id, now, ago, severity, kind, nodeId, serviceId, text) => ({ id, time: iso(now - ago), severity, kind, node: nodeId, service: serviceId, text });

function feed(now) {
  const S = 1000;
  return [
    line('f8', now, 38 * S, 'ok', 'service.healthy', 'tower', 'tower/docker/jellyfin', 'jellyfin healthy again after 6 s: container updated to 10.11.3'),
    line('f7', now, 170 * S, 'info', 'service.restarted', 'hydra-ai', 'hydra-ai/systemd/llama-server.service', 'llama-server restarted: ready in 8.2 s'),
    line('f6', now, 388 * S, 'info', 'node.changed', 'hydra-ai', null, 'hydra-ai switched to generation 212'),
    line('f5', now, 1227 * S, 'info', 'node.changed', 'tower', null, 'tower parity check 62 %, done about 19:40'),
    line('f4', now, 3133 * S, 'ok', 'node.changed', 'hydra-compute', null, 'hydra-compute switched to generation 187, confirmed'),
    line('f3', now, 4800 * S, 'info', 'service.restarted', 'tower', 'tower/docker/immich', 'immich restarted: healthy in 12 s'),
    line('f2', now, 9000 * S, 'warn', 'service.degraded', 'tower', 'tower/docker/nextcloud', 'nextcloud slow for 3 min: 1.9 s per request'),
    line('f1', now, 86_400 * S, 'ok', 'hydra.started', null, null, 'Hydra started'),
  ];
}

/* variant: "well", "incident", "away" (a node is not heard from), "single" (one machine), "empty", "crowd" (500 services) */
export function cluster(variant = 'well', now = Date.now()) {
  seed = 7;
  let services = Object.entries(groups).flatMap(([group, [n, list]]) =>
    list.split(' ').map((entry) => {
      const [name, ms] = entry.split(':');
      return service(name, Number(ms), group, n, now);
    }),
  );
  let use = machines;
  if (variant === 'single') {
    use = [{ ...machines[1], id: 'debian', os: 'Debian 12', gpus: [] }];
    services = services.slice(9, 34).map((s) => ({ ...s, id: s.id.replace(/^[^/]+/, 'debian'), node: 'debian' }));
    services.slice(3, 9).forEach((s) => Object.assign(s, { state: 'unchecked', latency_ms: null, check: 'none' }));
  }
  if (variant === 'empty') services = [];
  if (variant === 'crowd')
    services = Array.from({ length: 12 }, (_, k) => services.map((s) => ({ ...s, id: `${s.id}-${k}`, display: k ? `${s.name}-${k}` : s.name }))).flat().slice(0, 500);
  const nodes = use.map((m) => node(m, now, services));
  const o = {
    event_id: `${now}-1`,
    now: iso(now),
    verdict: null,
    attention: [
      { id: 'a-cache', severity: 'info', title: 'tower: cache disk full in about 9 days', text: '126 GB left, growing 14 GB a day, most of it qbittorrent', cause: null, hint: null, service: null, node: 'tower', mount: null, breaks: [], since: iso(now - 2.3e7), actions: ['open'] },
    ],
    nodes,
    services,
    feed: feed(now),
  };
  if (variant === 'single' || variant === 'empty') o.attention = [];
  const total = services.length;
  o.verdict = {
    severity: total ? 'ok' : 'unknown',
    sentence: total ? `All ${total} services healthy on ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}` : 'No services found yet',
    detail: 'Steady since 11:50',
    since: iso(now - 9e6),
    counts: counts(services, nodes),
  };
  if (variant === 'incident') incident(o, now);
  if (variant === 'away') away(o, now);
  return { overview: o, machines: use };
}

export function incident(o, now = Date.now()) {
  const set = (name, patch) => Object.assign(o.services.find((s) => s.name === name) ?? {}, patch);
  const tabby = 'hydra-ai/systemd/tabbyapi.service';
  set('tabbyapi', { state: 'down', since: iso(now - 120_000), reason: 'CUDA error: no kernel image for this device', latency_ms: null, problems: 1, restarts: 3, looping: true });
  for (const name of ['litellm', 'open-webui', 'n8n'])
    set(name, { state: 'degraded', since: iso(now - 110_000), reason: 'tabbyapi, which it depends on, is down', caused_by: tabby });
  o.attention.unshift({
    id: 'a-tabby',
    severity: 'bad',
    title: 'tabbyapi does not start',
    text: 'CUDA error: no kernel image for this device. Three starts failed, the last one 24 s ago.',
    cause: 'generation 212 was activated on hydra-ai 3 min before. It brought the NVIDIA driver from 570.86 to 580.95.',
    hint: 'Look at its last error before starting it again: it is in a restart loop.',
    service: tabby,
    node: 'hydra-ai',
    breaks: ['hydra-ai/docker/litellm', 'hydra-compute/docker/open-webui', 'hydra-compute/docker/n8n'],
    since: iso(now - 120_000),
    actions: ['open', 'check'],
  });
  o.nodes[0].severity = 'warn';
  o.nodes[0].services.bad = 2;
  o.feed.unshift(line('f9', now, 120_000, 'bad', 'service.down', 'hydra-ai', tabby, 'tabbyapi is down: CUDA error: no kernel image for this device'));
  o.verdict = {
    severity: 'bad',
    sentence: 'tabbyapi on hydra-ai has been down for 2 min: 3 services depend on it',
    detail: 'The other 38 services are healthy on 3 nodes',
    since: iso(now - 120_000),
    counts: counts(o.services, o.nodes),
  };
}

function away(o, now) {
  Object.assign(o.nodes[2], { state: 'away', severity: 'unknown', seen: iso(now - 360_000) });
  o.services.filter((s) => s.node === 'tower').forEach((s) => Object.assign(s, { state: 'unknown', reason: 'tower is not heard from', latency_ms: null }));
  o.verdict = {
    severity: 'warn',
    sentence: 'tower has not been heard from for 6 min',
    detail: 'Its 19 services keep their last known state; the other 23 are healthy',
    since: iso(now - 360_000),
    counts: counts(o.services, o.nodes),
  };
  o.attention.unshift({ id: 'a-away', severity: 'warn', title: 'tower is not heard from', text: 'Last heard from 6 min ago. Alarms of its services wait.', cause: null, hint: 'Check its power and network; hydra-agent reconnects by itself.', service: null, node: 'tower', mount: null, breaks: [], since: iso(now - 360_000), actions: ['open'] });
}

export const columns = [
  ['cpu', '%'], ['cpu.user', '%'], ['cpu.system', '%'], ['cpu.iowait', '%'], ['cpu.steal', '%'],
  ...Array.from({ length: 8 }, (_, i) => [`core.${i}`, '%']),
  ['load1', ''], ['mem.used', 'bytes'], ['mem.cache', 'bytes'], ['mem.free', 'bytes'], ['swap.used', 'bytes'],
  ['disk.nvme0n1.read', 'B/s'], ['disk.nvme0n1.write', 'B/s'], ['disk.nvme0n1.busy', '%'],
  ['net.eth0.rx', 'B/s'], ['net.eth0.tx', 'B/s'],
  ['psi.cpu', '%'], ['psi.memory', '%'], ['psi.io', '%'], ['temp.Tctl', '°C'],
  ['gpu.0.util', '%'], ['gpu.0.mem', 'bytes'], ['gpu.0.temp', '°C'], ['gpu.0.power', 'W'],
].map(([name, unit]) => ({ name, unit }));

export function metricRow(m, t) {
  const v = vitals(m, t);
  const core = (i) => Math.max(0, Math.min(100, v.cpu + 20 * wave(t, 17_000 + i * 3000, i)));
  const g = v.gpus[0] ?? {};
  return [
    v.cpu, v.cpu * 0.7, v.cpu * 0.25, v.cpu * 0.05, 0,
    ...Array.from({ length: 8 }, (_, i) => core(i)),
    v.load1, v.mem_used, v.mem_used * 0.3, v.mem_total - v.mem_used * 1.3, 0,
    4e6 * (1 + wave(t, 30_000, 1)), 9e6 * (1 + wave(t, 45_000, 2)), 12 + 10 * wave(t, 45_000, 2),
    v.net_rx, v.net_tx, v.psi_cpu, v.psi_mem, v.psi_io, v.temp,
    g.util ?? null, g.mem_used ?? null, g.temp ?? null, g.power ?? null,
  ];
}
