import { describe, expect, test } from 'vitest';
import { KeySequence, pressName } from '@/lib/keys';
import { safeNext, serviceHref } from '@/lib/links';
import { matches, nearest, score } from '@/lib/match';

const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

test.each([
  [press('k', { ctrlKey: true }), 'Mod+k'],
  [press('K', { metaKey: true }), 'Mod+k'],
  [press('?'), '?'],
  [press(' '), 'Space'],
  [press('Escape'), 'Escape'],
  [press('Shift'), null],
  [press('x', { altKey: true }), null],
])('%j is %s', (p, name) => expect(pressName(p)).toBe(name));

describe('sequences', () => {
  const known = ['g s', 'g n', 's', '/', 't'];
  const run = (keys: string, gap = 100) => {
    const q = new KeySequence(() => known);
    return keys.split('').map((k, i) => q.press(press(k), i * gap)).filter(Boolean);
  };
  test.each([
    ['gs', ['g s']],
    ['gn', ['g n']],
    ['s', ['s']],
    ['gt', ['t']],
    ['ggs', ['g s']],
    ['xs', ['s']],
    ['gx', []],
  ])('%s → %j', (keys, words) => expect(run(keys)).toEqual(words));
  test('a late second key stands alone', () => expect(run('gs', 1500)).toEqual(['s']));
});

test.each([
  ['/services?x=1', '/services?x=1'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  ['/login?next=/', '/'],
  [null, '/'],
])('after sign-in %s leads to %s', (next, to) => expect(safeNext(next)).toBe(to));

test('ids keep their slashes', () => expect(serviceHref('debian/process/redis-server:6379')).toBe('/service?id=debian/process/redis-server:6379'));
test('ids are escaped', () => expect(serviceHref('a/b&c=d')).toBe('/service?id=a/b%26c%3Dd'));

describe('match', () => {
  test.each([
    ['plex tow', true],
    ['PLEX', true],
    ['plx', false],
    ['', true],
  ])('%s matches: %s', (q, yes) => expect(matches(q, 'plex', 'tower', null)).toBe(yes));
  test('a start of a word weighs more than its middle', () => expect(score('re', 'redis')).toBeGreaterThan(score('re', 'tree')));
  test.each([['plx', 'plex'], ['jelyfin', 'jellyfin'], ['zz', null], ['completely other', null]])('nearest to %s is %s', (q, name) =>
    expect(nearest(q, ['plex', 'jellyfin', 'sonarr'])).toBe(name),
  );
});

test('with Shift a letter has a word of its own where one is known', () => {
  const q = new KeySequence(() => ['g l', 'g g', 'Shift+g', 't']);
  const shift = { shiftKey: true };
  expect(q.press(press('G', shift), 0)).toBe('Shift+g');
  expect(q.press(press('T', shift), 0)).toBe('t');
  expect(q.press(press('g'), 0)).toBeNull();
  expect(q.press(press('g'), 10)).toBe('g g');
});
