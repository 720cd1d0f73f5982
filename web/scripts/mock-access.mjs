// People, tokens, sessions, audit log and system of the stand-in: kept in memory. Never shipped.
const iso = (ago) => new Date(Date.now() - ago).toISOString();
const H = 3_600_000;
const D = 24 * H;

const texts = {
  'nodes:read': 'See nodes and their numbers',
  'nodes:write': 'Add and remove nodes',
  'service:restart': 'Start, stop and restart services',
  'service:update': 'Update, rename, remove and mask services',
  'node:reboot': 'Reboot, power off and wake nodes',
  'process:signal': 'Send signals to processes',
  'generation:switch': 'Switch and roll back NixOS generations',
  'services:read': 'See services, their health and facts',
  'services:write': 'Add, edit, hide, check and remove services',
  'events:read': 'See what happened',
  'events:write': 'Publish events',
  'processes:read': 'See processes and their command lines',
  'logs:read': 'Read the logs of services and nodes',
  'node:reach': 'Let nodes ping hosts and try ports',
  'users:read': 'See who has access',
  'users:write': 'Add, change, disable and remove users',
  'tokens:write': "Make and revoke one's own API tokens",
  'tokens:admin': "See and revoke everybody's API tokens",
  'sessions:admin': "See and end everybody's sessions",
  'audit:read': 'Read, download and verify the audit log',
  'settings:read': 'See how Hydra is set up and how it is doing',
  'settings:write': 'Change how Hydra is set up',
  'metrics:read': 'Read metrics in Prometheus form',
  'self:write': "One's own profile, password, sessions and preferences",
};
const all = Object.keys(texts);
const roles = [
  { name: 'admin', permissions: all },
  { name: 'operator', permissions: all.filter((p) => !/^(users|audit|settings|tokens:admin|sessions|nodes:write|service:update|node:reboot|process:signal|generation:switch)/.test(p)) },
  { name: 'viewer', permissions: ['nodes:read', 'services:read', 'events:read', 'self:write', 'tokens:write'] },
];

const user = (id, name, display_name, role, more) => ({ id, name, display_name, role, disabled: false, limits: '', created: iso(40 * D), last_login: iso(2 * H), ...more });
const users = [
  user('u1', 'shaun', 'Shaun K.', 'admin', { last_login: iso(60_000) }),
  user('u2', 'mira', 'Mira', 'operator'),
  user('u3', 'tv', 'Living room', 'viewer', { last_login: null }),
  user('u4', 'old-laptop', '', 'viewer', { disabled: true, last_login: iso(200 * D) }),
];
const token = (id, name, scopes, more) => ({ id, user: 'shaun', name, prefix: `hyd_${id}k2`, scopes, created: iso(20 * D), used: iso(3 * 60_000), expires: iso(-70 * D), ...more });
const tokens = [
  token('a1', 'hydra on laptop', ['nodes:read', 'services:read', 'services:write', 'events:read']),
  token('a2', 'backup script', ['events:write'], { used: null, expires: iso(-3 * D) }),
  token('a3', 'Prometheus', ['metrics:read'], { expires: null }),
  token('a4', 'wall display', ['services:read'], { expires: iso(D), user: 'mira' }),
];
const session = (id, agent, address, seen, more) => ({ id, user: 'shaun', user_id: 'u1', address, agent, created: iso(seen + D), seen: iso(seen), expires: iso(-10 * D), current: false, ...more });
const sessions = [
  session('s1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36', '192.168.1.40', 1000, { current: true }),
  session('s2', 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Mobile/15E148 Safari/604.1', '192.168.1.77', 5 * H),
  session('s3', 'Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0', '10.8.0.3', 3 * D),
  session('s4', 'Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0', '192.168.1.91', 600_000, { user: 'mira', user_id: 'u2' }),
];

const kinds = [
  ['shaun', 'service.edit', 'tower/docker/plex', 'done', { group: ['Apps', 'Media'], hidden: [false, true] }],
  ['shaun', 'user.add', 'tv', 'done', { role: 'viewer' }],
  ['mira', 'user.add', 'guest', 'refused', { permission: 'users:write' }],
  ['', 'login', 'shaun', 'failed', { reason: 'wrong password' }],
  ['shaun', 'login', 'shaun', 'done', null],
  ['backup script', 'event.publish', 'backup.done', 'done', null],
];
const audit = Array.from({ length: 260 }, (_, i) => {
  const [actor, action, target, outcome, detail] = kinds[i % kinds.length];
  return { sequence: 260 - i, time: iso(i * i * 7000), actor, via: i % 6 === 5 ? 'token' : 'web', address: '192.168.1.40', action, target, outcome, detail };
});

function auditPage(q) {
  const fits = (e) =>
    (!q.get('outcome') || e.outcome === q.get('outcome')) &&
    (!q.get('actor') || e.actor === q.get('actor')) &&
    (!q.get('action') || (q.get('action').endsWith('.') ? e.action.startsWith(q.get('action')) : e.action === q.get('action'))) &&
    (!q.get('text') || JSON.stringify(e).includes(q.get('text'))) &&
    (!q.get('since') || e.time >= q.get('since')) &&
    (!q.get('until') || e.time < q.get('until'));
  const list = audit.filter(fits).filter((e) => !q.get('before') || e.sequence < Number(q.get('before')));
  return { entries: list.slice(0, 100), next: list.length > 100 ? String(list[99].sequence) : null };
}

const system = {
  version: '0.1.0',
  uptime_s: 93_411,
  database: { kind: 'sqlite', label: '/var/lib/hydra/hydra.db', state: 'ok', text: null },
  streams: { epoch: 1, last_id: '1763990400000-18231', subscribers: 3, attached_total: 41, deliveries_total: 1_204_311, writes_total: 900_000, bytes_total: 412_000_000, resyncs_total: 2, stalled_total: 1, revoked_total: 0, max_lag_entries: 4 },
  http: { connections: 5, requests_total: 18_402, refused_total: 12 },
  listen: [
    { address: '127.0.0.1:5177', tls: false, exposed: false },
    { address: '192.168.1.20:5177', tls: false, exposed: true },
  ],
  warnings: [{ key: 'listen.plain', text: '192.168.1.20:5177 is reached from the network without encryption: passwords can be read along the way.', hint: 'Put Hydra behind a proxy with HTTPS, or listen on 127.0.0.1 and use SSH or a VPN.' }],
};

function people(p, method, body) {
  const id = p.split('/')[4];
  const at = users.findIndex((u) => u.id === id);
  if (method === 'GET') return { status: 200, body: { users } };
  if (method === 'POST') {
    if (!/^[a-z][a-z0-9._-]*$/.test(body.name)) return { problem: [422, 'invalid', 'Use small letters, digits, dots and dashes.', { field: 'name' }] };
    if ((body.password ?? '').length < 10) return { problem: [422, 'invalid', 'At least 10 characters.', { field: 'password' }] };
    users.push(user(`u${Date.now()}`, body.name, body.display_name ?? '', body.role, { limits: body.limits ?? '', created: iso(0), last_login: null }));
    return { status: 201, body: users.at(-1) };
  }
  if (at < 0) return { problem: [404, 'not-found', 'There is no such user.'] };
  if (method === 'DELETE') users.splice(at, 1);
  else {
    const { password, ...rest } = body;
    if (password !== undefined && password.length < 10) return { problem: [422, 'invalid', 'At least 10 characters.', { field: 'password' }] };
    Object.assign(users[at], rest);
  }
  return method === 'DELETE' ? { status: 204 } : { status: 200, body: users[at] };
}

function removeFrom(list, id) {
  const at = list.findIndex((x) => x.id === id);
  if (at >= 0) list.splice(at, 1);
  return { status: 204 };
}

function tokenAnswer(p, method, body, everybody) {
  if (method === 'DELETE') return removeFrom(tokens, p.split('/')[4]);
  if (method === 'GET') return { status: 200, body: { tokens: tokens.filter((t) => everybody || t.user === 'shaun') } };
  if (!body.name) return { problem: [422, 'invalid', 'Give the token a name.', { field: 'name' }] };
  const made = token(`n${tokens.length}`, body.name, body.scopes, { created: iso(0), used: null, expires: body.expires_in ? iso(-90 * D) : null });
  tokens.unshift(made);
  return { status: 201, body: { token: made, secret: 'hyd_n4k2_Zr7v2pQm9sXw1LtBkYd8FhNc3JgUeAoTi5Rv' } };
}

export function peopleAnswer(url, method, body) {
  const p = url.pathname;
  const everybody = url.searchParams.has('all');
  if (p === '/api/web/permissions') return { status: 200, body: { permissions: all.map((name) => ({ name, description: texts[name] })), roles } };
  if (p.startsWith('/api/web/users')) return people(p, method, body);
  if (p.startsWith('/api/web/tokens')) return tokenAnswer(p, method, body, everybody);
  if (p.startsWith('/api/web/sessions/')) return removeFrom(sessions, p.split('/')[4]);
  if (p === '/api/web/sessions') return { status: 200, body: { sessions: sessions.filter((s) => everybody || s.user === 'shaun') } };
  if (p === '/api/web/audit/verify') return { status: 200, body: { entries: audit.length, ok: true, first_bad: null } };
  if (p === '/api/web/audit') return { status: 200, body: auditPage(url.searchParams) };
  if (p === '/api/web/system') return { status: 200, body: system };
  if (p === '/api/web/password') return body.current === 'hydra' ? { status: 204 } : { problem: [403, 'wrong-password', 'The present password is not right.', { field: 'current' }] };
  return undefined;
}
