import { expect, test } from 'vitest';
import { healthBars, troubles, withGaps, type Stretch } from '@/lib/history';

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

test('gaps are those in which nobody watched', () => {
  const list = withGaps([stretch(0, 10, 'healthy'), stretch(10, 20, 'down'), stretch(25, 30, 'healthy')]);
  expect(list.map((s) => `${s.from}-${s.to} ${s.known}`)).toEqual(['0-10 true', '10-20 true', '20-25 false', '25-30 true']);
});
