import { expect, test } from 'vitest';
import { findAction, firstAction, isForGood, isManaged, isNextStep, permissionOf, titled, wishOf, wordOf } from '@/lib/actions';

const action = (verb: string, more: { allowed?: boolean; danger?: boolean } = {}) => ({ verb, label: titled(wordOf(verb)), allowed: true, danger: false, ...more });
const restart = action('container.restart');
const stop = action('container.stop', { danger: true });
const kill = action('container.kill', { danger: true });

test('the first that is allowed gets a button, in the order of the server', () => {
  expect(firstAction([restart, stop], false)).toBe(restart);
  expect(firstAction([action('container.restart', { allowed: false }), stop], false)).toBe(stop);
  expect(firstAction([kill], false)).toBeUndefined();
  expect(firstAction([], false)).toBeUndefined();
});

test('in a restart loop neither restart nor start is offered first', () => {
  expect(firstAction([restart, action('container.start'), stop], true)).toBe(stop);
  expect(firstAction([restart], true)).toBeUndefined();
});

test('an action is found by its verb or its word', () => {
  expect(findAction([restart, stop], 'stop')).toBe(stop);
  expect(findAction([restart, stop], 'container.restart')).toBe(restart);
  expect(findAction([restart], 'unit.restart')).toBeUndefined();
});

test('red is for what is lost for good', () => {
  expect([stop, kill, action('container.remove', { danger: true }), action('machine.power-off', { danger: true }), restart].map(isForGood)).toEqual([false, true, true, false, false]);
  expect([action('unit.start'), restart].map(isNextStep)).toEqual([true, false]);
});

test.each([
  ['container.restart', 'service:restart'],
  ['unit.mask', 'service:update'],
  ['container.update', 'service:update'],
  ['project.up', 'service:update'],
  ['container.truncate-log', 'service:update'],
  ['journal.vacuum', 'service:update'],
  ['process.signal', 'process:signal'],
  ['machine.reboot', 'node:reboot'],
])('%s takes %s', (verb, permission) => expect(permissionOf(verb)).toBe(permission));

test('bare processes and what was added by hand have nobody to tell', () => {
  expect((['container', 'unit', 'process', 'manual'] as const).filter(isManaged)).toEqual(['container', 'unit']);
});

test.each([
  ['restart plex', 'service', { word: 'restart', rest: 'plex' }],
  ['Res  open webui', 'service', { word: 'restart', rest: 'open webui' }],
  ['sto', 'service', { word: 'stop', rest: '' }],
  ['re plex', 'service', null],
  ['redis', 'service', null],
  ['reboot tower', 'node', { word: 'reboot', rest: 'tower' }],
  ['power-off', 'node', { word: 'power-off', rest: '' }],
  ['restart', 'node', null],
  ['', 'node', null],
] as const)('%j of a %s', (query, of, wish) => expect(wishOf(query, of)).toEqual(wish));
