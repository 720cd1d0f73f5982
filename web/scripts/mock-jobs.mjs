// Actions and jobs of the stand-in: kept in memory, played after a script. Never shipped.
// What it is done to decides how it ends: "…sonarr" fails, "…radarr" is slow, tower refuses to be switched off, the rest goes well.
import { playSwitch } from './mock-generations.mjs';
import { serviceOfProcess } from './mock-asked.mjs';
import { bmcs, isGuarded, sentence } from './mock-guard.mjs';

const iso = (ms = Date.now()) => new Date(ms).toISOString();
const problem = (status, slug, detail, more) => ({ problem: [status, slug, detail, more] });
const ok = (status, body) => ({ status, body });
const labels = { start: 'Start', stop: 'Stop', restart: 'Restart', reload: 'Reload', update: 'Update', pause: 'Pause', kill: 'Kill', rename: 'Rename', connect: 'Connect', disconnect: 'Disconnect', 'truncate-log': 'Empty log', remove: 'Remove', 'reset-failed': 'Reset failure', reboot: 'Reboot', 'power-off': 'Power off', mask: 'Mask' };
const updates = new Set(['update', 'rename', 'connect', 'disconnect', 'truncate-log', 'remove', 'mask']);
const wordOf = (verb) => verb.slice(verb.indexOf('.') + 1);
const permissionOf = (verb) => (verb.startsWith('machine.') ? 'node:reboot' : verb === 'process.signal' ? 'process:signal' : verb === 'journal.vacuum' || verb.startsWith('project.') ? 'service:update' : updates.has(wordOf(verb)) ? 'service:update' : 'service:restart');

const effects = {
  start: (n) => `${n} will be started.`,
  stop: (n) => `${n} will be off until somebody starts it.`,
  restart: (n) => `${n} will be away for a moment.`,
  reload: (n) => `${n} will read its settings anew.`,
  update: (n) => `The newest image is pulled and ${n} made anew from it; if it does not get well, the old one is put back.`,
  pause: (n) => `${n} will stand still, with all it holds in memory.`,
  kill: (n) => `${n} will be ended at once, without time to save anything.`,
  connect: (n) => `${n} will be in another network of its engine, too: it reaches what is in it, and is reached.`,
  disconnect: (n) => `${n} will leave a network of its engine: what reaches it there will not any more.`,
  rename: (n) => `${n} will get another name; others that reach it by name must know.`,
  'truncate-log': (n) => `What ${n} has printed is lost for good; what it prints from now on is kept. It runs on.`,
  remove: (n) => `${n} will be removed. Volumes stay; what it kept inside itself is lost.`,
  'reset-failed': (n) => `systemd will forget that ${n} failed. Nothing is started.`,
};
const danger = new Set(['stop', 'kill', 'remove', 'mask', 'truncate-log']);
const needs = { postgresql: ['litellm', 'n8n', 'gitea', 'immich'], litellm: ['open-webui', 'n8n'], prowlarr: ['sonarr', 'radarr'] };

function offered(s) {
  const unit = s.kind === 'unit';
  if (s.state === 'stopped') return unit ? ['start', 'mask'] : ['start', 'update', 'rename', 'remove'];
  if (s.looping) return ['stop', 'restart', 'reset-failed'];
  return unit ? ['restart', 'reload', 'stop'] : ['restart', 'stop', 'update', 'pause', 'kill', 'rename', 'connect', 'disconnect', 'truncate-log'];
}

function actionsOfService(s) {
  const others = needs[s.name] ?? [];
  const depend = others.length ? ` ${others.length} services depend on it: ${others.join(', ')}.` : '';
  return offered(s).map((word) => {
    const refused = s.node === 'tower' && word === 'update';
    const verb = `${s.kind}.${word}`;
    return { verb, label: labels[word], permission: permissionOf(verb), allowed: !refused, why: refused ? 'The policy of tower does not allow it: updates are made by Unraid.' : null, danger: danger.has(word), confirm: effects[word](s.display) + (['restart', 'stop', 'kill'].includes(word) ? depend : ''), guard: isGuarded(s.id) && ['restart', 'stop', 'kill', 'update', 'pause'].includes(word) ? sentence(s.id) : null };
  });
}

const excluding = /^(agent\.upgrade|generation\.(switch|rollback|rebuild)|machine\.(reboot|power-off))$/;

function actionsOfNode(n, underWay) {
  const other = underWay.find((j) => excluding.test(j.verb));
  const cutOff = underWay.length ? ` What is under way there is cut off: ${underWay.map((j) => j.title).join(', ')}.` : '';
  const away = n.state === 'away';
  const words = { reboot: 'will be away for some minutes', 'power-off': 'will be off until somebody switches it on' };
  const prune = { verb: 'docker.prune', label: 'Clean up', permission: 'service:update', allowed: !away, why: away ? `${n.name} is away.` : null, danger: true, confirm: `Images that no container uses, networks without containers and the build cache of ${n.name} will be removed. Nothing that runs is touched.`, guard: null };
  const machine = Object.entries(words).map(([word, effect]) => {
    const why = away ? `${n.name} is away.` : n.id === 'tower' && word === 'power-off' ? 'The policy of tower does not allow it: machine.power-off is not listed there.' : other ? `${other.title} is under way, ordered by ${other.actor}: wait until it is over.` : null;
    return { verb: `machine.${word}`, label: labels[word], permission: 'node:reboot', allowed: !why, why, danger: true, confirm: `${n.name} ${effect}, and with it the ${n.services.total} services on it.${cutOff}`, guard: null };
  });
  const wake = { verb: 'machine.wake', label: 'Wake', permission: 'node:reboot', allowed: true, why: null, danger: false, confirm: `Its network card is told to switch ${n.name} on, by another node in its network.`, guard: null };
  const powers = [['status', 'Ask whether it is on', false], ['on', 'Switch on', false], ['soft', 'Press its power button', true], ['off', 'Switch off at once', true], ['cycle', 'Power cycle', true], ['reset', 'Reset', true]];
  const effects = { status: `The controller of ${n.name} is asked. Nothing changes.`, on: `${n.name} will be switched on by its controller.`, soft: `${n.name} will be told to shut down, as by its power button; with it go the ${n.services.total} services on it.` };
  const power = bmcs.has(n.id) ? powers.map(([word, label, danger]) => ({ verb: 'machine.power', argument: word, label, permission: 'node:reboot', allowed: true, why: null, danger, confirm: effects[word] ?? `${n.name} will lose its power at once: what is not written yet is lost; with it go the ${n.services.total} services on it.`, guard: danger && isGuarded(n.id) ? sentence(n.id) : null })) : [];
  const upgrade = { verb: 'agent.upgrade', label: `Upgrade agent to ${n.agent.upgrade}`, permission: 'nodes:write', allowed: !away, why: away ? `${n.name} is away.` : null, danger: false, confirm: `The agent of ${n.name} is replaced by ${n.agent.upgrade}; when it does not reach the hub within a minute, the present one goes on. Services are not touched.`, guard: null };
  const denied = away ? `${n.name} is away.` : n.id === 'hydra-compute' ? 'The policy of this node does not allow journal.vacuum: add it to allow in /etc/hydra/agent.yaml.' : null;
  const vacuum = { verb: 'journal.vacuum', label: 'Shorten journal', permission: 'service:update', allowed: !denied, why: denied, danger: true, confirm: `The oldest entries of the journal of ${n.name} are removed for good, up to what is to stay. Nothing that runs is touched.`, guard: null };
  return [...machine, prune, vacuum, ...(away ? [wake] : []), ...power, ...(n.agent.upgrade && !n.agent.upgrade_obstacle ? [upgrade] : [])];
}

const projectEffects = {
  restart: ['Restart', 'restarted, what others need first; each is away for a moment'],
  up: ['Up', 'started where they don\'t run, what others need first'],
  down: ['Down', 'stopped, what others need last, until somebody starts them; none is removed'],
  pull: ['Pull images', 'given nothing new yet: their images are pulled, and each runs on with its old one until it is updated'],
};

function actionsOfProject(n, project, services) {
  const of = services.filter((s) => s.node === n.id && `${s.engine}/${s.project}` === project);
  const names = of.map((s) => s.display);
  const listed = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  const words = of.some((s) => s.state === 'stopped') ? ['restart', 'up', 'down', 'pull'] : ['restart', 'down', 'pull'];
  return words.map((word) => ({ verb: `project.${word}`, label: projectEffects[word][0], permission: 'service:update', allowed: true, why: null, danger: word === 'down', confirm: `${of.length} services are ${projectEffects[word][1]}: ${listed}.${word === 'pull' ? '' : ' 1 service depends on it: Films.'}`, guard: word !== 'pull' && of.some((s) => isGuarded(s.id)) ? sentence(of.find((s) => isGuarded(s.id)).id) : null }));
}

const actionsOfMount = (n, at) => [{ verb: 'mount.remount', label: 'Remount', permission: 'service:restart', allowed: at !== '/mnt/media', why: at === '/mnt/media' ? 'The policy of this node does not name the mount /mnt/media: add it, letter by letter, to allow in /etc/hydra/agent.yaml.' : null, danger: false, confirm: `${at} is unmounted, by force when it does not answer, and mounted again. Programs that have files of it open may have to be started anew.`, guard: null }];
const actionsOfProcess = (n, of) => [{ verb: 'process.signal', label: 'Send signal', permission: 'process:signal', allowed: n.id !== 'hydra-compute', why: n.id === 'hydra-compute' ? 'The policy of this node does not allow process.signal: add it to allow in /etc/hydra/agent.yaml.' : null, danger: false, confirm: "What a signal does is the program's own decision, but for KILL and STOP, which it is not asked about.", guard: of && isGuarded(of) ? sentence(of) : null }];

const titles = { 'project.restart': 'Restart project', 'project.up': 'Start project', 'project.down': 'Take down project', 'project.pull': 'Pull images of project', 'process.signal': 'Signal process', 'docker.prune': 'Clean up', 'journal.vacuum': 'Shorten the journal of', 'agent.upgrade': 'Upgrade the agent of', 'generation.switch': 'Switch', 'generation.rollback': 'Roll back', 'generation.rebuild': 'Rebuild', 'generation.collect': 'Clean up the Nix store of' };

const failure = 'Error response from daemon: cannot start container sonarr: driver failed programming external connectivity: Bind for 0.0.0.0:8989 failed: port is already allocated';

export function jobs(state, publish, permissions) {
  const { overview: o } = state;
  const list = [];
  let number = 0;
  const short = (j) => ({ ...j, output: '' });
  const told = (j) => publish('job.changed', short(j), 'jobs');
  const find = (id) => list.find((j) => j.id === id);

  function make(verb, s, n, more = {}) {
    const name = s ? `${s.display} on ${s.node}` : n;
    const j = { id: `j${Date.now()}-${number++}`, verb, title: `${labels[wordOf(verb)]} ${name}`, node: s?.node ?? n ?? '', service: s?.id ?? null, target: s?.name ?? '', argument: '', state: 'waiting', step: '', text: '', output: '', actor: 'shaun', created: iso(), started: null, ended: null, parent: null, children: [], ...more };
    list.unshift(j);
    told(j);
    return j;
  }

  function end(j, how, text, output = '') {
    Object.assign(j, { state: how, text, output, step: '', ended: iso() });
    told(j);
    if (!j.parent) return;
    const parent = find(j.parent);
    const rest = parent.children.map(find);
    const next = rest.find((c) => c.state === 'waiting');
    if (how !== 'done') rest.filter((c) => c.state === 'waiting').forEach((c) => told(Object.assign(c, { state: 'cancelled', text: 'not begun: one before it failed', ended: iso() })));
    if (how === 'done' && next) return begin(next);
    const failed = rest.find((c) => c.state === 'failed');
    Object.assign(parent, { state: failed ? 'failed' : 'done', step: '', text: failed ? `${failed.target} failed, the rest was left as it is` : `all ${rest.length} went well`, ended: iso() });
    told(parent);
  }

  function show(j, patch) {
    const s = o.services.find((x) => x.id === j.service);
    if (s) publish('service.changed', Object.assign(s, { since: iso(), ...patch }), 'state');
  }

  function begin(j) {
    Object.assign(j, { state: 'running', started: iso(), step: 'stopping' });
    told(j);
    if (j.parent) {
      const parent = find(j.parent);
      told(Object.assign(parent, { step: `${parent.children.indexOf(j.id) + 1} of ${parent.children.length}: ${j.target}` }));
    }
    const pace = j.target === 'radarr' ? 20_000 : 1500;
    show(j, { state: 'working' });
    setTimeout(() => told(Object.assign(j, { step: 'starting' })), pace / 2);
    setTimeout(() => finish(j), pace);
  }

  function finish(j) {
    if (j.target === 'sonarr') {
      show(j, { state: 'down', reason: 'does not start' });
      return end(j, 'failed', 'Docker refused: port 8989 is already taken', failure);
    }
    const word = wordOf(j.verb);
    show(j, { state: word === 'stop' ? 'stopped' : 'healthy', reason: null });
    end(j, 'done', word === 'restart' ? 'restarted in 1.4 s' : word === 'stop' ? 'stopped in 0.9 s' : 'done');
  }

  function order(body) {
    const services = (body.services ?? (body.service ? [body.service] : [])).map((id) => o.services.find((s) => s.id === id));
    if (services.some((s) => !s)) return problem(404, 'not-found', 'There is no such service.');
    const verbFor = (s) => (body.verb.includes('.') ? body.verb : `${s.kind}.${body.verb}`);
    if (services.length > 1) {
      const parent = make(verbFor(services[0]), null, '', { title: `${labels[wordOf(body.verb)]} ${services.length} services`, state: 'running', started: iso() });
      const parts = services.map((s) => make(verbFor(s), s, null, { parent: parent.id }));
      parent.children = parts.map((p) => p.id);
      told(parent);
      setTimeout(() => begin(parts[0]), 300);
      return ok(202, parent);
    }
    const [s] = services;
    const about = !s && titles[body.verb] && !body.target ? { title: `${titles[body.verb]} ${body.node}` } : body.target ? { target: body.target, title: `${titles[body.verb] ?? body.verb} ${body.target.split('/').at(-1)} on ${body.node}` } : {};
    const guarded = s && isGuarded(s.id) && ['restart', 'stop', 'kill'].includes(wordOf(verbFor(s)));
    if (guarded && !body.force) return problem(409, 'guarded', `${sentence(s.id)} Who may change settings can insist (force).`);
    if (body.verb === 'machine.power') Object.assign(about, { title: `Power: ${body.argument} ${body.node}, by its controller from hydra-ai`, node: 'hydra-ai', argument: `${body.argument} ${body.node}` });
    if (body.verb === 'machine.wake') Object.assign(about, { title: `Wake ${body.node} from hydra-ai`, node: 'hydra-ai', argument: body.node });
    const j = make(s ? verbFor(s) : body.verb, s, body.node, { argument: body.argument ?? '', ...about });
    if (body.node === 'hydra-compute' && body.verb.startsWith('machine.')) setTimeout(() => end(j, 'refused', 'nothing was done: the policy of hydra-compute does not allow it'), 600);
    else if (body.verb === 'machine.wake') setTimeout(() => end(j, 'done', 'The packet was sent.'), 300);
    else if (body.verb.startsWith('generation.')) {
      Object.assign(j, { state: 'running', started: iso() });
      playSwitch(body.node, j, { step: (step) => told(Object.assign(j, { step })), end: (how, text) => end(j, how, text) });
    } else setTimeout(() => begin(j), 400);
    return ok(202, j);
  }

  /* What was done before the stand-in began. */
  function past() {
    const at = (ago, lasted) => ({ created: iso(Date.now() - ago), started: iso(Date.now() - ago), ended: iso(Date.now() - ago + lasted) });
    const s = (name) => o.services.find((x) => x.name === name);
    const known = [
      ['plex', 'restart', 'done', 'restarted in 1.2 s', 40 * 60_000, 1200],
      ['jellyfin', 'update', 'done', 'updated to 10.11.3, healthy again after 6 s', 3 * 3_600_000, 48_000],
      ['sonarr', 'restart', 'failed', 'Docker refused: port 8989 is already taken', 26 * 3_600_000, 2100, failure],
      ['ollama', 'reload', 'refused', 'nothing was done: the policy of hydra-ai does not allow it', 27 * 3_600_000, 40],
      ['immich', 'stop', 'lost', 'nobody knows what came of it: tower was away for too long', 50 * 3_600_000, 86_000],
    ];
    for (const [name, word, how, text, ago, lasted, output = ''] of known.filter(([n]) => s(n)).reverse())
      make(`${s(name).kind}.${word}`, s(name), null, { state: how, text, output, ...at(ago, lasted), actor: name === 'immich' ? 'mira' : 'shaun' });
  }
  past();

  function listed(q) {
    const fits = (j) => (q.get('service') ? j.service === q.get('service') : !j.parent && (!q.get('node') || j.node === q.get('node')));
    return ok(200, { jobs: list.filter(fits).slice(0, 50).map(short), next: null });
  }

  function actions(id, q) {
    const n = o.nodes.find((x) => x.id === id);
    const s = o.services.find((x) => x.id === id);
    if (!n && !s) return problem(404, 'not-found', `There is no service or node with the id ${id}.`);
    const all = (n && q.get('project') ? actionsOfProject(n, q.get('project'), o.services) : n && q.get('process') ? actionsOfProcess(n, serviceOfProcess(n.id, q.get('process'), o)) : n && q.get('mount') ? actionsOfMount(n, q.get('mount')) : n ? actionsOfNode(n, list.filter((j) => j.node === n.id && !j.children.length && ['waiting', 'running'].includes(j.state))) : s.kind === 'container' || s.kind === 'unit' ? actionsOfService(s) : []).map((a) => ({ argument: null, ...a }));
    return ok(200, { actions: all.filter((a) => permissions.includes(a.permission)) });
  }

  function cancel(id) {
    const j = find(id);
    const open = j ? [j, ...j.children.map(find)].filter((x) => x.state === 'waiting') : [];
    if (!open.length) return problem(409, 'conflict', 'It has begun, or is over.');
    open.forEach((x) => told(Object.assign(x, { state: 'cancelled', text: 'cancelled by shaun', ended: iso() })));
    return ok(204);
  }

  return (url, method, body) => {
    const p = decodeURIComponent(url.pathname);
    if (p.startsWith('/api/web/actions/')) return actions(p.slice('/api/web/actions/'.length), url.searchParams);
    if (p === '/api/web/jobs') return method === 'POST' ? order(body) : listed(url.searchParams);
    if (!p.startsWith('/api/web/jobs/')) return undefined;
    const id = p.split('/')[4];
    if (method === 'DELETE') return cancel(id);
    return find(id) ? ok(200, find(id)) : problem(404, 'not-found', 'There is no such job.');
  };
}
