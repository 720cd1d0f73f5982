// The live end of a log, read in a worker: what comes within a tenth of a second goes to the page in one message. Of a flood that is the
// newest of each beat, for a page that takes more than anyone could read has no time left to answer; what is left out is counted. What
// was held back on purpose comes in pieces, all of it.
import { createParser } from 'eventsource-parser';
import type { LogLine, LogTrouble } from '@/api/logs';
import { keptLines } from '@/lib/log-window';

export type ToFeed = { type: 'open'; url: string } | { type: 'pause'; paused: boolean } | { type: 'retry' } | { type: 'close' };

export type FeedStatus =
  | { state: 'connecting' | 'live' | 'closed' }
  | { state: 'waiting'; until: number }
  | { state: 'ended'; status: number; text: string };

export type FromFeed =
  | { type: 'lines'; lines: LogLine[]; dropped: number; opening: boolean } // dropped: left out before these; opening: of a new connection
  | { type: 'held'; count: number } // waiting while paused
  | { type: 'partial'; partial: LogTrouble[] }
  | { type: 'status'; status: FeedStatus };

export const feedBeat = 100;
export const pieceLines = 1000; // of one message
const silenceLimit = 32_000; // two heartbeats of 15 s missed
const longestWait = 30_000;

interface Surroundings {
  fetch: typeof fetch;
  now(): number;
  random(): number;
}

/* Lines until the next message. */
export class Pending {
  private lines: LogLine[] = [];
  private dropped = 0;

  constructor(private readonly most = keptLines) {}

  get count(): number {
    return this.lines.length + this.dropped;
  }

  add(lines: LogLine[], dropped: number): void {
    this.dropped += dropped;
    this.lines = this.lines.length ? this.lines.concat(lines) : lines;
    const over = this.lines.length - this.most;
    if (over <= 0) return;
    this.lines = this.lines.slice(over);
    this.dropped += over;
  }

  /* The newest; what is older is left out. */
  takeNewest(most: number): { lines: LogLine[]; dropped: number } {
    const over = Math.max(0, this.lines.length - most);
    const all = { lines: over ? this.lines.slice(over) : this.lines, dropped: this.dropped + over };
    this.clear();
    return all;
  }

  /* The oldest; the others wait. */
  takeOldest(most: number): { lines: LogLine[]; dropped: number } {
    const piece = { lines: this.lines.slice(0, most), dropped: this.dropped };
    this.lines = this.lines.slice(most);
    this.dropped = 0;
    return piece;
  }

  clear(): void {
    this.lines = [];
    this.dropped = 0;
  }
}

export class LogFeed {
  private readonly pending = new Pending();
  private paused = false;
  private held = 0; // lines of a pause that has ended, still to be handed on
  private opening = false;
  private last: string | null = null; // id to go on from
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped: AbortController | null = null;
  private abort: AbortController | null = null;
  private wake = () => {};
  private attempt = 0;

  constructor(
    private readonly post: (m: FromFeed) => void,
    private readonly around: Surroundings = { fetch: (...a) => fetch(...a), now: Date.now, random: Math.random },
  ) {}

  receive(m: ToFeed): void {
    if (m.type === 'open') void this.run(m.url);
    else if (m.type === 'retry') this.wake();
    else if (m.type === 'pause') {
      this.paused = m.paused;
      this.held = m.paused ? 0 : this.pending.count;
      this.flush();
    } else this.close();
  }

  private close(): void {
    this.stopped?.abort();
    this.abort?.abort();
    this.wake();
    clearTimeout(this.timer);
    this.timer = undefined;
    this.held = 0;
    this.pending.clear();
  }

  private say(status: FeedStatus): void {
    this.post({ type: 'status', status });
  }

  private async run(url: string): Promise<void> {
    this.close();
    const stopped = (this.stopped = new AbortController()).signal;
    this.last = null;
    while (!stopped.aborted) {
      const ended = await this.connect(url, stopped);
      if (stopped.aborted) return;
      if (ended) return this.say(ended);
      await this.pause();
    }
  }

  /* A refusal that another try would not change, else null. */
  private async connect(url: string, stopped: AbortSignal): Promise<FeedStatus | null> {
    this.abort = new AbortController();
    const giveUp = () => this.abort?.abort();
    let watchdog = setTimeout(giveUp, silenceLimit);
    this.say({ state: 'connecting' });
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream', ...(this.last && { 'Last-Event-ID': this.last }) };
      const answer = await this.around.fetch(url, { headers, signal: this.abort.signal, cache: 'no-store' });
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return { state: 'ended', status: answer.status, text: await detailOf(answer) };
      if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
      this.attempt = 0;
      this.opening = !this.last; // with it nothing is repeated
      this.say({ state: 'live' });
      await this.read(answer.body, () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(giveUp, silenceLimit);
      });
    } catch {
      /* a lost connection is the ordinary end of a stream */
    } finally {
      clearTimeout(watchdog);
      if (!stopped.aborted) this.flush();
    }
    return null;
  }

  private async read(body: ReadableStream<Uint8Array>, alive: () => void): Promise<void> {
    const parser = createParser({
      onEvent: (e) => {
        if (e.id) this.last = e.id;
        this.event(e.event ?? '', e.data);
      },
    });
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  private event(name: string, data: string): void {
    if (name === 'log.partial') return this.post({ type: 'partial', partial: partialOf(data) });
    if (name !== 'log.lines') return;
    const { lines, dropped }: { lines: LogLine[]; dropped?: number } = JSON.parse(data);
    this.pending.add(lines, dropped ?? 0);
    this.timer ??= setTimeout(() => this.flush(), feedBeat);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.pending.count) return;
    if (this.paused) return this.post({ type: 'held', count: this.pending.count });
    const piece = this.held > 0 ? this.pending.takeOldest(pieceLines) : this.pending.takeNewest(pieceLines);
    this.held -= piece.lines.length + piece.dropped;
    this.post({ type: 'lines', ...piece, opening: this.opening });
    this.opening = false;
    if (this.pending.count) this.timer = setTimeout(() => this.flush(), feedBeat);
  }

  private pause(): Promise<void> {
    const most = Math.min(longestWait, 1000 * 2 ** this.attempt);
    const ms = most / 2 + (this.around.random() * most) / 2;
    this.attempt = Math.min(this.attempt + 1, 6);
    this.say({ state: 'waiting', until: this.around.now() + ms });
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}

function partialOf(data: string): LogTrouble[] {
  const value: { partial?: LogTrouble[] } | LogTrouble[] = JSON.parse(data);
  return Array.isArray(value) ? value : (value.partial ?? []);
}

async function detailOf(answer: Response): Promise<string> {
  const problem: { detail?: string } | null = await answer.json().catch(() => null);
  return problem?.detail ?? `The server answered ${answer.status} without saying why.`;
}
