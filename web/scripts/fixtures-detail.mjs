// Details of the stand-in's services and nodes. Never shipped.
import { vitals } from './fixtures.mjs';

const GB = 2 ** 30;
const iso = (ms) => new Date(ms).toISOString();
const images = { plex: 'lscr.io/linuxserver/plex:1.42.2', immich: 'ghcr.io/immich-app/immich-server:v2.3.1' };

/* What was since the start of the stand-in: well, with one bad quarter of an hour for some. */
function history(s, now) {
  const start = now - 20 * 3_600_000;
  const since = Math.max(start, Date.parse(s.since));
  const last = { from: iso(since), to: iso(now), state: s.state, reason: s.reason };
  if (since > start + 60_000) {
    const was = { from: iso(start), to: iso(since), state: 'healthy', reason: null };
    return [was, last];
  }
  if (s.name.length % 3) return [last];
  const at = now - 9 * 3_600_000;
  return [
    { ...last, to: iso(at) },
    { from: iso(at), to: iso(at + 540_000), state: 'down', reason: 'connection refused' },
    { from: iso(at + 540_000), to: iso(at + 1_200_000), state: 'degraded', reason: 'answers in 2.4 s' },
    { ...last, from: iso(at + 1_200_000) },
  ];
}

const wiggle = (ms) => Array.from({ length: 60 }, (_, i) => (i === 41 ? null : Math.max(1, ms * (1 + 0.4 * Math.sin(i / 3) + 0.3 * Math.sin(i * 1.7)))));

function checks(s, now) {
  if (s.check === 'none') return [];
  const up = s.state === 'healthy' || s.state === 'degraded';
  const http = {
    kind: s.url ? 'http' : 'tcp',
    target: s.url ?? `127.0.0.1:${s.ports[0]}`,
    interval_ms: 10_000,
    automatic: s.check === 'auto',
    state: up ? 'up' : 'down',
    text: up ? (s.url ? '200 OK, the page is the one expected' : 'accepts connections, owned by the right process') : 'connection refused',
    latency_ms: up ? s.latency_ms : null,
    time: iso(now - 4000),
    code: up && s.url ? 200 : null,
    tls_expires: s.url?.startsWith('https') ? iso(now + 9 * 86_400_000) : null,
    last: wiggle(s.latency_ms ?? 10),
  };
  const engine = { ...http, kind: s.kind === 'unit' ? 'systemd' : 'docker', target: s.name, text: up ? 'running' : 'failed', latency_ms: null, code: null, last: [] };
  return s.kind === 'manual' ? [http] : [http, engine];
}

function failure(s, now) {
  if (s.state !== 'down') return { run: 'running', run_text: 'running', started: iso(Date.parse(s.since)), ended: null, exit_code: null, exit_meaning: null, last_error: null };
  return {
    run: 'failed',
    run_text: 'failed, tries again in 8 s',
    started: iso(now - 24_000),
    ended: iso(now - 20_000),
    exit_code: 1,
    exit_meaning: 'stopped by itself with an error (exit code 1)',
    last_error: 'Traceback (most recent call last):\n  File "/opt/tabbyapi/main.py", line 212, in load_model\ntorch.AcceleratorError: CUDA error: no kernel image is available for execution on the device',
  };
}

const labels = [
  { key: 'com.docker.compose.project', value: 'media', masked: false },
  { key: 'homepage.group', value: 'Media', masked: false },
  { key: 'homepage.widget.key', value: '', masked: true },
  { key: 'org.opencontainers.image.version', value: '1.42.2.10156-f737b826c', masked: false },
  { key: 'traefik.http.routers.plex.rule', value: 'Host(`plex.home.arpa`)', masked: false },
];

/* "needs" of a few, so that relations can be seen. */
const needs = { 'open-webui': ['litellm'], n8n: ['litellm', 'postgresql'], litellm: ['tabbyapi', 'postgresql'], immich: ['redis', 'postgresql'], gitea: ['postgresql'], radarr: ['prowlarr', 'qbittorrent'], sonarr: ['prowlarr', 'qbittorrent'], bazarr: ['sonarr', 'radarr'] };

export function serviceDetail(s, o, records) {
  const now = Date.now();
  const find = (name) => o.services.find((x) => x.name === name)?.id;
  const record = records.get(s.id) ?? null;
  const ids = record?.depends_on.length ? record.depends_on : (needs[s.name] ?? []).map(find).filter(Boolean);
  const needed = Object.entries(needs).flatMap(([name, list]) => (list.includes(s.name) ? [find(name)] : [])).filter(Boolean);
  const container = s.kind === 'container';
  return {
    ...s,
    description: record?.description ?? (s.name === 'plex' ? 'Films, series and music' : null),
    ...failure(s, now),
    oom_killed: false,
    why: s.state === 'down' ? 'Exited with code 1 three times within 2 min; systemd waits before the next start.' : null,
    image: container ? (images[s.name] ?? `docker.io/${s.name}/${s.name}:latest`) : null,
    image_id: container ? 'sha256:4f1c8e7d2b9a' : null,
    container_id: container ? 'a81f2c09d7e3' : null,
    unit_file: s.kind === 'unit' ? `/etc/systemd/system/${s.name}.service` : null,
    command: s.kind === 'manual' ? null : `/usr/bin/${s.name} --config /etc/${s.name}/config.yaml --api-key •••`,
    main_pid: s.kind === 'manual' || s.state === 'down' ? null : 4242,
    enabled: s.kind === 'unit' ? true : null,
    labels: container ? labels : [],
    port_list: s.ports.map((port) => ({ address: '0.0.0.0', port, inner: container ? 80 : null, protocol: 'tcp', process: container ? null : s.name, pid: container ? null : 4242 })),
    mounts: container ? [`/mnt/user/appdata/${s.name}:/config`, '/mnt/user/media:/media:ro'] : [],
    networks: container ? ['media_default', 'proxy'] : [],
    depends_on: ids,
    needed_by: needed,
    warnings: s.name === 'jellyfin' ? ['Port 8096 is also claimed by jellyfin-old on tower.', 'A second copy runs: tower/docker/jellyfin-old.'] : [],
    history: history(s, now),
    uptime: { hours24: s.state === 'down' ? 98.1 : 99.4 },
    checks: checks(s, now),
    restarts_10min: s.restarts,
    record,
    feed: o.feed.filter((f) => f.service === s.id),
  };
}

// --- nodes
const wave = (t, period, phase) => Math.sin((t / period) * 2 * Math.PI + phase);
const psi = (some10, full) => ({ some10, some60: some10 * 0.7, full10: full ? some10 * 0.3 : null, full60: full ? some10 * 0.2 : null });

function gpus(m, n, v) {
  return n.gpus.map((g, i) => {
    const now = v.gpus[i];
    const held = [0.72, 0.18].map((part) => Math.round(now.mem_used * part));
    return {
      ...g,
      ...now,
      power_limit: [450, 320][i] ?? 300,
      fan: 54 + i,
      clock_sm: 2520,
      clock_mem: 14001,
      throttle: i === 0 && m.id === 'hydra-ai' ? ['power limit'] : [],
      ecc_errors: null,
      pcie_gen: 5,
      pcie_width: 16,
      processes: [
        { pid: 9120, name: 'python main.py', memory: held[0], service: 'hydra-ai/systemd/tabbyapi.service' },
        { pid: 9377, name: 'text-embeddings-router', memory: held[1], service: 'hydra-ai/systemd/tei.service' },
      ],
    };
  });
}

const sensors = (v, t) => [
  { chip: 'k10temp', label: 'Tctl', kind: 'temp', value: v.temp, critical: 95 },
  { chip: 'k10temp', label: 'Tccd1', kind: 'temp', value: v.temp - 6, critical: null },
  { chip: 'nvme', label: 'Composite', kind: 'temp', value: 44 + wave(t, 60_000, 1), critical: 84.8 },
  { chip: 'nct6799', label: 'CPU fan', kind: 'fan', value: 1180 + Math.round(30 * wave(t, 20_000, 0)), critical: null },
  { chip: 'nct6799', label: 'Case fan 1', kind: 'fan', value: 720, critical: null },
  { chip: 'rapl', label: 'package-0', kind: 'power', value: 88 + 10 * wave(t, 30_000, 2), critical: null },
];

export function nodeParts(m, n, t = Date.now()) {
  const v = vitals(m, t);
  const tower = m.id === 'tower';
  const fs = (mount, device, type, size, used, more) => ({ mount, device, type, size, used, available: size - used, inodes_percent: 6, readonly: false, stalled: false, remote: false, ...more });
  return {
    filesystems: [
      fs('/', '/dev/nvme0n1p2', 'ext4', 0.98e12, 0.41e12),
      fs('/boot', '/dev/nvme0n1p1', 'vfat', 1e9, 0.21e9, { inodes_percent: null }),
      fs(tower ? '/mnt/cache' : '/var/lib/models', '/dev/nvme1n1', 'xfs', 2e12, tower ? 1.75e12 : 1.1e12),
      fs('/mnt/media', 'tower.lan:/media', 'nfs4', 96e12, 68e12, { remote: true, stalled: m.id === 'hydra-compute' }),
    ],
    disks: ['nvme0n1', 'nvme1n1', 'sda'].map((name, i) => ({ name, model: ['Samsung SSD 990 PRO 1TB', 'WD_BLACK SN850X 2000GB', 'ST18000NM000J'][i], size: [1e12, 2e12, 18e12][i], rotational: i === 2, read: 4e6 * (1 + wave(t, 30_000, i)), write: 9e6 * (1 + wave(t, 45_000, i)), busy: 12 + 10 * wave(t, 45_000, i), latency_ms: i === 2 ? 8.4 : 0.21 })),
    interfaces: [
      { name: 'eth0', up: true, speed_mbit: 10000, mtu: 9000, half_duplex: false, rx: v.net_rx, tx: v.net_tx, rx_errors: 0, tx_errors: 0, drops: 12, addresses: ['192.168.1.20', 'fd00::20'], virtual: false },
      { name: 'eth2', up: true, speed_mbit: 100, mtu: 1500, half_duplex: true, rx: 900, tx: 120, rx_errors: 41, tx_errors: 2, drops: 0, addresses: ['10.0.9.2/24'], virtual: false },
      { name: 'eth1', up: false, speed_mbit: null, mtu: 1500, half_duplex: false, rx: 0, tx: 0, rx_errors: 0, tx_errors: 0, drops: 0, addresses: [], virtual: false },
      { name: 'docker0', up: true, speed_mbit: null, mtu: 1500, half_duplex: false, rx: v.net_rx / 9, tx: v.net_tx / 7, rx_errors: 0, tx_errors: 0, drops: 0, addresses: ['172.17.0.1'], virtual: true },
    ],
    sensors: sensors(v, t),
    pressure: { cpu: psi(v.psi_cpu, false), memory: psi(0, true), io: psi(v.psi_io, true) },
    memory: { total: v.mem_total, used: v.mem_used, cache: v.mem_used * 0.3, buffers: 0.4 * GB, free: v.mem_total - v.mem_used * 1.3 - 0.4 * GB, available: v.mem_total - v.mem_used, shared: 1.1 * GB, slab: 2.2 * GB, swap_total: 8 * GB, swap_used: 0.3 * GB, dirty: 12e6 },
    gpus_detail: gpus(m, n, v),
  };
}

export function nodeDetail(m, n, o) {
  const sources = [
    ...n.sources,
    { name: 'systemd', state: 'ok', text: null, hint: null, since: n.seen },
    { name: 'podman', state: 'absent', text: 'no socket at /run/podman/podman.sock', hint: null, since: n.seen },
    { name: 'smart', state: 'denied', text: 'reading /dev/nvme0n1 is not allowed', hint: 'Add hydra to the group “disk”: sudo usermod -aG disk hydra, then restart hydrad.', since: n.seen },
  ];
  return {
    ...n,
    ...nodeParts(m, n),
    sources,
    pending_reboot: m.id === 'hydra-compute' ? 'linux-image-6.12.60 was installed; 6.12.58 runs' : null,
    facts: { hostname: m.id, os: n.os, kernel: n.kernel, arch: n.arch, cpu_model: n.cpu_model, cpu_sockets: 1, cpu_cores: 16, cpu_threads: 32, memory_total: n.memory_total, swap_total: 8 * GB, boot_time: n.boot_time, time_zone: 'Europe/Berlin', virtualization: 'none', agent_version: '0.1.0', addresses: ['192.168.1.20', 'fd00::20'], pending_reboot: null },
    services_list: o.services.filter((s) => s.node === m.id).map((s) => s.id),
  };
}

const programs = [
  ['python', 'python main.py --config config.yml', 182, 14.2, 'tabbyapi'],
  ['postgres', 'postgres: writer process', 41, 6.8, 'postgresql'],
  ['prometheus', '/usr/bin/prometheus --storage.tsdb.retention=90d', 28, 3.1, 'prometheus'],
  ['uvicorn', 'uvicorn litellm.proxy:app --port 4000', 22, 1.2, 'litellm'],
  ['qdrant', './qdrant', 9, 8.4, 'qdrant'],
  ['text-embeddings-router', 'text-embeddings-router --model-id BAAI/bge-m3', 7, 0.9, 'tei'],
  ['systemd', '/sbin/init', 0.1, 0.01, null],
  ['sshd', 'sshd: shaun@pts/0', 0.2, 0.02, null],
];

export function processes(m, o, t = Date.now()) {
  const rows = Array.from({ length: 40 }, (_, i) => {
    const [name, command, cpu, mem, service] = programs[i % programs.length];
    const k = 1 + Math.floor(i / programs.length);
    return { pid: 800 + i * 37, parent: 1, user: service ? 'hydra' : 'root', name, command, state: i % 7 ? 'S' : 'R', cpu: Math.max(0, (cpu / k) * (1 + 0.2 * wave(t, 15_000 + i * 999, i))), memory: (mem / k) * GB, gpu_memory: name === 'python' && k === 1 ? 20 * GB : null, threads: 4 + i, started: iso(t - 3_600_000 * (i + 1)), start_ticks: 100 * (i + 1), service: o.services.find((s) => s.name === service)?.id ?? null };
  });
  return { id: m.id, time: iso(t), total: 318, running: 3, threads: 1204, rows };
}
