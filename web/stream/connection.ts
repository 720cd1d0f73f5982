// One event stream, kept alive: fetch-based, so that it resumes with our own Last-Event-ID; backs off with jitter, obeys
// Retry-After, gives up on a connection whose heartbeats stay away, and ends when the session does.
import { createParser } from 'eventsource-parser';
import type { StreamStatus, WireEvent } from './protocol';

export interface ConnectionHooks {
  events(events: WireEvent[]): void;
  status(status: StreamStatus): void;
}

/* Timers and chance, so that tests need neither. */
export interface Surroundings {
  fetch: typeof fetch;
  now(): number;
  random(): number;
}

type Outcome = { then: 'again'; floor: number; ceiling: number } | { then: 'stop'; why: 'signed-out' | 'forbidden' };

const silenceLimit = 32_000; // two heartbeats of 15 s missed

export class Connection {
  cursor: string | null = null;
  status: StreamStatus = { state: 'idle' };
  private topics: string[] = [];
  private running: AbortController | null = null;
  private wake: (() => void) | null = null;
  private abort: AbortController | null = null;
  private attempt = 0;
  private lost: number | null = null; // when the last live connection ended
  private goodbye = false;

  constructor(
    private readonly hooks: ConnectionHooks,
    private readonly around: Surroundings = { fetch: (...a) => fetch(...a), now: Date.now, random: Math.random },
  ) {}

  start(since: string | null): void {
    this.cursor ??= since;
    if (this.running) return;
    this.running = new AbortController();
    void this.run(this.running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    this.abort?.abort();
    this.wake?.();
    this.attempt = 0;
    this.lost = null;
    this.say({ state: 'idle' });
  }

  /* Another set of topics is another request; the cursor makes the change seamless. */
  setTopics(topics: string[]): void {
    if (topics.join() === this.topics.join()) return;
    this.topics = topics;
    if (this.status.state === 'live' || this.status.state === 'connecting') {
      this.attempt = -1;
      this.abort?.abort();
    }
  }

  retryNow(): void {
    this.attempt = 0;
    this.wake?.();
  }

  private say(status: StreamStatus): void {
    this.status = status;
    this.hooks.status(status);
  }

  private async run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const outcome = await this.connect(stopped);
      if (stopped.aborted) return;
      if (outcome.then === 'stop') {
        this.running = null;
        this.say({ state: 'ended', why: outcome.why });
        return;
      }
      await this.pause(outcome.floor, outcome.ceiling);
    }
  }

  private async connect(stopped: AbortSignal): Promise<Outcome> {
    const started = this.around.now();
    this.goodbye = false;
    this.abort = new AbortController();
    if (this.attempt <= 0 && this.lost === null) this.say({ state: 'connecting', since: started });
    const watchdog = new Watchdog(this.abort, silenceLimit);
    try {
      const answer = await this.request(this.abort.signal);
      const refused = refusal(answer);
      if (refused) return refused;
      if (!answer.body) throw new Error('no body');
      this.attempt = 0;
      this.lost = null;
      this.say({ state: 'live', since: this.around.now(), rtt: this.around.now() - started });
      await this.read(answer.body, watchdog);
    } catch {
      /* a lost connection is the ordinary end of a stream */
    } finally {
      watchdog.end();
    }
    if (!stopped.aborted) this.lost ??= this.around.now();
    return this.goodbye ? { then: 'again', floor: 200, ceiling: 1200 } : this.backOff();
  }

  private request(signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.cursor) headers['Last-Event-ID'] = this.cursor;
    return this.around.fetch(`/api/events/cluster?topics=${this.topics.join(',')}`, { headers, signal, cache: 'no-store' });
  }

  private async read(body: ReadableStream<Uint8Array>, watchdog: Watchdog): Promise<void> {
    let batch: WireEvent[] = [];
    const parser = createParser({
      onEvent: (e) => {
        if (e.id) this.cursor = e.id;
        if (e.event === 'goodbye') this.goodbye = true;
        else batch.push({ id: e.id ?? '', event: e.event ?? 'message', data: e.data });
      },
    });
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watchdog.alive();
      parser.feed(decoder.decode(value, { stream: true }));
      if (batch.length) this.hooks.events(batch);
      batch = [];
    }
  }

  private backOff(): Outcome {
    if (this.attempt < 0) return { then: 'again', floor: 0, ceiling: 0 };
    const ceiling = Math.min(30_000, 1000 * 2 ** this.attempt);
    return { then: 'again', floor: this.attempt === 0 ? 100 : ceiling / 2, ceiling };
  }

  private async pause(floor: number, ceiling: number): Promise<void> {
    const ms = floor + this.around.random() * (ceiling - floor);
    this.attempt = this.attempt < 0 ? 0 : Math.min(this.attempt + 1, 6);
    if (ms <= 0) return;
    const now = this.around.now();
    this.say({ state: 'waiting', since: this.lost ?? now, until: now + ms, attempt: this.attempt });
    await new Promise<void>((done) => {
      const timer = setTimeout(done, ms);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
    this.wake = null;
  }
}

function refusal(answer: Response): Outcome | null {
  if (answer.status === 401) return { then: 'stop', why: 'signed-out' };
  if (answer.status === 403) return { then: 'stop', why: 'forbidden' };
  if (answer.ok) return null;
  const wait = Number(answer.headers.get('Retry-After')) * 1000;
  if (wait > 0) return { then: 'again', floor: wait, ceiling: wait + 2000 };
  throw new Error(`status ${answer.status}`);
}

class Watchdog {
  private timer: ReturnType<typeof setTimeout>;
  constructor(
    private readonly abort: AbortController,
    private readonly limit: number,
  ) {
    this.timer = setTimeout(() => abort.abort(), limit);
  }
  alive(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.abort.abort(), this.limit);
  }
  end(): void {
    clearTimeout(this.timer);
  }
}
