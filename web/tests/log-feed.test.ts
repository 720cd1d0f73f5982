import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LogLine } from '@/api/logs';
import { feedBeat, LogFeed, Pending, pieceLines, type FromFeed } from '@/stream/log-feed';

const line = (n: number): LogLine => ({ t: n, service: 's', node: 'n', level: null, text: `${n}`, cursor: `c${n}`, fields: null });
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i));

test('of a flood the newest lines are kept and the rest counted', () => {
  const p = new Pending(10);
  p.add(lines(0, 8), 0);
  p.add(lines(8, 15), 3);
  expect(p.count).toBe(18);
  const { lines: kept, dropped } = p.takeNewest(10);
  expect(kept.map((l) => l.t)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  expect(dropped).toBe(8);
  expect(p.count).toBe(0);
});

test('a beat takes the newest and counts the rest, or the oldest and leaves the rest', () => {
  const p = new Pending(10);
  p.add(lines(0, 8), 2);
  expect(p.takeNewest(3)).toEqual({ lines: lines(5, 8), dropped: 7 });
  p.add(lines(8, 15), 2);
  expect(p.takeOldest(3)).toEqual({ lines: lines(8, 11), dropped: 2 });
  expect(p.takeOldest(9)).toEqual({ lines: lines(11, 15), dropped: 0 });
  p.add(lines(15, 16), 1);
  p.clear();
  expect(p.count).toBe(0);
});

describe('the feed', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const encoder = new TextEncoder();
  const event = (name: string, data: unknown) => encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);

  function start(answers: (() => Response)[]) {
    const posted: FromFeed[] = [];
    const asked: string[] = [];
    const fetch = vi.fn(async (url: string | URL | Request) => {
      asked.push(String(url));
      return answers.shift()?.() ?? new Response(null, { status: 503 });
    });
    const feed = new LogFeed((m) => posted.push(m), { fetch, now: Date.now, random: () => 0 });
    return { feed, posted, asked, said: () => posted.flatMap((m) => (m.type === 'status' ? [m.status.state] : [])) };
  }

  function stream() {
    let control!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (c) => void (control = c) });
    return { answer: () => new Response(body), push: (name: string, data: unknown) => control.enqueue(event(name, data)), end: () => control.close() };
  }

  const settle = () => vi.advanceTimersByTimeAsync(feedBeat);

  test('what comes within a beat goes on in one message', async () => {
    const s = stream();
    const { feed, posted } = start([s.answer]);
    feed.receive({ type: 'open', url: '/x' });
    s.push('log.lines', { lines: lines(0, 2), dropped: 0 });
    s.push('log.lines', { lines: lines(2, 3), dropped: 4 });
    s.push('log.partial', { partial: [{ service: 's', text: 'away' }] });
    await settle();
    await settle();
    expect(posted.filter((m) => m.type === 'lines')).toEqual([{ type: 'lines', lines: lines(0, 3), dropped: 4, opening: true }]);
    expect(posted).toContainEqual({ type: 'partial', partial: [{ service: 's', text: 'away' }] });
    s.push('log.lines', { lines: lines(3, 4) });
    await settle();
    expect(posted.at(-1)).toEqual({ type: 'lines', lines: [line(3)], dropped: 0, opening: false });
    feed.receive({ type: 'close' });
  });

  test('paused, lines are counted and come when it goes on', async () => {
    const s = stream();
    const { feed, posted } = start([s.answer]);
    feed.receive({ type: 'open', url: '/x' });
    feed.receive({ type: 'pause', paused: true });
    s.push('log.lines', { lines: lines(0, 5) });
    await settle();
    await settle();
    expect(posted.at(-1)).toEqual({ type: 'held', count: 5 });
    feed.receive({ type: 'pause', paused: false });
    expect(posted.at(-1)).toMatchObject({ type: 'lines', lines: lines(0, 5) });
    feed.receive({ type: 'close' });
  });

  test('a beat of a flood is its newest lines; a long pause comes in pieces, whole and in order', async () => {
    const s = stream();
    const { feed, posted } = start([s.answer]);
    const told = () => posted.flatMap((m) => (m.type === 'lines' ? [m] : []));
    feed.receive({ type: 'open', url: '/x' });
    s.push('log.lines', { lines: lines(0, pieceLines + 5) });
    await settle();
    await settle();
    expect(told()).toEqual([{ type: 'lines', lines: lines(5, pieceLines + 5), dropped: 5, opening: true }]);
    feed.receive({ type: 'pause', paused: true });
    const [from, to] = [pieceLines + 5, 4 * pieceLines];
    s.push('log.lines', { lines: lines(from, to) });
    await settle();
    feed.receive({ type: 'pause', paused: false });
    for (let i = 0; i < 4; i++) await settle();
    expect(told().length).toBe(4);
    expect(told().slice(1).flatMap((m) => m.lines)).toEqual(lines(from, to));
    expect(told().slice(1).every((m) => m.dropped === 0)).toBe(true);
    feed.receive({ type: 'close' });
  });

  test('a lost connection is opened again', async () => {
    const [a, b] = [stream(), stream()];
    const { feed, posted, said, asked } = start([a.answer, b.answer]);
    feed.receive({ type: 'open', url: '/x' });
    await settle();
    a.end();
    await settle();
    expect(said()).toEqual(['connecting', 'live', 'waiting']);
    await vi.advanceTimersByTimeAsync(1000);
    b.push('log.lines', { lines: lines(0, 1) });
    await settle();
    expect(asked).toEqual(['/x', '/x']);
    expect(posted.at(-1)).toMatchObject({ type: 'lines', opening: true });
    feed.receive({ type: 'close' });
  });

  test('another log is read by the same feed, and nothing of the first', async () => {
    const [a, b] = [stream(), stream()];
    const { feed, posted } = start([a.answer, b.answer]);
    feed.receive({ type: 'open', url: '/a' });
    a.push('log.lines', { lines: lines(0, 1) });
    await vi.advanceTimersByTimeAsync(1);
    feed.receive({ type: 'open', url: '/b' });
    b.push('log.lines', { lines: lines(5, 6) });
    await settle();
    await settle();
    expect(posted.filter((m) => m.type === 'lines')).toEqual([{ type: 'lines', lines: lines(5, 6), dropped: 0, opening: true }]);
    feed.receive({ type: 'close' });
  });

  test('a stream with ids goes on where it was', async () => {
    const asked: (string | null)[] = [];
    const bodies = [stream(), stream()];
    const posted: FromFeed[] = [];
    const fetch = vi.fn(async (_: unknown, init?: RequestInit) => {
      asked.push(new Headers(init?.headers).get('Last-Event-ID'));
      return bodies[asked.length - 1]?.answer() ?? new Response(null, { status: 503 });
    });
    const feed = new LogFeed((m) => posted.push(m), { fetch, now: Date.now, random: () => 0 });
    feed.receive({ type: 'open', url: '/x' });
    bodies[0]?.push('log.lines\nid: 7', { lines: lines(0, 1) });
    await settle();
    bodies[0]?.end();
    await vi.advanceTimersByTimeAsync(1000);
    bodies[1]?.push('log.lines', { lines: lines(1, 2) });
    await settle();
    await settle();
    expect(asked).toEqual([null, '7']);
    expect(posted.at(-1)).toEqual({ type: 'lines', lines: lines(1, 2), dropped: 0, opening: false });
    feed.receive({ type: 'close' });
  });

  test('a refusal ends it, with the server’s words', async () => {
    const refuse = () => new Response(JSON.stringify({ detail: 'Your role may not read logs.' }), { status: 403 });
    const { feed, posted, asked } = start([refuse]);
    feed.receive({ type: 'open', url: '/x' });
    await settle();
    expect(posted.at(-1)).toEqual({ type: 'status', status: { state: 'ended', status: 403, text: 'Your role may not read logs.' } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
  });
});
