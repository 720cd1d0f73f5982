// What all charts of a page share: one window of time, one cursor, one frame in which they are drawn. No React.
import { nearestIndex, timeline, type Timeline } from '@/lib/charts';
import type { NodeSeries } from '@/stream/series';

export interface Drawn {
  columns: () => string[]; // what it reads
  drawData: () => void;
  drawCursor: () => void;
  drawColours: () => void;
}

const span = 900_000;
const least = 120_000; // what is shown right after a start, when little is known
const step = 1000;
const silence = 3000; // without samples for so long, time goes on and a hole opens

export type Status = { state: 'live' } | { state: 'paused' | 'zoomed'; at: number };

export class Board {
  private readonly drawn = new Set<Drawn>();
  private readonly listeners = new Set<() => void>();
  private line: Timeline = { t: [], order: [], holes: [] };
  private columns = new Map<string, (number | null)[]>();
  private end = 0;
  private heard = 0; // when the last sample came, on this machine's clock
  private frame = 0;
  private zoomed: [number, number] | null = null;
  private hovered: number | null = null;
  private pinned: number | null = null;
  status: Status = { state: 'live' };
  private away = false; // then the newest sample may be of long ago

  constructor(readonly series: NodeSeries) {}

  /* Follows the samples until the returned function is called. */
  start(): () => void {
    const stop = this.series.subscribe(() => {
      this.heard = performance.now();
      this.schedule();
    });
    const timer = setInterval(() => !document.hidden && performance.now() - this.heard > silence && this.schedule(), 1000);
    const theme = new MutationObserver(() => this.drawn.forEach((d) => d.drawColours()));
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    this.heard = performance.now();
    this.schedule();
    return () => {
      stop();
      clearInterval(timer);
      theme.disconnect();
      cancelAnimationFrame(this.frame);
      this.frame = 0;
    };
  }

  setAway(away: boolean): void {
    this.away = away;
    this.schedule();
  }

  add(d: Drawn): () => void {
    this.drawn.add(d);
    this.schedule(true);
    return () => this.drawn.delete(d);
  }

  subscribe = (l: () => void): (() => void) => {
    this.listeners.add(l);
    return () => this.listeners.delete(l);
  };

  // --- what is shown

  get range(): [number, number] {
    return this.zoomed ?? [Math.max(this.end - span, Math.min(this.line.t[0] ?? this.end, this.end - least)), this.end];
  }
  get times(): number[] {
    return this.line.t;
  }
  get cursor(): number | null {
    return this.pinned ?? this.hovered;
  }
  get isPinned(): boolean {
    return this.pinned !== null;
  }

  /* Where nothing was heard, both open ends included. */
  get holes(): [number, number][] {
    const last = this.line.t.at(-1);
    const open: [number, number][] = last !== undefined && this.end - last > silence ? [[last, this.end]] : [];
    const first = this.line.t[0];
    const before: [number, number][] = first !== undefined && first - this.range[0] > silence ? [[this.range[0], first]] : [];
    return [...before, ...this.line.holes, ...open];
  }

  column(name: string): (number | null)[] {
    return this.columns.get(name) ?? this.line.t.map(() => null);
  }

  /* The sample under the cursor, else the newest. */
  get index(): number {
    return this.cursor === null ? this.line.t.length - 1 : nearestIndex(this.line.t, this.cursor);
  }

  // --- what people do

  hover(at: number | null): void {
    if (this.pinned !== null || at === this.hovered) return;
    this.hovered = at;
    this.drawn.forEach((d) => d.drawCursor());
    this.tell();
    if (at === null) this.schedule();
  }

  pin(at: number | null): void {
    this.pinned = at;
    this.drawn.forEach((d) => d.drawCursor());
    this.tell();
    this.schedule();
  }

  /* By keys: to the next sample, or ten further. */
  stepCursor(samples: number): void {
    const at = this.line.t[Math.min(this.line.t.length - 1, Math.max(0, this.index + samples))];
    if (at !== undefined) this.pin(at);
  }

  zoom(from: number, to: number): void {
    if (to - from < 5 * step) return;
    this.zoomed = [from, to];
    this.drawData();
    this.tell();
  }

  reset(): void {
    this.zoomed = this.pinned = this.hovered = null;
    this.drawn.forEach((d) => d.drawCursor());
    this.tell();
    this.schedule();
  }

  // --- once a frame at most

  private schedule(anew = false): void {
    if (anew) this.columns.clear();
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.cursor === null || !this.columns.size) this.read();
      this.drawData();
    });
  }

  private read(): void {
    const { series } = this;
    this.line = timeline(series.time(), step);
    const quiet = performance.now() - this.heard;
    this.end = (this.line.t.at(-1) ?? Date.now()) + (quiet > silence ? quiet : 0);
    if (this.away) this.end = Math.max(this.end, Date.now());
    this.columns.clear();
    for (const name of new Set([...this.drawn].flatMap((d) => d.columns()))) {
      const values = series.column(name);
      this.columns.set(name, this.line.order.map((i) => (i < 0 ? null : (values[i] ?? null))));
    }
  }

  private drawData(): void {
    if (!document.hidden) this.drawn.forEach((d) => d.drawData());
  }

  private tell(): void {
    const at = this.cursor;
    if (at !== null) this.status = { state: 'paused', at };
    else this.status = this.zoomed ? { state: 'zoomed', at: this.zoomed[0] } : { state: 'live' };
    this.listeners.forEach((l) => l());
  }
}
