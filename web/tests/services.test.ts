import { describe, expect, test } from 'vitest';
import { servicesHref } from '@/lib/links';
import { arrange, countStates, isPlumbing, neighbour, noFilter, withinReach, type Arrangement, type Line, type Listed } from '@/lib/services';

const one = (display: string, more: Partial<Listed> = {}): Listed => ({
  id: `n/${display}`,
  name: display,
  display,
  group: 'Media',
  node: 'n',
  kind: 'container',
  engine: 'docker',
  project: null,
  state: 'healthy',
  hidden: false,
  manual: false,
  ports: [],
  latency_ms: null,
  cpu: null,
  memory: null,
  ...more,
});

const all = [
  one('plex', { ports: [32400], cpu: 4 }),
  one('jellyfin', { state: 'down', cpu: 9 }),
  one('redis', { group: 'Data', node: 'tower', kind: 'process', state: 'degraded', cpu: null }),
  one('cron', { group: 'System', kind: 'unit', state: 'unchecked' }),
  one('udev', { group: 'System', kind: 'unit', state: 'down' }),
  one('old', { hidden: true, state: 'stopped' }),
];

const plain: Arrangement = { grouping: 'purpose', sort: 'name', title: (g) => g, open: { system: false, hidden: false } };
const words = (lines: Line[]) => lines.map((l) => (l.type === 'head' ? `# ${l.title} ${l.total}/${l.bad}` : l.type === 'fold' ? `> ${l.key} ${l.total}` : l.key.slice(2)));

describe('arrange', () => {
  test('groups in order, rows by name, plumbing and hidden ones folded', () => {
    expect(words(arrange(all, noFilter, plain))).toEqual(['# Data 1/1', 'redis', '# Media 2/1', 'jellyfin', 'plex', '# System 1/1', 'udev', '> system 1', '> hidden 1']);
  });
  test('projects are told apart by their machine, and what is in none comes last', () => {
    const list = [one('web', { project: 'shop', node: 'tower' }), one('db', { project: 'shop', node: 'attic' }), one('alone')];
    const lines = arrange(list, noFilter, { ...plain, grouping: 'project' });
    expect(words(lines)).toEqual(['# shop 1/0', 'db', '# shop 1/0', 'web', '# No project 1/0', 'alone']);
    expect(lines.filter((l) => l.type === 'head').map((l) => l.type === 'head' && l.project?.target)).toEqual(['docker/shop', 'docker/shop', undefined]);
  });
  test('opened folds show their rows', () => {
    const lines = words(arrange(all, noFilter, { ...plain, open: { system: true, hidden: true } }));
    expect(lines.slice(-4)).toEqual(['> system 1', 'cron', '> hidden 1', 'old']);
  });
  test('a search finds plumbing without a fold', () => {
    expect(words(arrange(all, { ...noFilter, text: 'cron' }, plain))).toEqual(['# System 1/0', 'cron']);
    expect(words(arrange(all, { ...noFilter, group: 'System' }, plain))).toContain('cron');
  });
  test('by state, worst first', () => {
    const heads = arrange(all, noFilter, { ...plain, grouping: 'state' }).filter((l) => l.type === 'head');
    expect(heads.map((h) => h.title)).toEqual(['down', 'degraded', 'healthy']);
  });
  test('numbers sort from the largest, unknown last', () => {
    const by = arrange(all, { ...noFilter, group: 'Media' }, { ...plain, sort: 'cpu' });
    expect(words(by).slice(1, 3)).toEqual(['jellyfin', 'plex']);
  });
  test('nothing found is nothing, not an empty group', () => {
    expect(arrange(all, { ...noFilter, text: 'zzz' }, plain)).toEqual([]);
  });
});

test('a search sees ports, nodes and kinds', () => {
  const ids = (text: string) => withinReach(all, { ...noFilter, text }).map((s) => s.display);
  expect(ids(':32400')).toEqual(['plex']);
  expect(ids('tower')).toEqual(['redis']);
  expect(ids('docker jelly')).toEqual(['jellyfin']);
});

test('hidden services are in no count', () => {
  expect(countStates(all)).toMatchObject({ healthy: 1, down: 2, degraded: 1, unchecked: 1, stopped: 0 });
});

test('plumbing is a unit of no purpose that is well', () => {
  expect(all.filter(isPlumbing).map((s) => s.display)).toEqual(['cron']);
});

test('j and k pass over heads and stop at the ends', () => {
  const lines = arrange(all, noFilter, plain);
  expect(neighbour(lines, null, 1)).toBe('n/redis');
  expect(neighbour(lines, 'n/redis', 1)).toBe('n/jellyfin');
  expect(neighbour(lines, 'n/redis', -1)).toBe('n/redis');
  expect(neighbour(lines, 'n/udev', 1)).toBe('n/udev');
  expect(neighbour([], null, 1)).toBeNull();
});

test('a list that is cut short leads to all of it', () => {
  expect(servicesHref({ node: 'my node' })).toBe('/services?node=my%20node');
  expect(servicesHref({ group: 'AI & models' })).toBe('/services?group=AI%20%26%20models');
  expect(servicesHref({ node: null })).toBe('/services?kind=manual'); // on no node is what was added by hand
});
