import { expect, test } from 'vitest';
import { logParams } from '@/api/logs';
import { firstSources, isBare, logsHref, noAddress, queryOf, readAddress, writeAddress } from '@/lib/log-address';
import { volumeOf } from '@/lib/volume';

test('an address says the same again', () => {
  const a = { ...noAddress, services: ['tower/docker/plex', 'b/systemd/x@1.service'], nodes: ['tower'], q: 'a&b=é +', regex: true, context: true, level: 'err', from: 1000, to: 2000, line: 's=1;i=2' };
  expect(readAddress(new URLSearchParams(writeAddress(a)))).toEqual(a);
  expect(readAddress(new URLSearchParams(''))).toEqual(noAddress);
  expect(isBare(noAddress)).toBe(true);
});

test('what is no range or time is none', () => {
  expect(readAddress(new URLSearchParams('range=toString&from=-1&to=x&regex=yes'))).toEqual(noAddress);
});

test('the query of an address', () => {
  const a = { ...noAddress, nodes: ['tower'], q: 'x', regex: true };
  expect(queryOf(a, 1e9)).toMatchObject({ q: 'x', regex: true, nodes: ['tower'], since: undefined, until: undefined });
  expect(queryOf({ ...a, context: true }, 1e9)).not.toHaveProperty('q');
  expect(queryOf({ ...a, range: '15m', to: 5 }, 1e9)).toMatchObject({ since: 1e9 - 900_000, until: undefined });
  expect(queryOf({ ...a, from: 1, to: 5 }, 1e9)).toMatchObject({ since: 1, until: 5 });
});

test('the server is asked in its words', () => {
  const q = queryOf({ ...noAddress, services: ['a/b/c', 'd/e/f'], q: 'x y', level: 'warning' }, 0);
  expect(logParams(q, { before: 'c', limit: 5 }).toString()).toBe('service=a%2Fb%2Fc&service=d%2Fe%2Ff&q=x+y&level=warning&before=c&limit=5');
});

test('a link to a service’s log reads well', () => expect(logsHref({ services: ['tower/docker/plex'] })).toBe('/logs?service=tower/docker/plex'));

test('volume counts by weight, every line once', () => {
  const v = volumeOf([{ t: 0, weight: 'error' }, { t: 50_000, weight: 'warn' }, { t: 100_000, weight: 'info' }, { t: 100_000, weight: 'none' }], 10);
  expect(v?.bars.map((b) => [b.error, b.warn, b.rest])).toEqual([[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 2]]);
  expect(v?.peak).toBe(2);
  expect(volumeOf([], 10)).toBeNull();
  expect(volumeOf([{ t: 5, weight: 'info' }], 3)?.bars).toHaveLength(3);
});

test('what is read first: nodes, or services of those who may read no node', () => {
  const node = { kind: 'node', service: 'tower' };
  const plex = { kind: 'container', service: 'tower/docker/plex' };
  expect(firstSources([plex, node])).toEqual({ services: [], nodes: ['tower'] });
  expect(firstSources([plex])).toEqual({ services: ['tower/docker/plex'], nodes: [] });
  expect(firstSources([])).toEqual({ services: [], nodes: [] });
});
