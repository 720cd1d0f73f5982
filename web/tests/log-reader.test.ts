import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LogPlace } from '@/api/logs';
import { LogReader, searchLasts } from '@/state/log-reader';

const asked: LogPlace[] = [];
type Answer = { lines?: number; before: string | null; reached: number | null };
let answers: (place: LogPlace) => Answer;
let fresh = 0;

vi.mock('@/api/logs', () => ({
  logStreamUrl: () => '',
  getLogs: (_query: unknown, place: LogPlace) => {
    asked.push(place);
    vi.advanceTimersByTime(place.searchMs ?? 0);
    const { lines = 0, ...rest } = answers(place);
    const made = Array.from({ length: lines }, () => ({ t: 1, service: null, node: 'n', level: null, text: 'x', cursor: `c${fresh++}`, fields: null }));
    return Promise.resolve({ lines: made, after: null, searched_ms: 1, partial: [], ...rest });
  },
}));
vi.mock('@/stream/log-tail', () => ({ openTail: () => ({ send: () => {}, end: () => {} }) }));

const settled = async (r: LogReader): Promise<void> => {
  for (let i = 0; i < 200 && (r.get().phase === 'loading' || r.get().busy); i++) await Promise.resolve();
};
const query = { services: ['n/docker/a'], nodes: [], q: 'x' };

describe('a search back in time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', { hidden: true });
    asked.length = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test('goes on in small steps, says how far it has come, and rests after a while', async () => {
    let n = 100;
    answers = () => ({ before: `b${--n}`, reached: n });
    const r = new LogReader();
    await r.open(query, null);
    expect(r.get().back?.resting).toBe(false);
    await settled(r);
    expect(r.get().busy).toBeNull();
    expect(asked).toHaveLength(1 + searchLasts / 1000);
    expect(asked.map((p) => p.searchMs)).toEqual(asked.map(() => 1000));
    expect(asked[3]?.before).toBe('b97');
    expect(r.get().back).toEqual({ reached: n, resting: true });
    const at = n;
    r.older();
    expect(r.get().back).toEqual({ reached: at, resting: false });
    await settled(r);
    expect(asked[11]?.before).toBe('b89');
    r.stop();
  });

  test('ends where the log begins', async () => {
    answers = (p) => (p.before ? { lines: 2, before: null, reached: null } : { before: 'b', reached: 7 });
    const r = new LogReader();
    await r.open(query, null);
    await settled(r);
    expect(asked).toHaveLength(2);
    expect(r.get().back).toBeNull();
    expect(r.get().window.start).toBe(true);
    expect(r.get().window.lines).toBe(2);
    r.stop();
  });

  test('has enough when a page is full, also in several parts', async () => {
    answers = (p) => (p.before === 'b1' ? { lines: p.limit, before: 'b2', reached: 5 } : { lines: 200, before: 'b1', reached: 7 });
    const r = new LogReader();
    await r.open(query, null);
    await settled(r);
    expect(asked.map((p) => p.limit)).toEqual([500, 500]);
    expect(r.get().back).toBeNull();
    r.older();
    await settled(r);
    expect(asked.map((p) => p.limit)).toEqual([500, 500, 500, 300]);
    r.stop();
  });

  test('takes longer steps where short ones come no further', async () => {
    answers = () => ({ before: 'b', reached: 7 });
    const r = new LogReader();
    await r.open(query, null);
    await settled(r);
    expect(asked.slice(1).map((p) => p.searchMs)).toEqual([1000, 2000, 4000, 8000]);
    r.stop();
  });
});
