// Guard rails and policies of the stand-in: kept in memory. Never shipped.
const ok = (status, body) => ({ status, body });
const problem = (status, slug, detail, more) => ({ problem: [status, slug, detail, more] });

const guard = {
  rules: [
    { services: ['tower/docker/plex', 'tower/docker/jellyfin'], days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '08:00', to: '22:00' },
    { services: ['*/systemd/postgresql.service'], days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: null, to: null },
    { services: ['tower'], days: ['fri', 'sat'], from: '20:00', to: '02:00' },
  ],
  time_zone: 'Europe/Berlin',
  version: 3,
  changed: new Date(Date.now() - 3 * 86_400_000).toISOString(),
  changed_by: 'mira',
};

export const isGuarded = (id) => /postgresql|docker\/plex$/.test(id);
export const sentence = (id) => `${id} is protected by the guard rails: it must not be interrupted.`;

function put(body) {
  if (body.version !== undefined && body.version !== guard.version) return problem(409, 'conflict', 'Somebody else changed the guard rails meanwhile: read them again, then make your change.');
  Object.assign(guard, { rules: body.rules, version: guard.version + 1, changed: new Date().toISOString(), changed_by: 'shaun' });
  return ok(200, guard);
}

const verbs = ['unit.start', 'unit.stop', 'unit.restart', 'unit.reload', 'unit.reset-failed', 'unit.mask', 'unit.unmask', 'container.start', 'container.stop', 'container.restart', 'container.pause', 'container.unpause', 'container.kill', 'container.rename', 'container.remove', 'container.update', 'project.up', 'project.down', 'project.restart', 'project.pull', 'process.signal', 'machine.reboot', 'machine.power-off', 'logs'];
const usual = [
  { do: ['unit.start', 'unit.stop', 'unit.restart', 'unit.reload', 'unit.reset-failed'], on: [] },
  { do: ['container.start', 'container.stop', 'container.restart', 'container.pause', 'container.unpause', 'project.restart', 'logs'], on: [] },
];
const policies = {
  tower: { path: '/boot/config/plugins/hydra/agent.yaml', allow: [{ do: ['container.*', 'project.*', 'logs', 'process.signal'], on: [] }, { do: ['machine.reboot'], on: [] }], deny: [{ do: ['container.remove', 'container.kill'], on: [] }, { do: ['*'], on: ['docker/nextcloud', 'backup-*'] }] },
  'hydra-compute': { path: '/etc/hydra/agent.yaml', trouble: '/etc/hydra/agent.yaml line 7: "containr.restart" is nothing that could be allowed; did you mean container.restart?', allow: [], deny: [] },
};
const policyOf = (id) => ({ told: true, path: null, usual_path: '/etc/hydra/agent.yaml', trouble: null, allow: usual, deny: [], verbs, ...policies[id] });

/* Management controllers, by node. */
export const bmcs = new Map();
const bmcOf = (id) => ({ set: false, address: null, user: null, via: null, changed: null, changed_by: null, ...bmcs.get(id), hub_node: 'tower' });

function bmcAnswer(id, method, body, role) {
  if (role !== 'admin') return problem(403, 'forbidden', 'It needs nodes:write.', { permission: 'nodes:write' });
  const { password, ...rest } = body ?? {};
  if (method === 'PUT' && rest.address !== bmcs.get(id)?.address && !password) return problem(400, 'invalid', 'Say the password again: it is given to no other address and by no other node than it was set for.', { field: 'password' });
  if (method === 'PUT') bmcs.set(id, { set: true, ...rest, changed: new Date().toISOString(), changed_by: 'ada' });
  if (method !== 'DELETE') return ok(200, bmcOf(id));
  bmcs.delete(id);
  return { status: 204 };
}

export function guardAnswer(p, method, body, role) {
  if (p === '/api/web/guard') {
    if (method !== 'PUT') return ok(200, guard);
    return role === 'admin' ? put(body) : problem(403, 'forbidden', 'It needs settings:write.', { permission: 'settings:write' });
  }
  const of = /^\/api\/web\/nodes\/([^/]+)\/bmc$/.exec(p)?.[1];
  if (of) return bmcAnswer(decodeURIComponent(of), method, body, role);
  const node = /^\/api\/web\/nodes\/([^/]+)\/policy$/.exec(p)?.[1];
  return node ? ok(200, policyOf(decodeURIComponent(node))) : undefined;
}
