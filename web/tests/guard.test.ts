import { expect, test } from 'vitest';
import { fits, holdsAt, patternsOf, protects, wallTimeIn, whenText, type Rule } from '@/lib/guard';

const rule = (more: Partial<Rule> = {}): Rule => ({ services: ['tower/docker/plex'], ...more });
const at = (day: number, text: string) => ({ day, minute: Number(text.slice(0, 2)) * 60 + Number(text.slice(3)) });

test('patterns fit as hydrad reads them', () => {
  expect(fits('*', 'a/b')).toBe(true);
  expect(fits('*/docker/plex', 'tower/docker/plex')).toBe(true);
  expect(fits('tower/docker/ple?', 'tower/docker/plex')).toBe(true);
  expect(fits('tower/docker/p.ex', 'tower/docker/plex')).toBe(false);
  expect(fits('tower', 'tower/docker/plex')).toBe(false);
  expect(protects({ services: ['x', 'tower/*'] }, 'tower/docker/plex')).toBe(true);
});

test('a rule is worded as one says it', () => {
  expect(whenText(rule())).toBe('Always');
  expect(whenText(rule({ from: '08:00', to: '22:00' }))).toBe('Every day, 08:00 to 22:00');
  expect(whenText(rule({ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '22:00' }))).toBe('Monday to Friday, 08:00 to 22:00');
  expect(whenText(rule({ days: ['sat', 'fri'], from: '22:00', to: '02:00' }))).toBe('Friday and Saturday, 22:00 to 02:00 of the next day');
  expect(whenText(rule({ days: ['sun'] }))).toBe('Sunday, all day');
});

test('hours over midnight belong to the day on which they began', () => {
  const late = rule({ days: ['sun'], from: '22:00', to: '02:00' });
  expect(holdsAt(late, at(6, '22:00'))).toBe(true);
  expect(holdsAt(late, at(0, '01:59'))).toBe(true);
  expect(holdsAt(late, at(0, '02:00'))).toBe(false);
  expect(holdsAt(late, at(6, '01:00'))).toBe(false);
  const daily = rule({ from: '08:00', to: '22:00' });
  expect([at(2, '07:59'), at(2, '08:00'), at(2, '21:59'), at(2, '22:00')].map((t) => holdsAt(daily, t))).toEqual([false, true, true, false]);
  expect(holdsAt(rule({ days: ['tue'] }), at(1, '12:00'))).toBe(true);
});

test('the time is that of the zone', () => {
  expect(wallTimeIn('UTC', 1764000000000)).toEqual({ day: 0, minute: 16 * 60 });
  expect(wallTimeIn('Asia/Tokyo', 1764000000000)).toEqual({ day: 1, minute: 60 });
  expect(wallTimeIn('Nowhere/Else', 0)).toBeNull();
});

test('a search offers nodes, all that runs on them, and what was typed as a pattern', () => {
  expect(patternsOf('tow', ['tower', 'attic']).map((p) => p.id)).toEqual(['tower', 'tower/*']);
  expect(patternsOf('*/plex', ['tower']).map((p) => p.id)).toEqual(['*/plex']);
});
