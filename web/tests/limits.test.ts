import { expect, test } from 'vitest';
import { limitsFit, mayAdd, mayThere } from '@/lib/limits';

const spot = { node: 'tower', group: 'Media' };
const labels = [{ key: 'team', value: 'x' }];

test.each([
  ['', spot, true],
  ['node:tower', spot, true],
  ['node:tow*', spot, true],
  ['node:other,group:Media', spot, true],
  ['node:other', spot, false],
  ['group:*', { node: 'tower' }, false],
  ['node:*', { node: null, group: 'Media' }, false],
  ['label:team=x', spot, undefined],
  ['label:team=x', { ...spot, labels }, true],
  ['label:team=y', { ...spot, labels }, false],
  ['label:team=x,node:tower', spot, true],
])('%s', (limits, where, fit) => expect(limitsFit(limits, where)).toBe(fit));

test('limits narrow what changes things, and nothing else', () => {
  const who = { permissions: ['services:write', 'services:read'], limits: 'node:other' };
  expect(mayThere(who, 'services:write', spot)).toBe(false);
  expect(mayThere(who, 'services:read', spot)).toBe(true);
  expect(mayThere(who, 'logs:read', spot)).toBe(false);
  expect(mayAdd(who)).toBe(false);
  expect(mayAdd({ ...who, limits: 'node:other,group:Media' })).toBe(true);
});
