// Metric samples: ring buffers outside React and Query. Rows are samples; readers get views and a version that grows.
import type { Vitals, Window } from '@/api/types';

/* A fixed number of samples of several columns on one time axis. Unknown values are NaN: gaps stay gaps. */
export class Ring {
  private readonly times: Float64Array;
  private readonly columns: Float64Array[];
  private head = 0; // where the next sample goes
  size = 0;

  constructor(
    readonly capacity: number,
    width: number,
  ) {
    this.times = new Float64Array(capacity);
    this.columns = Array.from({ length: width }, () => new Float64Array(capacity));
  }

  get width(): number {
    return this.columns.length;
  }

  get last(): number {
    return this.size ? (this.times[(this.head + this.capacity - 1) % this.capacity] ?? 0) : 0;
  }

  /* Samples that are not newer than the last are refused: a replay after a resume changes nothing. */
  push(t: number, values: ArrayLike<number | null | undefined>): boolean {
    if (this.size && t <= this.last) return false;
    this.times[this.head] = t;
    this.columns.forEach((c, i) => (c[this.head] = values[i] ?? NaN));
    this.head = (this.head + 1) % this.capacity;
    this.size = Math.min(this.size + 1, this.capacity);
    return true;
  }

  /* Replaces the values of the last sample. */
  amend(values: ArrayLike<number | null | undefined>): void {
    const at = (this.head + this.capacity - 1) % this.capacity;
    if (this.size) this.columns.forEach((c, i) => (c[at] = values[i] ?? NaN));
  }

  /* Oldest first. */
  time(): number[] {
    return this.unroll(this.times);
  }

  column(i: number): (number | null)[] {
    const c = this.columns[i];
    return c ? this.unroll(c).map((v) => (Number.isNaN(v) ? null : v)) : [];
  }

  private unroll(a: Float64Array): number[] {
    const start = (this.head + this.capacity - this.size) % this.capacity;
    return Array.from({ length: this.size }, (_, i) => a[(start + i) % this.capacity] ?? NaN);
  }
}

type Listener = () => void;

class Topic {
  private readonly listeners = new Set<Listener>();
  version = 0;
  subscribe = (l: Listener): (() => void) => {
    this.listeners.add(l);
    return () => this.listeners.delete(l);
  };
  emit(): void {
    this.version++;
    this.listeners.forEach((l) => l());
  }
}

// --- vitals: a few columns per node, for cards and sparklines
export const vitalColumns = ['cpu', 'mem', 'disk', 'net', 'psi', 'temp'] as const;
export type VitalColumn = (typeof vitalColumns)[number];

export const trendStep = 10_000; // a sparkline point stands for ten seconds
export const trendPoints = 90; // fifteen minutes

interface Bucket {
  t: number;
  n: number;
  sums: number[];
}

export class NodeVitals extends Topic {
  latest: Vitals | null = null;
  private steps = 0; // grows with each step that begins, and when the past changes
  private readonly grids = new Map<VitalColumn, { end: number; steps: number; grid: (number | null)[] }>();
  private bucket: Bucket = { t: 0, n: 0, sums: [] };
  private trend = new Ring(trendPoints, vitalColumns.length);

  push(v: Vitals): void {
    if (this.latest && v.t <= this.latest.t) return;
    this.latest = v;
    this.fold(v.t, vitalRow(v));
    this.emit();
  }

  /* Older samples, from the node's window; live ones that came meanwhile stay. */
  fill(times: number[], rows: (number | null)[][]): void {
    const old = this.trend;
    this.trend = new Ring(trendPoints, vitalColumns.length);
    this.bucket = { t: 0, n: 0, sums: [] };
    const first = old.size ? (old.time()[0] ?? Infinity) : Infinity;
    times.forEach((t, i) => t < first && this.fold(t, rows[i] ?? []));
    old.time().forEach((t, i) => this.fold(t, vitalColumns.map((_, c) => old.column(c)[i] ?? null)));
    this.emit();
  }

  clear(): void {
    this.trend = new Ring(trendPoints, vitalColumns.length);
    this.steps++;
    this.emit();
  }

  column(name: VitalColumn): (number | null)[] {
    return this.trend.column(vitalColumns.indexOf(name));
  }

  times(): number[] {
    return this.trend.time();
  }

  /* The column on a grid of ten seconds that ends now: what is missing is null, also at the end. The same array is
     returned until a step is over, so that a line is drawn anew six times a minute and not with every sample. */
  aligned(name: VitalColumn, now: number): (number | null)[] {
    const end = Math.floor(Math.max(now, this.trend.last) / trendStep);
    const known = this.grids.get(name);
    if (known?.end === end && known.steps === this.steps) return known.grid;
    const grid = this.grid(name, end);
    this.grids.set(name, { end, steps: this.steps, grid });
    return grid;
  }

  private grid(name: VitalColumn, end: number): (number | null)[] {
    const grid: (number | null)[] = Array.from({ length: trendPoints }, () => null);
    const values = this.column(name);
    this.times().forEach((t, i) => {
      const at = trendPoints - 1 - (end - t / trendStep);
      if (at >= 0) grid[at] = values[i] ?? null;
    });
    return grid;
  }

  /* Mean of each ten seconds; the point stands at the bucket's start. */
  private fold(t: number, row: (number | null)[]): void {
    const start = Math.floor(t / trendStep) * trendStep;
    const b = this.bucket;
    if (start !== b.t) {
      this.bucket = { t: start, n: 1, sums: row.map((v) => v ?? NaN) };
      this.steps++;
      this.trend.push(start, this.bucket.sums);
      return;
    }
    b.n++;
    row.forEach((v, i) => (b.sums[i] = (b.sums[i] ?? NaN) + (v ?? NaN)));
    this.trend.amend(b.sums.map((s) => s / b.n));
  }
}

/* What used disk is a part of: df's, which leaves out what is kept for root. */
export const diskRoom = (v: Vitals): number | null => (v.disk_used == null || v.disk_available == null ? v.disk_total : v.disk_used + v.disk_available);

function vitalRow(v: Vitals): (number | null)[] {
  const part = (used: number | null, total: number | null) => (used != null && total ? (used / total) * 100 : null);
  const net = v.net_rx == null && v.net_tx == null ? null : (v.net_rx ?? 0) + (v.net_tx ?? 0);
  const psi = [v.psi_cpu, v.psi_mem, v.psi_io].filter((p) => p != null);
  return [v.cpu, part(v.mem_used, v.mem_total), part(v.disk_used, diskRoom(v)), net, psi.length ? Math.max(...psi) : null, v.temp];
}

// --- metrics: all columns of one node, a row a second, for its page
export interface MetricFrame {
  schema: number;
  t: number;
  v: (number | null)[];
}

export const windowPoints = 900;

export class NodeSeries extends Topic {
  names: string[] = [];
  units: string[] = [];
  schema = -1;
  private ring = new Ring(windowPoints, 0);
  private early: MetricFrame[] = []; // came before the window did

  load(w: Window): void {
    this.schema = w.schema;
    this.names = w.columns.map((c) => c.name);
    this.units = w.columns.map((c) => c.unit);
    this.ring = new Ring(windowPoints, w.columns.length);
    w.t.forEach((t, i) => this.ring.push(t, w.values.map((column) => column[i])));
    this.early.forEach((f) => f.schema === this.schema && this.ring.push(f.t, f.v));
    this.early = [];
    this.emit();
  }

  /* False: the columns have changed and the window must be read again. */
  push(f: MetricFrame): boolean {
    if (f.schema !== this.schema) {
      this.early.push(f);
      if (this.early.length > 60) this.early.shift();
      return this.schema < 0;
    }
    if (this.ring.push(f.t, f.v)) this.emit();
    return true;
  }

  /* What the columns mean is unknown until the next load(); what is drawn stays until then. */
  renew(): void {
    this.schema = -1;
    this.early = [];
    this.emit();
  }

  cut(): void {
    this.names = [];
    this.ring = new Ring(windowPoints, 0);
    this.renew();
  }

  time(): number[] {
    return this.ring.time();
  }

  column(name: string): (number | null)[] {
    return this.ring.column(this.names.indexOf(name));
  }

  latest(name: string): number | null {
    return this.column(name).at(-1) ?? null;
  }
}

// --- one store per page
export class SeriesStore {
  private readonly vitalsOf = new Map<string, NodeVitals>();
  private readonly metricsOf = new Map<string, NodeSeries>();

  vitals(node: string): NodeVitals {
    return getOr(this.vitalsOf, node, () => new NodeVitals());
  }

  metrics(node: string): NodeSeries {
    return getOr(this.metricsOf, node, () => new NodeSeries());
  }

  remove(node: string): void {
    this.vitalsOf.delete(node);
    this.metricsOf.delete(node);
  }

  /* After a resync nothing says what lies between: lines must not be drawn across it. Returns the nodes whose window is
     to be read again. */
  cut(): string[] {
    this.vitalsOf.forEach((v) => v.clear());
    const followed = [...this.metricsOf].filter(([, m]) => m.schema >= 0);
    followed.forEach(([, m]) => m.renew());
    return followed.map(([node]) => node);
  }
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (!value) map.set(key, (value = make()));
  return value;
}

export const series = new SeriesStore();
