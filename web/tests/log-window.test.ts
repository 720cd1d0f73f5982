import { describe, expect, test } from 'vitest';
import { LogWindow, Resume, type TimedLine } from '@/lib/log-window';

type L = TimedLine;
const line = (n: number, t = n): L => ({ t, cursor: `c${n}`, text: `${n}`, service: null });
const lines = (from: number, to: number): L[] => Array.from({ length: to - from }, (_, i) => line(from + i));
const dayOf = (t: number) => String(Math.floor(t / 86_400_000));
const open = (kept = 100, spare = 10) => new LogWindow<L>(dayOf, kept, spare);
const cursors = (w: LogWindow<L>) => w.items.map((i) => (i.type === 'line' ? i.line.cursor : i.type));
const keys = (w: LogWindow<L>) => w.items.map((i) => i.key);

describe('the window', () => {
  test('keys are neighbours both ways', () => {
    const w = open();
    w.append(lines(10, 13));
    w.prepend(lines(7, 10));
    w.append(lines(13, 14));
    expect(cursors(w)).toEqual(['c7', 'c8', 'c9', 'c10', 'c11', 'c12', 'c13']);
    expect(keys(w)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    expect(w.indexOfKey(0)).toBe(3);
    expect(w.indexOfKey(9)).toBe(-1);
  });

  test('the line at the seam is not there twice', () => {
    const w = open();
    w.append(lines(5, 8));
    w.append(lines(7, 9));
    w.prepend(lines(3, 6));
    expect(cursors(w)).toEqual(['c3', 'c4', 'c5', 'c6', 'c7', 'c8']);
  });

  test('old lines go as new ones come, and the beginning is no longer here', () => {
    const w = open();
    w.start = w.end = true;
    w.append(lines(0, 110));
    expect(w.items).toHaveLength(110);
    expect(w.start).toBe(true);
    w.append(lines(110, 111));
    expect(w.items).toHaveLength(100);
    expect(w.firstLine?.cursor).toBe('c11');
    expect([w.start, w.end]).toEqual([false, true]);
    expect(keys(w)[0]).toBe(11);
  });

  test('new lines go as old ones come, and the end is no longer here', () => {
    const w = open();
    w.end = true;
    w.append(lines(100, 200));
    w.prepend(lines(80, 100));
    expect(w.items).toHaveLength(100);
    expect(w.lastLine?.cursor).toBe('c179');
    expect(w.end).toBe(false);
  });

  test('a million lines pass through and the window stays as it is', () => {
    const w = new LogWindow<L>(() => 'today');
    for (let i = 0; i < 200; i++) w.append(lines(i * 5000, (i + 1) * 5000));
    expect(w.items.length).toBeLessThanOrEqual(22_000);
    expect(w.lastLine?.cursor).toBe('c999999');
    for (let at = 999_999 - w.items.length + 1; at > 0; at -= 5000) w.prepend(lines(Math.max(0, at - 5000), at));
    expect(w.firstLine?.cursor).toBe('c0');
    expect(w.items.length).toBeLessThanOrEqual(22_000);
  }, 60_000);

  test('a new day and a long silence are marked, at the seam of pages too', () => {
    const day = 86_400_000;
    const w = open();
    w.append([line(1, day - 1000), line(2, day + 5000), line(3, day + 3_600_000)]);
    expect(cursors(w)).toEqual(['c1', 'day', 'c2', 'quiet', 'c3']);
    w.prepend([line(0, day - 7_200_000)]);
    expect(cursors(w)).toEqual(['c0', 'quiet', 'c1', 'day', 'c2', 'quiet', 'c3']);
    expect(w.items[1]).toMatchObject({ type: 'quiet', quiet: 7_199_000 });
    expect(w.lines).toBe(4);
  });

  test('lines out of order make no mark', () => {
    const w = open();
    w.append([line(1, 90_000_000), line(2, 1000)]);
    expect(cursors(w)).toEqual(['c1', 'c2']);
  });

  test('marks stand before the lines they speak of', () => {
    const w = open();
    w.append(lines(0, 1));
    w.append(lines(1, 2), { type: 'dropped', count: 7, after: 'c0' });
    expect(cursors(w)).toEqual(['c0', 'dropped', 'c1']);
  });

  test('seeking passes marks and ends', () => {
    const w = open();
    w.append(lines(0, 3));
    w.append(lines(3, 5), { type: 'dropped', count: 1, after: 'c2' });
    expect(w.seek(2, 1, () => true)).toBe(4);
    expect(w.seek(4, -1, () => true)).toBe(2);
    expect(w.seek(0, -1, () => true)).toBe(-1);
    expect(w.seek(-1, 1, (l) => l.cursor === 'c4')).toBe(5);
    expect([w.indexOfCursor('c3'), w.indexOfTime(4), w.indexOfTime(99)]).toEqual([4, 5, -1]);
    w.append([line(9, 4)]);
    expect(w.newestLines().map((l) => l.cursor)).toEqual(['c9', 'c4']);
  });
});

describe('a stream that begins anew', () => {
  const resume = (newest: L[], left = 10) => new Resume<L>(newest, left);
  test('repeats are left out, over several messages', () => {
    const r = resume([line(3)]);
    expect(r.take(lines(1, 3))).toEqual({ lines: [], gap: false });
    expect(r.take(lines(3, 6))).toEqual({ lines: lines(4, 6), gap: false });
  });
  test('a line is known again under another cursor, one beside it is not', () => {
    const again = { ...line(3), cursor: 'other' };
    expect(resume([line(3)]).take([again, line(8, 3), line(9)])).toEqual({ lines: [line(8, 3), line(9)], gap: false });
  });
  test('nothing as old as the last line: a gap, said once', () => {
    const r = resume([line(3)]);
    expect(r.take(lines(50, 52))).toEqual({ lines: lines(50, 52), gap: true });
    expect(r.take(lines(52, 53))).toEqual({ lines: lines(52, 53), gap: false });
  });
  test('nothing here yet: everything is new', () => expect(resume([]).take(lines(1, 3))).toEqual({ lines: lines(1, 3), gap: false }));
  test('after so many lines nothing is looked up', () => {
    const r = resume([line(1)], 1);
    r.take(lines(1, 2));
    expect(r.take(lines(1, 2)).lines).toHaveLength(1);
  });
});
