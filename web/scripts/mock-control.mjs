// What the stand-in does with nodes that come and go: kept in memory, played after a script. Never shipped.
// The name decides how it goes: "late…" never comes, "refused…" is refused first, "short…" expires within seconds.
import { node } from './fixtures.mjs';

const iso = (ms = Date.now()) => new Date(ms).toISOString();
const problem = (status, slug, detail, more) => ({ problem: [status, slug, detail, more] });
const ok = (status, body) => ({ status, body });

const token = 'hyn_AV0h1pX9bG2k4mTqVw8yZ3dLr7NcJf5sHtEoUaPiKxQzBnMvCyRgWlDjSuFh1eTq2wYb9kZr4pXc7vN';
const nixos = (t) => `services.hydra-agent = {\n  enable = true;\n  enrolment = "${t}";\n};`;
const commands = {
  debian: `curl -fsS https://hydra.home.arpa:7770/agent.sh | sudo sh -s -- ${token}`,
  nixos: nixos(token),
  docker: `docker run -d --name hydra-agent --restart unless-stopped --pid host --network host -v /var/run/docker.sock:/var/run/docker.sock -v hydra-agent:/var/lib/hydra-agent ghcr.io/hydra/agent enroll ${token}`,
};

const builtIn = () => ({ kind: 'built-in', version: '0.1.0', address: '', enrolled: null, certificate_expires: null, connected: null, upgrade: null, upgrade_obstacle: null });
const D = 86_400_000;
const remote = (address, connected = Date.now() - 3 * D) => ({ kind: 'remote', version: '0.1.0', address, enrolled: iso(Date.now() - 40 * D), certificate_expires: iso(Date.now() + 5 * D), connected: connected ? iso(connected) : null, upgrade: null, upgrade_obstacle: null });

export function control(state, publish) {
  const { overview: o } = state;
  const enrolments = [];
  const changed = () => publish('access.changed', { what: 'nodes' }, 'access');
  const upgrades = { tower: { upgrade: '0.2.0' }, 'hydra-compute': { upgrade: '0.2.0', upgrade_obstacle: 'NixOS brings it: rebuild the machine with a newer Hydra.' } };
  o.nodes.forEach((n, i) => (n.agent = { ...(i ? remote(`192.168.1.${4 + i}`) : builtIn()), ...upgrades[n.id] }));

  function put(n) {
    const at = o.nodes.findIndex((x) => x.id === n.id);
    if (at < 0) o.nodes.push(n);
    else o.nodes[at] = n;
    publish('node.changed', n, 'state');
  }

  function arrive(e) {
    if (!enrolments.includes(e) || e.used) return;
    Object.assign(e, { used: iso(), state: 'used', trouble: null, trouble_at: null });
    const m = { ...state.machines.at(-1), id: e.node, os: 'Debian 12', gpus: [], up: 3 };
    const born = { ...node(m, Date.now(), o.services), agent: remote('192.168.1.5', null) };
    put({ ...born, state: 'away', os: '', cpu_threads: 0, vitals: null });
    changed();
    setTimeout(() => {
      if (!state.machines.some((x) => x.id === m.id)) state.machines.push(m);
      put({ ...born, agent: remote('192.168.1.5', Date.now()), seen: iso(), services: { total: 12, bad: 0 } });
    }, 3500);
  }

  function refuse(e) {
    Object.assign(e, { trouble: 'The machine at 192.168.1.9 showed a clock that is 3 h behind. Set its clock, then run the command again.', trouble_at: iso() });
    changed();
  }

  function add(body) {
    const name = (body?.node ?? '').trim().toLowerCase();
    if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name)) return problem(422, 'invalid', 'A name has letters, digits, dots and dashes; it begins and ends with a letter or digit.', { field: 'node' });
    if (o.nodes[0]?.id === name) return problem(409, 'conflict', `${name} is the machine that Hydra itself runs on. Choose another name.`, { field: 'node' });
    if (!body.replace && o.nodes.some((n) => n.id === name)) return problem(409, 'node-exists', `There is a node ${name} already.`, { field: 'node' });
    const ttl = name.startsWith('short') ? 6000 : body.ttl_s * 1000;
    const e = { id: `e${Date.now()}`, node: name, replaces: !!body.replace, state: 'waiting', created: iso(), expires: iso(Date.now() + ttl), used: null, created_by: 'shaun', trouble: null, trouble_at: null };
    const before = enrolments.findIndex((x) => x.node === name && !x.used); // gives way
    if (before >= 0) enrolments.splice(before, 1);
    enrolments.unshift(e);
    changed();
    if (name.startsWith('refused')) setTimeout(() => refuse(e), 2000);
    else if (!/^(late|short)/.test(name)) setTimeout(() => arrive(e), 3000);
    return ok(201, { enrolment: e, token, commands });
  }

  function removeNode(id) {
    const at = o.nodes.findIndex((n) => n.id === id);
    if (at < 0) return problem(404, 'not-found', 'There is no such node.');
    if (o.nodes[at].agent.kind === 'built-in') return problem(409, 'conflict', `Hydra itself runs on ${id}: it can't be removed.`);
    o.nodes.splice(at, 1);
    o.services.filter((s) => s.node === id).forEach((s) => publish('service.removed', { id: s.id }, 'state'));
    state.overview.services = o.services.filter((s) => s.node !== id);
    publish('node.removed', { id }, 'state');
    changed();
    return ok(204);
  }

  function enrolmentAnswer(p, method, body) {
    enrolments.filter((e) => e.state === 'waiting' && Date.parse(e.expires) <= Date.now()).forEach((e) => (e.state = 'expired'));
    if (method === 'POST') return add(body);
    if (method === 'GET') return ok(200, { enrolments });
    const at = enrolments.findIndex((e) => e.id === p.split('/')[4]);
    if (at >= 0) enrolments.splice(at, 1);
    changed();
    return ok(204);
  }

  return (url, method, body) => {
    const p = url.pathname;
    if (p.startsWith('/api/web/enrolments')) return enrolmentAnswer(p, method, body);
    if (p.startsWith('/api/web/nodes/') && method === 'DELETE') return removeNode(decodeURIComponent(p.split('/')[4]));
    return undefined;
  };
}
