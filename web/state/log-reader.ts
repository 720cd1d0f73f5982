// One log on the page: its window, its live end, paging both ways. What it shows is renewed once a frame, whatever comes.
import { useSyncExternalStore } from 'react';
import { ApiError } from '@/api/client';
import { getLogs, logStreamUrl, type LogLine, type LogPage, type LogTrouble } from '@/api/logs';
import { dayYear } from '@/lib/format';
import type { LogQuery } from '@/lib/log-address';
import { LogWindow, Resume, type Mark } from '@/lib/log-window';
import type { FeedStatus, FromFeed } from '@/stream/log-feed';
import { openTail, type Tail } from '@/stream/log-tail';

export interface LogView {
  window: LogWindow<LogLine>;
  version: number;
  slow: number; // the version at most twice a second: for counts and drawings
  generation: number; // another window altogether
  phase: 'loading' | 'ready' | 'error';
  error: { text: string; requestId?: string } | null;
  following: boolean;
  paused: boolean;
  status: FeedStatus;
  fresh: number; // lines that came while not following
  busy: 'older' | 'newer' | null;
  trouble: { text: string; at: 'older' | 'newer' } | null; // why the last page did not come, and at which end
  back: { reached: number; resting: boolean } | null; // how far back a search came that has not found enough; resting: goes on by hand
  partial: LogTrouble[];
  marked: string | null; // cursor of the line that a link names
}

export const firstLines = 500;
const pageLines = 500;
const aroundLines = 300;
const streamLines = 1000; // what a stream begins with: also the most it can repeat
const slowBeat = 500;
const glance = 1000; // ms of one question to the nodes: so often a search says how far it has come
export const searchLasts = 10_000; // ms, then it goes on by hand

const empty = (): LogWindow<LogLine> => new LogWindow<LogLine>(dayYear);

const initial = (): LogView => ({
  window: empty(),
  version: 0,
  slow: 0,
  generation: 0,
  phase: 'loading',
  error: null,
  following: true,
  paused: false,
  status: { state: 'closed' },
  fresh: 0,
  busy: null,
  trouble: null,
  back: null,
  partial: [],
  marked: null,
});

interface Edge {
  cursor: string;
  first: string | undefined; // cursor of the first line when this was said
}

/* What a page says of a search that has not found enough; null: it has, or there is nothing older. */
function backOf(page: LogPage, limit: number, resting: boolean): LogView['back'] {
  return page.before === null || page.reached === null || page.lines.length >= limit ? null : { reached: page.reached, resting };
}

export class LogReader {
  private view = initial();
  private readonly listeners = new Set<() => void>();
  private query: LogQuery = { services: [], nodes: [] };
  private tail: Tail | null = null;
  private resume: Resume<LogLine> | null = null;
  private lostAt = 0;
  private abort = new AbortController();
  private edge: Edge | null = null; // where a search that found nothing goes on
  private due = false;
  private slowAt = 0;
  private slowTimer: ReturnType<typeof setTimeout> | undefined;

  subscribe = (l: () => void): (() => void) => {
    this.listeners.add(l);
    return () => this.listeners.delete(l);
  };
  get = (): LogView => this.view;

  /* Shows a query's newest lines, or the lines around one. */
  async open(query: LogQuery, cursor: string | null): Promise<void> {
    this.stop();
    this.query = query;
    const { signal } = (this.abort = new AbortController());
    this.change({ phase: 'loading', error: null, following: !cursor && !query.until, fresh: 0, marked: cursor, trouble: null, back: null, partial: [], busy: null, paused: false, status: { state: 'closed' } });
    try {
      const window = empty();
      const partial = cursor ? await this.around(window, cursor, signal) : await this.newest(window, signal);
      if (signal.aborted) return;
      this.change({ window, generation: this.view.generation + 1, phase: 'ready', partial });
      if (window.end) this.goLive();
      if (!cursor && window.lines < firstLines) this.older();
    } catch (e) {
      if (!signal.aborted) this.fail(e);
    }
  }

  /* The page goes, or another log is opened. */
  stop(): void {
    this.abort.abort();
    this.tail?.end();
    this.tail = null;
    this.resume = null;
    clearTimeout(this.slowTimer);
    this.slowTimer = undefined;
  }

  again(): void {
    void this.open(this.query, this.view.marked);
  }

  openAt(cursor: string): void {
    void this.open(this.query, cursor);
  }

  older(): void {
    const { window, busy, phase } = this.view;
    const first = window.firstLine?.cursor;
    const before = this.edge && this.edge.first === first ? this.edge.cursor : first;
    if (busy || window.start || !before || phase !== 'ready') return;
    void this.searchBack(window, before);
  }

  newer(): void {
    const { window, busy, phase } = this.view;
    const last = window.lastLine;
    if (busy || window.end || !last || phase !== 'ready') return;
    void this.page('newer', { after: last.cursor, limit: pageLines }, (page) => {
      window.append(page.lines);
      window.end = page.after === null || !page.lines.length;
      if (window.end) this.goLive();
    });
  }

  /* The cursor of the nearest line beyond the window that the query finds; without one how far was searched, null: to the end. */
  async find(query: LogQuery, step: 1 | -1): Promise<{ cursor: string | null; reached: number | null }> {
    const { window } = this.view;
    const edge = step < 0 ? window.firstLine : window.lastLine;
    if (!edge || (step < 0 ? window.start : window.end)) return { cursor: null, reached: null };
    const page = await getLogs(query, step < 0 ? { before: edge.cursor, limit: 1 } : { after: edge.cursor, limit: 1 }, this.abort.signal);
    return { cursor: page.lines.at(0)?.cursor ?? null, reached: page.reached };
  }

  letGo(): void {
    if (this.view.following) this.change({ following: false, fresh: 0 });
  }

  /* Back to the newest line: scrolled to when it is here, else read anew. */
  follow(): void {
    if (this.view.paused) this.pause(false);
    if (!this.view.window.end) return void this.open({ ...this.query, until: undefined }, null);
    if (!this.view.following) this.change({ following: true, fresh: 0 });
  }

  pause(paused: boolean): void {
    if (paused === this.view.paused || !this.tail) return;
    this.change({ paused, fresh: paused ? 0 : this.view.fresh });
    this.tail.send({ type: 'pause', paused });
  }

  retry(): void {
    this.tail?.send({ type: 'retry' });
  }

  /* A search stops after a while, found or not: the page says where it goes on. */
  private beginsAt(window: LogWindow<LogLine>, page: LogPage): void {
    window.start = page.before === null;
    this.edge = page.before === null ? null : { cursor: page.before, first: window.firstLine?.cursor };
  }

  private async newest(window: LogWindow<LogLine>, signal: AbortSignal): Promise<LogTrouble[]> {
    const page = await getLogs(this.query, { limit: firstLines, searchMs: glance }, signal);
    window.append(page.lines);
    this.beginsAt(window, page);
    this.change({ back: backOf(page, firstLines, false) });
    window.end = true;
    return page.partial;
  }

  /* Neither side's page holds the line itself, so the older side is asked for from the line after it: it ends with the line. */
  private async around(window: LogWindow<LogLine>, cursor: string, signal: AbortSignal): Promise<LogTrouble[]> {
    const later = await getLogs(this.query, { after: cursor, limit: aroundLines }, signal);
    const next = later.lines.find((l) => l.cursor !== cursor);
    const earlier = await getLogs(this.query, next ? { before: next.cursor, limit: aroundLines } : { limit: aroundLines }, signal);
    window.append(earlier.lines);
    const marked = earlier.lines.at(-1)?.cursor ?? null; // under the name that this answer gives it
    window.append(later.lines.filter((l) => l.cursor !== cursor));
    this.beginsAt(window, earlier);
    window.end = later.after === null || !next;
    this.change({ marked });
    return [...later.partial, ...earlier.partial];
  }

  /* Until there are enough lines, the log begins, or it has taken its time. Where a question came no further it may take longer. */
  private async searchBack(window: LogWindow<LogLine>, from: string): Promise<void> {
    const { signal } = this.abort;
    const ends = performance.now() + searchLasts;
    let place = { before: from, limit: pageLines, searchMs: glance };
    let reached = this.view.back?.reached ?? Infinity;
    this.change({ busy: 'older', back: this.view.back && { ...this.view.back, resting: false } });
    try {
      for (;;) {
        const page = await getLogs(this.query, place, signal);
        if (signal.aborted) return;
        window.prepend(page.lines);
        this.beginsAt(window, page);
        const back = backOf(page, place.limit, performance.now() >= ends);
        const goesOn = back !== null && !back.resting;
        this.change({ busy: goesOn ? 'older' : null, trouble: null, partial: page.partial, back });
        if (!goesOn || page.before === null) return;
        const searchMs = back.reached < reached ? glance : Math.min(2 * place.searchMs, searchLasts);
        place = { before: page.before, limit: place.limit - page.lines.length, searchMs };
        reached = back.reached;
      }
    } catch (e) {
      if (!signal.aborted) this.failed('older', e);
    }
  }

  private failed(at: 'older' | 'newer', e: unknown): void {
    this.change({ busy: null, trouble: { text: e instanceof Error ? e.message : 'The lines did not come.', at } });
  }

  /* What did not come, once more. */
  ask(at: 'older' | 'newer'): void {
    this.change({ trouble: null });
    if (at === 'older') this.older();
    else this.newer();
  }

  private async page(busy: 'newer', place: { after: string; limit: number }, take: (p: LogPage) => void): Promise<void> {
    const { signal } = this.abort;
    this.change({ busy });
    try {
      const page = await getLogs(this.query, place, signal);
      if (signal.aborted) return;
      take(page);
      this.change({ busy: null, trouble: null, partial: page.partial });
    } catch (e) {
      if (!signal.aborted) this.failed(busy, e);
    }
  }

  private goLive(): void {
    if (this.query.until !== undefined) return;
    const { window } = this.view;
    this.expectRepeats(window);
    if (this.tail) return this.tail.send({ type: 'open', url: logStreamUrl(this.query, streamLines) });
    this.tail = openTail((m) => this.receive(m));
    this.tail.send({ type: 'open', url: logStreamUrl(this.query, streamLines) });
  }

  private expectRepeats(window: LogWindow<LogLine>): void {
    this.resume = new Resume(window.newestLines(), streamLines);
    this.lostAt = window.lastLine?.t ?? 0;
  }

  private receive(m: FromFeed): void {
    if (m.type === 'status') this.onStatus(m.status);
    else if (m.type === 'partial') this.change({ partial: m.partial });
    else if (m.type === 'held') this.change({ fresh: m.count });
    else this.arrived(m.lines, m.dropped, m.opening);
  }

  private onStatus(status: FeedStatus): void {
    this.change({ status });
  }

  /* While the reader is elsewhere the window grows until it is full; then lines are only counted. */
  private arrived(all: LogLine[], dropped: number, opening: boolean): void {
    const { window, following, fresh } = this.view;
    if (opening && window.end) this.expectRepeats(window);
    const { lines, gap } = this.resume?.take(all) ?? { lines: all, gap: false };
    if (!lines.length && !dropped) return;
    if (!following && window.full) window.end = false;
    if (window.end) window.append(lines, ...this.marks(gap, dropped, lines[0]?.t ?? 0));
    this.change(following ? {} : { fresh: fresh + lines.length + dropped });
  }

  private marks(gap: boolean, dropped: number, to: number): Mark[] {
    const after = this.view.window.lastLine?.cursor ?? null;
    if (dropped > 0) return [{ type: 'dropped', count: dropped, after }];
    return gap && after ? [{ type: 'gap', from: this.lostAt, to, after }] : [];
  }

  private fail(e: unknown): void {
    const text = e instanceof Error ? e.message : 'The log could not be read.';
    this.change({ phase: 'error', error: { text, requestId: e instanceof ApiError ? e.problem.request_id : undefined } });
  }

  private change(part: Partial<LogView>): void {
    this.view = { ...this.view, ...part };
    if (this.due) return;
    this.due = true;
    if (document.hidden) setTimeout(this.tell, slowBeat);
    else requestAnimationFrame(this.tell);
  }

  private tell = (): void => {
    this.due = false;
    const version = this.view.window.version + this.view.generation * 1e9;
    this.view = { ...this.view, version };
    if (version !== this.view.slow) this.renewSlow();
    this.listeners.forEach((l) => l());
  };

  private renewSlow(): void {
    const wait = this.slowAt + slowBeat - performance.now();
    if (wait <= 0) {
      this.slowAt = performance.now();
      this.view = { ...this.view, slow: this.view.version };
    } else
      this.slowTimer ??= setTimeout(() => {
        this.slowTimer = undefined;
        this.change({});
      }, wait);
  }
}

export const useLogView = (reader: LogReader): LogView => useSyncExternalStore(reader.subscribe, reader.get, reader.get);
