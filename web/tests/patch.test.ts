import { QueryClient } from '@tanstack/react-query';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { actionsQuery, attentionQuery, feedQuery, nodeDetailQuery, nodeQuery, nodesQuery, serviceDetailQuery, serviceQuery, servicesQuery, verdictQuery } from '@/api/keys';
import type { NodeDetail, ServiceDetail } from '@/api/types';
import { cluster } from '@/scripts/fixtures.mjs';
import { Patcher } from '@/stream/patch';
import { SeriesStore } from '@/stream/series';

let frames: (() => void)[] = [];
vi.stubGlobal('document', { hidden: false });
vi.stubGlobal('requestAnimationFrame', (run: () => void) => frames.push(run));
vi.stubGlobal('cancelAnimationFrame', () => (frames = []));

function frame() {
  const now = frames;
  frames = [];
  now.forEach((run) => run());
}

function page() {
  const client = new QueryClient();
  const series = new SeriesStore();
  const hooks = { schemaChanged: vi.fn(), accessChanged: vi.fn(), applied: vi.fn(), incomplete: vi.fn() };
  const patcher = new Patcher(client, series, hooks);
  const { overview } = cluster('well', 1000);
  overview.event_id = '1-10';
  const event = (id: number, name: string, data: unknown) => ({ id: `1-${id}`, event: name, data: JSON.stringify(data) });
  return { client, series, hooks, patcher, overview, event };
}

const plex = 'tower/docker/plex';

beforeEach(() => (frames = []));

describe('seed', () => {
  test('fills a key per entity and the ordered lists', () => {
    const { client, patcher, overview } = page();
    patcher.seed(overview);
    expect(client.getQueryData(servicesQuery().queryKey)).toHaveLength(42);
    expect(client.getQueryData(serviceQuery(plex).queryKey)?.display).toBe('plex');
    expect(client.getQueryData(nodesQuery().queryKey)).toEqual(['hydra-ai', 'hydra-compute', 'tower']);
    expect(client.getQueryData(nodeQuery('tower').queryKey)).not.toHaveProperty('vitals');
    expect(client.getQueryData(verdictQuery().queryKey)?.counts.total).toBe(42);
  });

  test('what came before the snapshot follows it, what it already has does not', () => {
    const { client, patcher, overview, event } = page();
    const s = overview.services.find((x) => x.id === plex);
    patcher.receive([event(9, 'service.changed', { ...s, latency_ms: 999 }), event(11, 'service.changed', { ...s, latency_ms: 7 })]);
    patcher.seed(overview);
    frame();
    expect(client.getQueryData(serviceQuery(plex).queryKey)?.latency_ms).toBe(7);
    expect(patcher.cursor).toBe('1-11');
  });

  test('an entity that is gone loses its key', () => {
    const { client, patcher, overview } = page();
    patcher.seed(overview);
    patcher.seed({ ...overview, event_id: '1-20', services: overview.services.filter((s) => s.id !== plex) });
    expect(client.getQueryData(serviceQuery(plex).queryKey)).toBeUndefined();
  });
});

describe('events', () => {
  test('nothing is applied before the frame, and the last one wins', () => {
    const { client, patcher, overview, event } = page();
    patcher.seed(overview);
    const s = overview.services.find((x) => x.id === plex);
    patcher.receive([1, 2, 3].map((n) => event(10 + n, 'service.changed', { ...s, latency_ms: n })));
    expect(client.getQueryData(serviceQuery(plex).queryKey)?.latency_ms).toBe(22);
    expect(frames).toHaveLength(1);
    frame();
    expect(client.getQueryData(serviceQuery(plex).queryKey)?.latency_ms).toBe(3);
  });

  test('a change of state leaves the list alone; a change of group does not', () => {
    const { client, patcher, overview, event } = page();
    patcher.seed(overview);
    const s = overview.services.find((x) => x.id === plex);
    const before = client.getQueryData(servicesQuery().queryKey);
    patcher.receive([event(11, 'service.changed', { ...s, state: 'down' })]);
    frame();
    expect(client.getQueryData(servicesQuery().queryKey)).toBe(before);
    patcher.receive([event(12, 'service.changed', { ...s, group: 'Films' })]);
    frame();
    expect(client.getQueryData(servicesQuery().queryKey)?.find((r) => r.id === plex)?.group).toBe('Films');
  });

  test('added, then removed within a frame: removed', () => {
    const { client, patcher, overview, event } = page();
    patcher.seed(overview);
    const s = overview.services[0];
    patcher.receive([event(11, 'service.changed', { ...s, id: 'x/docker/new' }), event(12, 'service.removed', { id: 'x/docker/new' })]);
    frame();
    expect(client.getQueryData(serviceQuery('x/docker/new').queryKey)).toBeUndefined();
    expect(client.getQueryData(servicesQuery().queryKey)).toHaveLength(42);
  });

  test('events are applied once', () => {
    const { client, patcher, overview, event } = page();
    patcher.seed(overview);
    const f = { id: 'new', time: '2025-01-01T00:00:00Z', severity: 'ok', kind: 'x', node: null, service: null, text: 'x' };
    patcher.receive([event(11, 'feed.added', f)]);
    patcher.receive([event(11, 'feed.added', f)]);
    frame();
    expect(client.getQueryData(feedQuery().queryKey)?.filter((e) => e.id === 'new')).toHaveLength(1);
  });

  test('an open detail follows its service and is read again when its state changes', () => {
    const { client, patcher, overview, event } = page();
    patcher.seed(overview);
    const s = overview.services.find((x) => x.id === plex);
    const key = serviceDetailQuery(plex).queryKey;
    client.setQueryData(key, { ...s, why: 'x' } as ServiceDetail);
    patcher.receive([event(11, 'service.changed', { ...s, state: 'down' })]);
    frame();
    expect(client.getQueryData(key)).toMatchObject({ state: 'down', why: 'x' });
    expect(client.getQueryState(key)?.isInvalidated).toBe(true);
  });

  test('vitals and metrics go to the series, never into Query', () => {
    const { client, series, hooks, patcher, overview, event } = page();
    patcher.seed(overview);
    const keys = client.getQueryCache().getAll().length;
    patcher.receive([
      event(11, 'node.vitals', { ...overview.nodes[0]?.vitals, id: 'hydra-ai', t: 99_000, cpu: 77 }),
      event(12, 'node.metrics', { id: 'hydra-ai', schema: 1, t: 99_000, v: [1] }),
    ]);
    frame();
    expect(series.vitals('hydra-ai').latest?.cpu).toBe(77);
    expect(client.getQueryCache().getAll()).toHaveLength(keys);
    series.metrics('hydra-ai').load({ event_id: '', schema: 1, step_ms: 1000, t: [], columns: [{ name: 'cpu', unit: '%' }], values: [[]] });
    expect(series.metrics('hydra-ai').column('cpu')).toEqual([1]);
    patcher.receive([event(13, 'node.metrics', { id: 'hydra-ai', schema: 2, t: 99_001, v: [1, 2] })]);
    expect(hooks.schemaChanged).toHaveBeenCalledWith('hydra-ai');
  });

  test('a resync has the windows of followed nodes read again, and their lines stay until then', () => {
    const { series, hooks, patcher, overview } = page();
    patcher.seed(overview);
    const window = (schema: number, t: number) => ({ event_id: '', schema, step_ms: 1000, t: [t], columns: [{ name: 'cpu', unit: '%' }], values: [[t]] });
    series.metrics('tower').load(window(1, 5));
    patcher.receive([{ id: '2-1', event: 'resync', data: JSON.stringify({ snapshot: { ...overview, event_id: '2-1' } }) }]);
    expect(hooks.schemaChanged.mock.calls).toEqual([['tower']]);
    expect(series.metrics('tower').column('cpu')).toEqual([5]);
    expect(series.metrics('tower').push({ schema: 1, t: 8, v: [8] })).toBe(true); // the same number may mean other columns now
    expect(series.metrics('tower').column('cpu')).toEqual([5]);
    series.metrics('tower').load(window(1, 7));
    expect(series.metrics('tower').column('cpu')).toEqual([7, 8]);
  });

  test('usage changes a row in place and leaves an equal one alone', () => {
    const { client, patcher, overview, event } = page();
    patcher.seed(overview);
    const key = serviceQuery(plex).queryKey;
    const before = client.getQueryData(key);
    patcher.receive([event(11, 'services.usage', { id: 'tower', v: [[plex, before?.cpu ?? null, before?.memory ?? null]] })]);
    frame();
    expect(client.getQueryData(key)).toBe(before);
    patcher.receive([event(12, 'services.usage', { id: 'tower', v: [[plex, 42, 7_000_000], ['tower/docker/unheard-of', 1, 1]] })]);
    frame();
    expect(client.getQueryData(key)).toEqual({ ...before, cpu: 42, memory: 7_000_000 });
  });

  test('node parts merge into an open detail', () => {
    const { client, patcher, overview, event } = page();
    patcher.seed(overview);
    const key = nodeDetailQuery('tower').queryKey;
    client.setQueryData(key, { id: 'tower', label: 'tower', disks: [] } as unknown as NodeDetail);
    patcher.receive([event(11, 'node.detail', { id: 'tower', disks: [{ name: 'sda' }] })]);
    frame();
    expect(client.getQueryData(key)).toMatchObject({ label: 'tower', disks: [{ name: 'sda' }] });
  });

  test('a node that is back is asked again for what it allows, one that started anew for what it is', () => {
    const { client, patcher, overview, event } = page();
    patcher.seed(overview);
    const tower = overview.nodes.find((n) => n.id === 'tower');
    const [offers, asked, detail] = [actionsQuery('tower').queryKey, ['asked', 'tower', 'packages', {}], nodeDetailQuery('tower').queryKey];
    for (const key of [offers, asked, detail]) client.setQueryData<unknown>(key, {});
    const stale = () => [offers, asked, detail].map((key) => client.getQueryState(key)?.isInvalidated);
    patcher.receive([event(11, 'node.changed', { ...tower, services: 3 })]);
    frame();
    expect(stale()).toEqual([false, false, false]);
    patcher.receive([event(12, 'node.changed', { ...tower, state: 'away' })]);
    frame();
    expect(stale()).toEqual([true, false, false]);
    patcher.receive([event(13, 'node.changed', { ...tower, state: 'away', kernel: '6.99' })]);
    frame();
    expect(stale()).toEqual([true, true, true]);
  });

  test('unknown events are ignored', () => {
    const { patcher, overview, event } = page();
    patcher.seed(overview);
    patcher.receive([event(11, 'backup.done', { type: 'backup.done', data: 1 })]);
    expect(patcher.cursor).toBe('1-11');
    expect(frames).toHaveLength(0);
  });

  test('a resync of a server that has just begun asks for the snapshot', () => {
    const { client, hooks, patcher, overview } = page();
    patcher.seed(overview);
    patcher.receive([{ id: '2-0', event: 'resync', data: '{"snapshot":{}}' }]);
    frame();
    expect(hooks.incomplete).toHaveBeenCalledOnce();
    expect(client.getQueryData(servicesQuery().queryKey)).toHaveLength(42);
  });

  test('resync replaces everything and cuts the series', () => {
    const { client, series, patcher, overview, event } = page();
    patcher.seed(overview);
    const next = { ...overview, event_id: '2-1', attention: [], verdict: { ...overview.verdict, sentence: 'again' }, nodes: overview.nodes.map((n) => ({ ...n, vitals: null })) };
    patcher.receive([event(11, 'attention.changed', { attention: [{ id: 'lost' }] }), { id: '2-1', event: 'resync', data: JSON.stringify({ snapshot: next }) }]);
    frame();
    expect(client.getQueryData(verdictQuery().queryKey)?.sentence).toBe('again');
    expect(client.getQueryData(attentionQuery().queryKey)).toEqual([]);
    expect(series.vitals('tower').times()).toEqual([]);
    expect(patcher.cursor).toBe('2-1');
  });
});
