import { expect, test } from 'vitest';
import { healthBars, troubles, type Stretch } from '@/lib/history';

const stretch = (from: number, to: number, state: Stretch['state'], reason: string | null = null): Stretch => ({ from, to, state, reason });
const past = [stretch(20, 50, 'healthy'), stretch(50, 52, 'down', 'refused'), stretch(52, 60, 'degraded'), stretch(60, 100, 'healthy')];

test('each bar shows the worst in it, and what was not watched as such', () => {
  const bars = healthBars(past, 0, 100, 10);
  expect(bars.map((b) => (b.known ? b.state : '-'))).toEqual(['-', '-', 'healthy', 'healthy', 'healthy', 'down', 'healthy', 'healthy', 'healthy', 'healthy']);
  expect(bars[5]).toMatchObject({ reason: 'refused', from: 50, to: 60 });
});

test('a border belongs to one bar', () => {
  expect(healthBars(past, 40, 60, 2).map((b) => b.state)).toEqual(['healthy', 'down']);
});

test('no history is all unknown', () => {
  expect(healthBars([], 0, 10, 2).every((b) => !b.known)).toBe(true);
});

test('troubles, newest first', () => {
  expect(troubles(past).map((t) => t.state)).toEqual(['degraded', 'down']);
});
