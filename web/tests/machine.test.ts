import { expect, test } from 'vitest';
import { ageText, byHealth } from '@/lib/disks';
import { gainOf, losesData, wonBy, type EngineUsage } from '@/lib/docker-usage';
import { below, foldersHref, trail } from '@/lib/folders';
import { tabHref, tabOf } from '@/lib/node-tabs';

test('what fails is seen first', () => {
  const list = (['ok', 'unknown', 'failing', 'warning', 'ok'] as const).map((health, i) => ({ health, device: `sd${'eabcd'[i]}` }));
  expect(byHealth(list).map((d) => d.device)).toEqual(['sdb', 'sdc', 'sda', 'sdd', 'sde']);
});

test('hours are told as one thinks of them', () => {
  expect([null, 12, 240, 5000, 28_000].map(ageText)).toEqual(['', '1 d', '10 d', '7 months', '3.2 years']);
});

const part = (count: number, in_use: number, reclaimable_bytes: number) => ({ count, in_use, reclaimable_bytes });
const volume = (bytes: number, in_use: boolean, anonymous: boolean) => ({ bytes, in_use, anonymous });
const engine: EngineUsage = {
  images: part(5, 2, 700),
  containers: part(2, 2, 0),
  volumes: { ...part(3, 1, 330), items: [volume(300, false, false), volume(30, false, true), volume(99, true, true)] },
  build_cache: part(1, 0, 50),
};

test('what a clean-up wins is the sum of what it takes', () => {
  expect(gainOf(engine, 'images')).toEqual({ count: 3, bytes: 700 });
  expect(gainOf(engine, 'networks')).toBeNull();
  expect(gainOf(engine, 'volumes')).toEqual({ count: 1, bytes: 30 });
  expect(gainOf(engine, 'named-volumes')).toEqual({ count: 1, bytes: 300 });
  expect(wonBy(engine, ['images', 'build-cache', 'networks'])).toBe(750);
  expect(wonBy(engine, [])).toBe(0);
  expect([losesData(['images']), losesData(['images', 'named-volumes'])]).toEqual([false, true]);
});

test('a tab has an address; one that is not known is the first', () => {
  expect(tabHref('tower', 'overview')).toBe('/node?id=tower');
  expect(tabHref('tower', 'storage')).toBe('/node?id=tower&tab=storage');
  expect([null, 'nonsense', 'agent'].map(tabOf)).toEqual(['overview', 'overview', 'agent']);
});

test('folders are walked through by their addresses', () => {
  expect(trail('/var/lib').map((t) => t.path)).toEqual(['/', '/var', '/var/lib']);
  expect(trail('/').map((t) => t.name)).toEqual(['/']);
  expect([below('/', 'var'), below('/var', 'lib')]).toEqual(['/var', '/var/lib']);
  expect(foldersHref('tower', '/mnt/a b&c')).toBe('/node?id=tower&tab=storage&path=/mnt/a%20b%26c');
});
