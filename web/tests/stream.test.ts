import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Hub, type Port } from '@/stream/hub';
import { compareIds, type FromWorker, type StreamStatus } from '@/stream/protocol';

type Answer = Response | (() => Response);

interface Asked {
  url: string;
  lastId: string | null;
  signal: AbortSignal;
}

/* Answers in turn; the last one again and again. */
function server(...answers: Answer[]) {
  const asked: Asked[] = [];
  const fetch = vi.fn(async (url: string | URL | Request, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    asked.push({ url: String(url), lastId: headers.get('Last-Event-ID'), signal: init?.signal as AbortSignal });
    const next = answers[Math.min(asked.length, answers.length) - 1];
    if (!next) throw new TypeError('no server');
    return abortable(typeof next === 'function' ? next() : next, init?.signal ?? undefined);
  });
  return { asked, around: { fetch: fetch as typeof globalThis.fetch, now: Date.now, random: () => 0.5 } };
}

/* As in a browser: an aborted request breaks its body. */
const abortable = (r: Response, signal?: AbortSignal) =>
  r.body ? new Response(r.body.pipeThrough(new TransformStream(), { signal }), r) : r;

function body() {
  let push: (text: string) => void = () => {};
  let end: () => void = () => {};
  const stream = new ReadableStream<Uint8Array>({
    start(c) {
      push = (text) => c.enqueue(new TextEncoder().encode(text));
      end = () => c.close();
    },
  });
  return { response: new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } }), push: (t: string) => push(t), end: () => end() };
}

function tab() {
  const said: FromWorker[] = [];
  const port: Port = { postMessage: (m) => said.push(m) };
  const states = () => said.flatMap((m) => (m.type === 'status' ? [m.status.state] : []));
  const events = () => said.flatMap((m) => (m.type === 'events' ? m.events.map((e) => `${e.id} ${e.event} ${e.data}`) : []));
  const last = (): StreamStatus => said.flatMap((m) => (m.type === 'status' ? [m.status] : [])).at(-1) ?? { state: 'idle' };
  return { port, states, events, last };
}

const hello = (topics: string[], since: string | null = null) => ({ type: 'hello' as const, topics, since, lock: 'x' });
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test.each([
  ['5-9', '5-10', -1],
  ['5-10', '5-10', 0],
  ['6-1', '5-10', 1],
  ['1763999999999-2', '1763999999999-1', 1],
])('order of %s and %s', (a, b, sign) => expect(Math.sign(compareIds(a, b))).toBe(sign));

describe('connection', () => {
  test('starts from the snapshot and hands events on, in one message per chunk', async () => {
    const b = body();
    const s = server(b.response);
    const hub = new Hub(s.around);
    const t = tab();
    hub.receive(t.port, hello(['state', 'feed'], '1-5'));
    await settle();
    b.push('id: 1-6\nevent: a\ndata: {"x":1}\n\nid: 1-7\nevent: b\ndata: 2\n\n: heartbeat\n\n');
    await settle();
    expect(s.asked[0]).toMatchObject({ url: '/api/events/cluster?topics=feed,state', lastId: '1-5' });
    expect(t.events()).toEqual(['1-6 a {"x":1}', '1-7 b 2']);
    expect(t.last().state).toBe('live');
  });

  test('resumes from the last event after a break, with a pause', async () => {
    const b = body();
    const s = server(b.response, () => body().response);
    const hub = new Hub(s.around);
    const t = tab();
    hub.receive(t.port, hello(['state'], '1-5'));
    await settle();
    b.push('id: 1-8\nevent: a\ndata: 1\n\n');
    await settle();
    b.end();
    await settle();
    expect(t.last()).toMatchObject({ state: 'waiting', attempt: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(s.asked.map((a) => a.lastId)).toEqual(['1-5', '1-8']);
    expect(t.last().state).toBe('live');
  });

  test('waits longer each time, at most half a minute', async () => {
    const s = server(() => new Response(null, { status: 500 }));
    const hub = new Hub(s.around);
    const t = tab();
    hub.receive(t.port, hello(['state'], '1-1'));
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      await settle();
      const now = t.last();
      if (now.state !== 'waiting') throw new Error(`expected to wait, is ${now.state}`);
      waits.push(now.until - Date.now());
      await vi.advanceTimersByTimeAsync(now.until - Date.now());
    }
    expect(waits).toEqual([550, 1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500]);
  });

  test('obeys Retry-After', async () => {
    const s = server(new Response(null, { status: 503, headers: { 'Retry-After': '7' } }));
    const t = tab();
    new Hub(s.around).receive(t.port, hello(['state'], '1-1'));
    await settle();
    const now = t.last();
    expect(now.state === 'waiting' && now.until - Date.now()).toBe(8000);
  });

  test.each([[401, 'signed-out'], [403, 'forbidden']])('%s ends it: %s', async (status, why) => {
    const s = server(new Response(null, { status }));
    const t = tab();
    new Hub(s.around).receive(t.port, hello(['state'], '1-1'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(t.last()).toEqual({ state: 'ended', why });
    expect(s.asked).toHaveLength(1);
  });

  test('comes back soon after a goodbye', async () => {
    const b = body();
    const s = server(b.response, () => body().response);
    const t = tab();
    new Hub(s.around).receive(t.port, hello(['state'], '1-1'));
    await settle();
    b.push('event: goodbye\ndata: {}\n\n');
    b.end();
    await vi.advanceTimersByTimeAsync(1200);
    expect(s.asked).toHaveLength(2);
    expect(t.events()).toEqual([]);
  });

  test('gives up on silence after two missed heartbeats', async () => {
    const b = body();
    const s = server(b.response, () => body().response);
    const t = tab();
    new Hub(s.around).receive(t.port, hello(['state'], '1-1'));
    await vi.advanceTimersByTimeAsync(15_000);
    b.push(': heartbeat\n\n');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(s.asked[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1500);
    expect(s.asked[0]?.signal.aborted).toBe(true);
  });
});

describe('hub', () => {
  test('tabs share one connection, with the union of their topics, until the last one leaves', async () => {
    const s = server(() => body().response);
    const hub = new Hub(s.around);
    const [a, b] = [tab(), tab()];
    hub.receive(a.port, hello(['state'], '1-1'));
    await settle();
    hub.receive(b.port, hello(['state'], null));
    await settle();
    expect(s.asked).toHaveLength(1);
    expect(b.last().state).toBe('live');
    hub.receive(b.port, { type: 'topics', topics: ['state', 'metrics/tower'] });
    await vi.advanceTimersByTimeAsync(50);
    expect(s.asked[0]?.signal.aborted).toBe(true);
    hub.receive(a.port, { type: 'bye' });
    hub.detach(b.port);
    await settle();
    expect(s.asked.every((x) => x.signal.aborted)).toBe(true);
    expect(s.asked.at(-1)?.url).toContain('metrics/tower');
  });
});
