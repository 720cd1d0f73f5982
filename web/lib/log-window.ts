// The part of a log that the page holds: so many lines at most, old ones go at one end as new ones come at the other.
// Between lines stand marks: a new day, a long silence, lines left out. Keys are neighbours' numbers, so a key tells its
// place. Pure.

export interface TimedLine {
  t: number;
  cursor: string; // a place to read on from; two answers may name the same line differently
  text: string;
  service: string | null;
}

export type Mark =
  | { type: 'day'; t: number; quiet: number } // quiet: how long nothing came before it
  | { type: 'quiet'; t: number; quiet: number }
  | { type: 'dropped'; count: number; after: string | null } // came faster than they could be read
  | { type: 'gap'; from: number; to: number; after: string }; // the connection was away

export type LineItem<L> = { type: 'line'; key: number; line: L };
export type Item<L> = LineItem<L> | (Mark & { key: number });

export const keptLines = 20_000;
const slack = 2000; // cut in pieces: not for every line
const quietLimit = 30 * 60_000;

export class LogWindow<L extends TimedLine> {
  items: Item<L>[] = [];
  version = 0;
  start = false; // nothing is older
  end = false; // nothing is newer

  constructor(
    private readonly dayOf: (t: number) => string,
    private readonly kept = keptLines,
    private readonly spare = Math.min(slack, kept),
  ) {}

  get firstLine(): L | undefined {
    return this.items.find((i) => i.type === 'line')?.line;
  }

  get lastLine(): L | undefined {
    return this.items.findLast((i) => i.type === 'line')?.line;
  }

  get full(): boolean {
    return this.items.length >= this.kept;
  }

  get lines(): number {
    return this.items.reduce((n, i) => n + (i.type === 'line' ? 1 : 0), 0);
  }

  /* Newer lines, oldest first. The oldest go when there are too many. */
  append(lines: L[], ...marks: Mark[]): void {
    const last = this.lastLine;
    const fresh = last && lines[0]?.cursor === last.cursor ? lines.slice(1) : lines;
    if (!fresh.length && !marks.length) return;
    this.version++;
    const key = this.items.at(-1)?.key ?? -1;
    const added = this.marked(fresh, last, marks);
    numbered(added, key + 1);
    for (const item of added) this.items.push(item);
    if (this.items.length <= this.kept + this.spare) return;
    this.items = this.items.slice(-this.kept);
    this.start = false;
  }

  /* Older lines, oldest first. The newest go when there are too many. */
  prepend(lines: L[]): void {
    const first = this.firstLine;
    const fresh = first && lines.at(-1)?.cursor === first.cursor ? lines.slice(0, -1) : lines;
    if (!fresh.length) return;
    this.version++;
    const older = this.marked(fresh, undefined, []);
    const seam = first && this.between(fresh.at(-1), first);
    if (seam) older.push({ ...seam, key: 0 });
    numbered(older, (this.items[0]?.key ?? 0) - older.length);
    this.items = older.concat(this.items);
    if (this.items.length <= this.kept + this.spare) return;
    this.items = this.items.slice(0, this.kept);
    this.end = false;
  }

  indexOfKey(key: number): number {
    const at = key - (this.items[0]?.key ?? 0);
    return at >= 0 && at < this.items.length ? at : -1;
  }

  indexOfCursor(cursor: string): number {
    return this.items.findIndex((i) => i.type === 'line' && i.line.cursor === cursor);
  }

  /* The first line at or after a time. */
  indexOfTime(t: number): number {
    return this.items.findIndex((i) => i.type === 'line' && i.line.t >= t);
  }

  /* The next line that passes, from beside `from` on; -1: none. */
  seek(from: number, step: 1 | -1, passes: (line: L) => boolean): number {
    for (let i = from + step; i >= 0 && i < this.items.length; i += step) {
      const item = this.items[i];
      if (item?.type === 'line' && passes(item.line)) return i;
    }
    return -1;
  }

  /* The lines of the newest moment, to know again what a stream repeats. */
  newestLines(): L[] {
    const last = this.lastLine;
    const found: L[] = [];
    for (let i = this.items.length - 1; last && i >= 0; i--) {
      const item = this.items[i];
      if (item?.type === 'line' && item.line.t < last.t) break;
      if (item?.type === 'line') found.push(item.line);
    }
    return found;
  }

  private marked(lines: L[], before: L | undefined, marks: Mark[]): Item<L>[] {
    const out = marks.map((m): Item<L> => ({ ...m, key: 0 }));
    let last = before;
    for (const line of lines) {
      const mark = last && this.between(last, line);
      if (mark) out.push({ ...mark, key: 0 });
      out.push({ type: 'line', key: 0, line });
      last = line;
    }
    return out;
  }

  private between(a: L | undefined, b: L): Mark | null {
    if (!a || b.t - a.t < 0) return null;
    const quiet = b.t - a.t >= quietLimit ? b.t - a.t : 0;
    if (b.t - a.t > 1000 && this.dayOf(a.t) !== this.dayOf(b.t)) return { type: 'day', t: b.t, quiet };
    return quiet ? { type: 'quiet', t: b.t, quiet } : null;
  }
}

function numbered(items: { key: number }[], first: number): void {
  for (const [i, item] of items.entries()) item.key = first + i;
}

const sameLine = (l: TimedLine): string => `${l.service} ${l.text}`;

/* What a stream repeats when it begins anew: what is older than the last line that is here, and what is as old and says the
   same. When nothing of the kind comes, there is a gap before its first line. */
export class Resume<L extends TimedLine> {
  private missing: boolean;
  private readonly at: number;
  private readonly known: Set<string>;

  constructor(
    newest: L[], // the lines of the newest moment
    private left: number, // so many lines may be repeats
  ) {
    this.missing = newest.length > 0;
    this.at = newest[0]?.t ?? -Infinity;
    this.known = new Set(newest.map(sameLine));
  }

  /* The lines that are new, and whether some are missing before them. */
  take(lines: L[]): { lines: L[]; gap: boolean } {
    if (this.left <= 0) return { lines, gap: false };
    const fresh = lines.filter((l) => !this.repeats(l));
    this.left -= lines.length;
    const gap = fresh.length > 0 && this.missing;
    if (fresh.length) this.missing = false;
    return { lines: fresh, gap };
  }

  private repeats(line: L): boolean {
    if (line.t > this.at) return false;
    this.missing = false; // it begins before what is here ends
    return line.t < this.at || this.known.has(sameLine(line));
  }
}
