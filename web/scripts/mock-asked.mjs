// What nodes of the stand-in answer when they are asked. Never shipped.
const iso = (ago = 0) => new Date(Date.now() - ago).toISOString();
const H = 3_600_000;
const D = 24 * H;
const GB = 1e9;
const ok = (body) => ({ status: 200, body });
const problem = (status, slug, detail) => ({ problem: [status, slug, detail] });

// --- processes
const programs = [
  [1, 0, 'root', 'systemd', '/sbin/init', 0.1, 14e6, null],
  [412, 1, 'root', 'systemd-journal', '/lib/systemd/systemd-journald', 0.4, 61e6, null],
  [655, 1, 'root', 'sshd', 'sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups', 0, 9e6, null],
  [4021, 655, 'root', 'sshd', 'sshd: shaun [priv]', 0, 11e6, null],
  [4032, 4021, 'shaun', 'bash', '-bash', 0, 6e6, null],
  [4101, 4032, 'shaun', 'htop', 'htop', 1.2, 7e6, null],
  [733, 1, 'root', 'dockerd', '/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock', 1.8, 142e6, null],
  [702, 1, 'root', 'containerd', '/usr/bin/containerd', 0.6, 58e6, null],
  [2210, 702, 'root', 'containerd-shim', '/usr/bin/containerd-shim-runc-v2 -namespace moby -id a81f2c09d7e3', 0, 12e6, null],
  [2231, 2210, 'abc', 's6-svscan', '/package/admin/s6/command/s6-svscan -d4 -- /run/service', 0, 2e6, 'plex'],
  [2290, 2231, 'abc', 'Plex Media Serv', '/usr/lib/plexmediaserver/Plex Media Server', 12.4, 402e6, 'plex'],
  [2301, 2290, 'abc', 'Plex Script Hos', 'Plex Plug-in [com.plexapp.system] /usr/lib/plexmediaserver/Resources/Plug-ins-f737b826c', 0.3, 88e6, 'plex'],
  [2410, 2290, 'abc', 'Plex Transcoder', '/usr/lib/plexmediaserver/Plex Transcoder -codec:0 hevc -i /media/films/Arrival (2016)/Arrival.mkv -token •••', 186, 611e6, 'plex'],
  [2266, 702, 'root', 'containerd-shim', '/usr/bin/containerd-shim-runc-v2 -namespace moby -id 0f1c2d3e4f5a', 0, 11e6, null],
  [2350, 2266, 'abc', 'sonarr', '/app/sonarr/bin/Sonarr -nobrowser -data=/config', 0.9, 221e6, 'sonarr'],
  [2, 0, 'root', 'kthreadd', '', 0, 0, null],
  [3, 2, 'root', 'rcu_gp', '', 0, 0, null],
  [94, 2, 'root', 'kswapd0', '', 0.1, 0, null],
  [201, 2, 'root', 'nvme-wq', '', 0, 0, null],
];

/* Whose process that is: a service's id, or undefined. */
export const serviceOfProcess = (node, target, o) => {
  const name = programs.find(([pid]) => target === `${pid}:${pid * 7}`)?.[7];
  return name && o.services.find((s) => s.name === name && s.node === node)?.id;
};

function processTree(node, o) {
  const processes = programs.map(([pid, parent, user, name, command, cpu, memory, service]) => ({
    pid, parent, target: `${pid}:${pid * 7}`, user, name, command, state: cpu > 100 ? 'R' : 'S',
    cpu: Math.round(cpu * (0.8 + Math.random() * 0.4) * 10) / 10, memory, threads: 1 + (pid % 17), started: iso(pid * 90_000),
    service: o.services.find((s) => s.name === service && s.node === node)?.id.slice(node.length + 1) ?? null, kernel: pid === 2 || parent === 2,
  }));
  return ok({ time: iso(), total: processes.length, cut: false, processes });
}

// --- disks
const smart = (more) => ({ text: null, hint: null, passed: true, temperature_c: 41, power_on_hours: 14_320, power_cycles: 88, reallocated_sectors: null, pending_sectors: null, uncorrectable_sectors: null, crc_errors: null, media_errors: 0, wear_percent: null, spare_percent: null, written_bytes: null, self_test: null, ...more });
const disk = (device, model, bytes, kind, transport, more) => ({ device, model, serial: `S6Z2${device.toUpperCase()}0041`, bytes, kind, transport, removable: false, read_only: false, state: 'active', health: 'ok', problems: [], smart: smart({}), filesystems: [], ...more });
const disks = () => ({
  smartctl: '7.4',
  text: null,
  hint: null,
  disks: [
    disk('nvme0n1', 'Samsung SSD 990 PRO 1TB', 1000 * GB, 'ssd', 'nvme', { smart: smart({ temperature_c: 47, wear_percent: 6, spare_percent: 100, written_bytes: 41e12, self_test: 'completed without error' }), filesystems: [{ device: 'nvme0n1p2', mount: '/', type: 'ext4' }, { device: 'nvme0n1p1', mount: '/boot', type: 'vfat' }] }),
    disk('nvme1n1', 'WD_BLACK SN850X 2000GB', 2000 * GB, 'ssd', 'nvme', { health: 'warning', problems: ['It is worn to 91 %: plan to replace it.'], smart: smart({ temperature_c: 58, wear_percent: 91, spare_percent: 64, written_bytes: 1.1e15 }), filesystems: [{ device: 'nvme1n1', mount: '/var/lib/models', type: 'xfs' }] }),
    disk('sda', 'ST18000NM000J', 18_000 * GB, 'hdd', 'sata', { health: 'failing', problems: ['It says itself that it will fail soon: copy what is on it, and replace it.', '24 sectors wait to be written anew.'], smart: smart({ passed: false, temperature_c: 39, reallocated_sectors: 112, pending_sectors: 24, uncorrectable_sectors: 3, crc_errors: 0, media_errors: null, self_test: 'read failure at 90 %' }), filesystems: [{ device: 'md0', mount: '/mnt/media', type: 'xfs' }] }),
    disk('sdb', 'ST18000NM000J', 18_000 * GB, 'hdd', 'sata', { state: 'asleep', health: 'unknown', smart: { ...smart({}), text: 'It is asleep, and left so.', passed: null, temperature_c: null, power_on_hours: null, power_cycles: null, media_errors: null } }),
  ],
});
const noSmart = () => {
  const d = disks();
  return { ...d, smartctl: null, text: 'smartctl is not installed: no disk tells how it is.', hint: 'sudo apt install smartmontools', disks: d.disks.map((x) => ({ ...x, health: 'unknown', problems: [], smart: { ...smart({}), text: 'smartctl is not installed.', passed: null, temperature_c: null, power_on_hours: null, power_cycles: null, media_errors: null } })) };
};

// --- docker
const part = (items, count = items.length) => ({
  count, in_use: items.filter((i) => i.in_use).length,
  bytes: items.reduce((n, i) => n + i.bytes, 0), reclaimable_bytes: items.filter((i) => !i.in_use).reduce((n, i) => n + i.bytes, 0), items, cut: false,
});
const image = (id, tags, bytes, in_use, ago) => ({ id, tags, shared_bytes: Math.round(bytes * 0.1), containers: Number(in_use), created: iso(ago * D), bytes, in_use });
const engine = (name) => ({
  engine: name,
  version: '27.3.1',
  images: part([image('5d0da3dc9764', ['lscr.io/linuxserver/plex:1.42.2'], 0.92 * GB, true, 12), image('77af4d6b9913', ['ghcr.io/immich-app/immich-server:v2.3.1'], 1.61 * GB, true, 4), image('9b9cb95443b5', [], 1.58 * GB, false, 40), image('1c2d3e4f5a6b', [], 0.9 * GB, false, 90), image('c4d5e6f7a8b9', ['yanwk/comfyui-boot:cu124'], 14.2 * GB, false, 150)]),
  containers: part([{ id: '0f1c2d3e4f5a', name: 'plex', image: 'lscr.io/linuxserver/plex:1.42.2', state: 'running', created: iso(12 * D), bytes: 20_480, in_use: true }, { id: 'aa1c2d3e4f5b', name: 'plex-before-update', image: '9b9cb95443b5', state: 'exited', created: iso(40 * D), bytes: 3.1e6, in_use: false }]),
  volumes: part([{ name: 'immich_pgdata', driver: 'local', containers: 1, anonymous: false, created: iso(300 * D), bytes: 8.8 * GB, in_use: true }, { name: 'nextcloud_old', driver: 'local', containers: 0, anonymous: false, created: iso(500 * D), bytes: 21 * GB, in_use: false }, { name: '4f8a9c0b1d2e3f4a5b6c7d8e9f00112233445566778899aabbccddeeff001122', driver: 'local', containers: 0, anonymous: true, created: iso(60 * D), bytes: 0.2 * GB, in_use: false }]),
  build_cache: part([{ id: 'k3j9', type: 'regular', description: 'mount / from exec /bin/sh -c npm ci', created: iso(9 * D), bytes: 3.4 * GB, in_use: false }]),
});

// --- packages, kernel, time
const packages = () => ({
  system: 'Debian GNU/Linux 12 (bookworm)', manager: 'apt', text: null, refreshed: iso(6 * H), count: 5, security_count: 2,
  updates: [
    ['linux-image-amd64', '6.1.115-1', '6.1.119-1', 'Debian-Security:12/stable-security', true],
    ['openssl', '3.0.14-1~deb12u2', '3.0.15-1~deb12u1', 'Debian-Security:12/stable-security', true],
    ['docker-ce', '5:27.3.1-1', '5:27.4.0-1', 'Docker CE:bookworm', false],
    ['tzdata', '2024a-0+deb12u1', '2024b-0+deb12u1', 'Debian:12.8/stable', false],
    ['vim-common', '2:9.0.1378-2', '2:9.0.1378-2+deb12u2', 'Debian:12.8/stable', false],
  ].map(([name, installed, candidate, origin, security]) => ({ name, installed, candidate, origin, security })),
  held: ['nvidia-driver'], reboot: { required: true, why: 'linux-image-6.1.0-28-amd64 was installed; 6.1.0-27 runs' },
});
const kernelLog = () => ({
  source: 'journal', boot_time: iso(23 * D), cut: false,
  entries: [
    { time: iso(12 * 60_000), first: iso(3 * H), level: 'err', text: 'nfs: server tower.lan not responding, still trying', count: 41 },
    { time: iso(5 * H), first: iso(5 * H), level: 'crit', text: 'nvme nvme1: I/O 412 (I/O Cmd) QID 7 timeout, aborting', count: 1 },
    { time: iso(2 * D), first: iso(22 * D), level: 'err', text: 'pcieport 0000:00:1c.5: AER: Corrected error received: 0000:04:00.0', count: 1204 },
  ],
});
const time = (off) => ({ time: iso(), zone: 'Europe/Berlin', synchronised: !off, text: off ? 'The clock runs by itself: nothing synchronises it.' : 'The clock is synchronised by systemd-timesyncd.', by: off ? null : 'systemd-timesyncd', enabled: !off, offset_ms: off ? null : 0.41, max_error_ms: off ? null : 18, rtc_local: false });

const old = (node) => problem(409, 'agent-too-old', `The agent on ${node} is too old for that: upgrade it.`);

const unraidDisk = (name, device, role, more) => ({ name, device, role, bytes: 18_000 * GB, status: 'DISK_OK', ok: true, asleep: false, temperature_c: 37, errors: 0, fs_type: role === 'parity' ? null : 'xfs', fs_bytes: role === 'parity' ? null : 18_000 * GB, fs_used_bytes: role === 'parity' ? null : 12_400 * GB, ...more });
const unraid = () => ({
  version: '7.2.0', array: { state: 'STARTED', total_bytes: 96e12, used_bytes: 68e12, free_bytes: 28e12 },
  parity: { status: 'COMPLETED', running: false, paused: false, progress_percent: null, speed: null, errors: 0, date: '2 Nov 2026' },
  disks: [unraidDisk('parity', 'sdb', 'parity', { asleep: true, temperature_c: null }), unraidDisk('disk1', 'sda', 'data', { status: 'DISK_DSBL', ok: false, errors: 24 }), unraidDisk('disk2', 'sdc', 'data', { asleep: true, temperature_c: null }), unraidDisk('cache', 'nvme1n1', 'cache', { bytes: 2000 * GB, fs_type: 'btrfs', fs_bytes: 2000 * GB, fs_used_bytes: 1750 * GB })],
  shares: [{ name: 'media', comment: 'Films, series, music', used_bytes: 51e12, free_bytes: 28e12, cache: false }, { name: 'appdata', comment: null, used_bytes: 0.4e12, free_bytes: 0.25e12, cache: true }],
  troubles: [],
});

const mount = (at, device, more) => ({ mount: at, device, type: 'nfs4', mounted: true, configured: 'fstab', unit: `${at.slice(1).replaceAll('/', '-')}.mount`, allowed: true, why: null, users: [], more_users: 0, ...more });
const mounts = () => ({ mounts: [mount('/mnt/models', 'tower:/mnt/user/models', { users: [{ pid: 3012, name: 'ollama', files: 4 }] }), mount('/mnt/media', 'tower:/mnt/user/media', { mounted: false, type: 'nfs' })] });

const denied = (verb, on) => `The policy of this node does not allow ${verb}${on ? ` on ${on}` : ''}: add it to allow in /etc/hydra/agent.yaml.`;
const log = (name, mb, more) => ({ name, target: `docker/${name}`, bytes: Math.round(mb * 1e6), older_bytes: 0, allowed: name !== 'ollama', why: name === 'ollama' ? denied('container.truncate-log', 'docker/ollama') : null, ...more });
const network = (name, joined, more) => ({ name, driver: 'bridge', scope: 'local', internal: false, joinable: true, joined, ...more });
const networks = (of) => ({ engine: 'docker', networks: [network('arr', false), network('backend', false, { internal: true }), network('bridge', false), network('host', false, { driver: 'host', joinable: false }), network('media', !!of, {}), network('none', false, { driver: 'null', joinable: false }), network('swarm', false, { driver: 'overlay', scope: 'swarm' })] });
function logUsage(node) {
  const items = [log('plex', 4120), log('ollama', 812, { older_bytes: 240e6 }), log('sonarr', 96.4), log('radarr', 41), log('open-webui', 12), log('grafana', 4.1), log('loki', 2.2), log('redis', 0.6), log('postgres', 0.2), log('caddy', 0.004)];
  const containers = { count: items.length, bytes: items.reduce((n, l) => n + l.bytes + l.older_bytes, 0), cut: false, items };
  if (node === 'tower') return { journal: null, journal_text: 'This machine keeps no journal.', containers, containers_text: null };
  return { journal: { bytes: 3.1 * GB, archived_bytes: 2.9 * GB, files: 31, since: iso(61 * D) }, journal_text: null, containers, containers_text: null };
}

// --- the network
const port = (protocol, address, number, pid, name, user, service, scope = 'network') => ({ protocol, address, port: number, scope, pid, name, user, service });
const ports = (node) => ({
  ports: [port('tcp', '0.0.0.0', 22, 812, 'sshd', 'root', 'systemd/ssh.service'), port('tcp', '::', 22, 812, 'sshd', 'root', 'systemd/ssh.service'), port('udp', '0.0.0.0', 68, null, null, 'systemd-network', null), port('tcp', '127.0.0.1', 631, 1190, 'cupsd', 'root', null, 'loopback'), port('tcp', '0.0.0.0', 8096, 2212, 'docker-proxy', 'root', 'docker/jellyfin'), port('tcp', '192.168.1.20', 9100, 1444, 'node_exporter-with-a-very-long-name', 'prometheus', 'systemd/prometheus-node-exporter.service'), port('tcp', '0.0.0.0', 32400, 2231, 'Plex Media Server', 'abc', 'docker/plex')],
  cut: false, text: node === 'tower' ? 'The agent may not see who holds some of them.' : null, hint: node === 'tower' ? 'Run it as root, or give it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.' : null,
});
function reach(url, n, o) {
  const to = url.searchParams.get('to') ?? '', number = Number(url.searchParams.get('port')) || null;
  const other = o.nodes.find((x) => x.id === to);
  if (to.startsWith('169.254.')) return problem(400, 'invalid', `The address ${to} is link-local: it is not asked from here.`);
  const result = !other && !/^[\d.]+$/.test(to) ? 'not-resolved' : other?.state === 'away' ? 'timed-out' : number && number !== 22 ? 'refused' : 'reached';
  const answers = result === 'reached' || result === 'refused', address = result === 'not-resolved' ? null : other ? '192.168.1.21' : to;
  const text = { reached: `${address} answers: 3 of 3, on average in 0.4 ms.`, refused: `${address}, port ${number}, refuses connections, so the host is there: nobody listens on that port, or a firewall rejects it.`, 'timed-out': `${address} does not answer: it is off, or a firewall lets nothing through.`, 'not-resolved': `This node does not know the name ${to}: correct it, or what its name server is told.` }[result];
  const tries = result === 'not-resolved' ? [] : [0.31, 0.38, 0.52].map((ms, i) => ({ number: i + 1, result, ms: answers ? ms : null, why: null }));
  return ok({ host: address ?? to, address, method: number ? 'tcp' : 'icmp', port: number, result, text, hint: null, sent: tries.length, answered: answers ? 3 : 0, loss: tries.length ? (answers ? 0 : 100) : null, min_ms: answers ? 0.31 : null, avg_ms: answers ? 0.4 : null, max_ms: answers ? 0.52 : null, tries });
}

/* A service from two sides: plex is held on loopback. */
function serviceReach(url, o) {
  const id = decodeURIComponent(url.pathname.slice('/api/web/reach/'.length)), s = o.services.find((x) => x.id === id);
  if (!s?.node) return problem(404, 'not-found', `There is no service with the id ${id}.`);
  const hidden = s.name === 'plex', other = o.nodes.find((n) => n.id !== s.node);
  const side = (node, result) => ({ node, error: null, reach: { host: 'localhost', address: '127.0.0.1', method: 'tcp', port: 80, result, text: '', hint: null, sent: 2, answered: 2, loss: 0, min_ms: 0.2, avg_ms: 0.3, max_ms: 0.4, tries: [] } });
  return ok({ service: id, port: 80, text: hidden ? `It answers on ${s.node} alone: it listens on loopback. To have others reach it, let it listen on 0.0.0.0.` : `It answers, on ${s.node} itself and from ${other.id}.`, itself: side(s.node, 'reached'), other: side(other.id, hidden ? 'refused' : 'reached') });
}

function folders(url) {
  const path = url.searchParams.get('path') ?? '/';
  const names = path === '/' ? ['var', 'home', 'nix', 'usr', 'opt', 'mnt'] : ['lib', 'cache', 'log', 'tmp'];
  const all = names.map((name, i) => ({ name, mount: name === 'mnt', bytes: name === 'mnt' ? 0 : Math.round((240 * GB) / (i + 1) ** 2 / path.length), files: 90_000 - i * 9000, unreadable: i === 1 ? 3 : 0 }));
  return ok({ path, complete: true, bytes: all.reduce((n, f) => n + f.bytes, 0.2 * GB), files: 312_044, unreadable: 3, own_bytes: 0.2 * GB, left_out: 12, folders: all });
}

export function askedAnswer(url, o, role) {
  if (url.pathname.startsWith('/api/web/reach/')) return serviceReach(url, o);
  const [, , , , id, what] = url.pathname.split('/');
  const n = o.nodes.find((x) => x.id === decodeURIComponent(id ?? ''));
  const kinds = { 'process-tree': () => processTree(n.id, o), folders: () => folders(url), reach: () => reach(url, n, o), ports: () => (n.id === 'hydra-compute' ? problem(503, 'unavailable', 'The listening sockets of this machine can\'t be read: Permission denied.') : ok(n.id === 'hydra-ai' ? { ports: [], cut: false, text: 'Nobody listens here.', hint: null } : ports(n.id))), unraid: () => ok(unraid()), networks: () => (n.id === 'tower' ? ok(networks(url.searchParams.get('of'))) : problem(409, 'agent-too-old', `The agent on ${n.name} is too old for that: upgrade it.`)), 'log-usage': () => ok(logUsage(n.id)), mounts: () => ok(n.id === 'tower' ? { mounts: [] } : mounts()), disks: () => ok(n.id === 'tower' ? disks() : noSmart()), 'docker-usage': () => (n.id === 'hydra-ai' ? problem(409, 'not-here', 'Neither Docker nor Podman is there.') : ok({ engines: [engine('docker')], troubles: n.id === 'tower' ? [{ engine: 'podman-1000', text: 'It did not answer within 30 s.' }] : [] })), packages: () => ok(n.id === 'tower' ? { ...packages(), system: n.os, manager: null, text: 'Unraid is updated as a whole: in its own page, under Tools, Update OS.', refreshed: null, count: 0, security_count: 0, updates: [], held: [], reboot: { required: false, why: null } } : packages()), 'kernel-log': () => ok(n.id === 'tower' ? { ...kernelLog(), source: 'kmsg', entries: [] } : kernelLog()), time: () => ok(time(n.id === 'tower')) };
  if (!n || !kinds[what]) return undefined;
  if (what === 'process-tree' && role === 'viewer') return problem(403, 'forbidden', 'It needs processes:read.');
  if (n.state === 'away') return problem(503, 'node-away', `${n.name} is away: it is asked when it is back.`);
  if (n.id === 'hydra-compute' && what === 'docker-usage') return old(n.id);
  return kinds[what]();
}
