// Generations of the stand-in's NixOS machines, and switches that are played: to 40 is rolled back, 44 needs a reboot. Never shipped.
const iso = (ago = 0) => new Date(Date.now() - ago).toISOString();
const D = 86_400_000;
const ok = (body) => ({ status: 200, body });
const problem = (status, slug, detail) => ({ problem: [status, slug, detail] });
const denied = 'The policy of this node does not allow generation.collect: add it to allow in /etc/hydra/agent.yaml.';

const generation = (number, ago, kernel, more) => ({
  number, date: iso(ago * D), version: `25.11.202511${String(30 - (44 - number) * 2).padStart(2, '0')}.5ae3b07`, kernel, revision: number % 5 ? `3f1c0de9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d${number % 10}` : null,
  path: `/nix/store/0123456789abcdfghijklmnpqrsvwx${number}-nixos-system`, specialisations: number === 42 ? ['gaming'] : [], current: false, booted: false, running: false, ...more,
});
const make = () => [generation(44, 0.2, '6.12.60'), generation(43, 1.1, '6.12.58', { current: true, running: true }), generation(42, 4, '6.12.58', { booted: true }), generation(41, 9, '6.12.57'), generation(40, 20, '6.12.55'), generation(38, 41, '6.12.51')];
const machines = { 'hydra-ai': { list: make(), switch: null }, 'hydra-compute': { list: make().slice(1), switch: null } };
const find = (m, n) => (n === 'previous' ? m.list.find((g) => g.number < m.list.find((x) => x.current).number) : m.list.find((g) => String(g.number) === n));
const plain = ({ why_not: _, ...g }) => g;

const changes = (names) => names.map(([name, from, to]) => ({ name, from: from ? [from] : [], to: to ? [to] : [] }));
const diff = (from, to) => ({
  from, to,
  packages: { changed: changes([['linux', from.kernel, to.kernel], ['openssl', '3.4.1', '3.4.3'], ['systemd', '258.1', '258.2'], ['tabbyapi', '0.0.41', '0.0.43'], ['nvidia-x11', '580.95.05', '580.105.08']].filter(([, a, b]) => a !== b)), added: changes([['kokoro-tts', null, '0.9.4']]), removed: changes([['libsodium-legacy', '1.0.18', null]]), rebuilt: 212 },
  units: { changed: ['tabbyapi.service', 'nginx.service', 'systemd-journald.service'], added: ['kokoro-tts.service'], removed: [] },
});

const plan = (to) => ({ to: plain(to), stop: ['kokoro-tts.service'], start: [], restart: ['tabbyapi.service', 'nginx.service'], reload: ['dbus.service'], needs_reboot: to.kernel === '6.12.60' ? `Linux ${to.kernel} needs a reboot: 6.12.58 runs.` : null, output: 'would stop the following units: kokoro-tts.service\nwould restart the following units: nginx.service, tabbyapi.service\nwould reload the following units: dbus.service' });

export function generationAnswer(url) {
  const [, , , , id, what, part] = url.pathname.split('/');
  const m = machines[id];
  const q = url.searchParams;
  if (what !== 'generations' && what !== 'garbage') return undefined;
  if (!m) return problem(409, 'not-here', `${id} does not run NixOS.`);
  if (what === 'garbage') {
    const old = m.list.filter((g) => !g.current && !g.booted && Date.parse(g.date) < Date.now() - Number(q.get('older_than_days')) * D).map((g) => g.number);
    return ok({ older_than_days: Number(q.get('older_than_days')), generations: old, paths: 812 + 300 * old.length, bytes: 3.1e9 + 5.7e9 * old.length });
  }
  if (part === 'diff') return ok(diff(plain(find(m, q.get('from'))), plain(find(m, q.get('to')))));
  if (part === 'plan') return ok(plan(find(m, q.get('to'))));
  return ok({ generations: m.list.map((g) => ({ ...g, why_not: null })), why_not: { rollback: null, collect: id === 'hydra-compute' ? denied : null }, flakes: id === 'hydra-ai' ? ['github:shaun/nixos#hydra-ai'] : [], switch: m.switch });
}

/* `step(text)` tells the job, `end(how, text)` ends it. */
export function playSwitch(node, job, { step, end }) {
  const m = machines[node];
  if (job.verb === 'generation.collect') return setTimeout(() => end('done', 'Removed 1 generation and 1,112 paths: 8.8 GB were won.'), 1500);
  const to = job.verb === 'generation.rollback' ? find(m, 'previous') : job.verb === 'generation.rebuild' ? m.list[0] : find(m, job.target);
  const from = m.list.find((g) => g.running);
  const reboot = job.argument.includes('reboot');
  const until = new Date(Date.now() + 300_000).toISOString();
  const phase = (p, text, said = '') => {
    m.switch = { job: job.id, phase: p, from: from.path, to: to.path, reboot, until, text: said };
    if (text) step(text);
  };
  const bad = to.number === 40;
  phase('armed', 'arming the way back');
  setTimeout(() => phase(reboot ? 'booting' : 'activating', reboot ? 'rebooting' : 'activating'), 800);
  setTimeout(() => phase('waiting', bad ? 'waiting for health: tabbyapi ran before, and does not now' : 'waiting for health'), 2200);
  setTimeout(() => phase(bad ? 'rolling-back' : 'confirming', bad ? 'rolling back' : 'confirming'), 4200);
  setTimeout(() => {
    phase(bad ? 'rolled-back' : 'confirmed', '', bad ? 'tabbyapi.service ran before, and does not now' : '');
    if (!bad) m.list.forEach((g) => Object.assign(g, { current: g === to, running: g === to }));
    end(bad ? 'failed' : 'done', bad ? `Rolled back to ${from.number}: tabbyapi ran before, and does not now.` : `${to.number} runs, and starts next time.`);
  }, 5600);
}
