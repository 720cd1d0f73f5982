// Which charts a node has, made from the names of its columns, and how their axes read. Pure.
import { join, memory, number, percent, rate, temperature, type Quantity } from './format';

export type Colour = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
export type ChartUnit = 'percent' | 'memory' | 'rate' | 'temperature';

export interface ChartLine {
  name: string;
  columns: string[]; // more than one are summed
  colour: Colour;
}

export interface ChartSpec {
  key: string;
  title: string;
  unit: ChartUnit;
  lines: ChartLine[]; // four at most
  max: number | null; // null: grows in steps
  threshold?: number;
  choice?: { label: string; options: string[] }; // of interfaces, of disks
}

export interface ChartFacts {
  memoryTotal: number;
  swapTotal: number; // 0: it has none
  virtual: ReadonlySet<string>; // interfaces whose traffic is counted elsewhere
  gpus: { id: string; name: string; memory: number }[];
  critical: number | null; // °C at which the first sensor throttles
}

const mostLines = 4;
const line = (name: string, column: string | string[], colour: Colour): ChartLine => ({ name, columns: [column].flat(), colour });

/* "net.eth0.rx" → eth0. Names of things may contain dots. */
function things(names: string[], family: string, field: string): string[] {
  const [head, tail] = [`${family}.`, `.${field}`];
  return names.filter((n) => n.startsWith(head) && n.endsWith(tail)).map((n) => n.slice(head.length, -tail.length));
}

function cpuChart(names: string[]): ChartSpec {
  const more = [names.includes('cpu.system') && line('System', 'cpu.system', 6), names.includes('cpu.iowait') && line('Disk wait', 'cpu.iowait', 7)];
  return { key: 'cpu', title: 'CPU', unit: 'percent', max: 100, lines: [line('All', 'cpu', 1), ...more.filter((l) => l !== false)] };
}

function memoryChart(names: string[], { memoryTotal, swapTotal }: ChartFacts): ChartSpec {
  const lines = [line('Used', 'mem.used', 2), line('Cache', 'mem.cache', 8)];
  if (swapTotal > 0 && names.includes('swap.used')) lines.push(line('Swap', 'swap.used', 4));
  return { key: 'memory', title: 'Memory', unit: 'memory', max: memoryTotal, lines };
}

export const everything = '';

/* One thing's two directions, or the sum of all. */
function flow(key: string, title: string, list: string[], chosen: string, fields: [string, string, Colour][], label: string): ChartSpec | null {
  if (!list.length) return null;
  const of = chosen !== everything && list.includes(chosen) ? [chosen] : list;
  const lines = fields.map(([name, field, colour]) => line(name, of.map((x) => `${key}.${x}.${field}`), colour));
  return { key, title, unit: 'rate', max: null, lines, choice: list.length > 1 ? { label, options: list } : undefined };
}

function networkChart(names: string[], virtual: ReadonlySet<string>, chosen: string): ChartSpec | null {
  const all = things(names, 'net', 'rx');
  const real = all.filter((n) => !virtual.has(n));
  const fields: [string, string, Colour][] = [['In', 'rx', 6], ['Out', 'tx', 4]];
  const spec = flow('net', 'Network', real.length && !virtual.has(chosen) ? real : all, chosen, fields, 'Interface');
  return spec && all.length > 1 ? { ...spec, choice: { label: 'Interface', options: all } } : spec;
}

const diskChart = (names: string[], chosen: string): ChartSpec | null =>
  flow('disk', 'Disks', things(names, 'disk', 'read'), chosen, [['Read', 'read', 5], ['Write', 'write', 3]], 'Disk');

const gpuColours: Colour[] = [1, 7, 2, 5];

/* A legend has little room: what all cards of a maker are called is left out, and equal ones are told apart by their number. */
export function gpuName(gpus: ChartFacts['gpus'], id: string, i: number): string {
  const g = gpus.find((x) => x.id === id) ?? gpus[i];
  if (!g) return `GPU ${id}`;
  const short = g.name.replace(/^(NVIDIA|AMD|Intel) /, '').replace(/^(GeForce|Radeon) /, '');
  return gpus.filter((x) => x.name === g.name).length > 1 ? `${short} ${g.id}` : short;
}

function gpuCharts(names: string[], gpus: ChartFacts['gpus']): ChartSpec[] {
  const ids = things(names, 'gpu', 'util').slice(0, mostLines);
  if (!ids.length) return [];
  const lines = (field: string) => ids.map((id, i) => line(gpuName(gpus, id, i), `gpu.${id}.${field}`, gpuColours[i] ?? 8));
  const largest = Math.max(0, ...gpus.map((g) => g.memory));
  return [
    { key: 'gpu', title: 'GPU use', unit: 'percent', max: 100, lines: lines('util') },
    { key: 'vram', title: 'GPU memory', unit: 'memory', max: largest || null, lines: lines('mem') },
  ];
}

const heatColours: Colour[] = [4, 2, 6, 8];

/* GPUs keep their colour; the sensors of the machine take what is left of four lines. */
function heatChart(names: string[], { critical, gpus }: ChartFacts): ChartSpec | null {
  const hot = things(names, 'gpu', 'temp').slice(0, 2);
  const cards = hot.map((id, i) => line(gpuName(gpus, id, i), `gpu.${id}.temp`, gpuColours[i] ?? 8));
  const rest = names.filter((n) => n.startsWith('temp.')).map((n, i) => line(n.slice(5), n, heatColours[i] ?? 8));
  const lines = [...rest, ...cards].length > mostLines ? [...rest.slice(0, mostLines - cards.length), ...cards] : [...rest, ...cards];
  return lines.length ? { key: 'heat', title: 'Temperature', unit: 'temperature', max: 100, lines, threshold: critical ?? undefined } : null;
}

function pressureChart(names: string[]): ChartSpec | null {
  const all: [string, string, Colour][] = [['CPU', 'psi.cpu', 1], ['Memory', 'psi.memory', 2], ['Disks', 'psi.io', 5]];
  const lines = all.filter(([, column]) => names.includes(column)).map(([name, column, colour]) => line(name, column, colour));
  return lines.length ? { key: 'psi', title: 'Pressure', unit: 'percent', max: null, lines } : null;
}

export interface Chosen {
  net: string;
  disk: string;
}

export function chartsOf(names: string[], facts: ChartFacts, chosen: Chosen): ChartSpec[] {
  if (!names.length) return [];
  return [
    cpuChart(names),
    memoryChart(names, facts),
    networkChart(names, facts.virtual, chosen.net),
    diskChart(names, chosen.disk),
    ...gpuCharts(names, facts.gpus),
    heatChart(names, facts),
    pressureChart(names),
  ].filter((c) => c !== null);
}

// --- numbers

const formats: Record<ChartUnit, (v: number | null) => Quantity> = {
  percent,
  memory,
  rate,
  temperature,
};

export const valueText = (unit: ChartUnit, v: number | null): string => join(formats[unit](v));

/* The top of an axis that grows: 1, 2 or 5 times a power of ten above the highest value. */
export function niceMax(peak: number, least: number): number {
  const p = Math.max(peak, least);
  const power = 10 ** Math.floor(Math.log10(p));
  return [1, 2, 5, 10].map((m) => m * power).find((m) => m >= p) ?? p;
}

export const leastMax: Record<ChartUnit, number> = { percent: 10, memory: 2 ** 30, rate: 10_000, temperature: 100 };

/* Three ticks, the unit once: "0", "64", "128 GB". */
export function axisLabels(unit: ChartUnit, max: number): [string, string, string] {
  const full = formats[unit](max);
  const zero = unit === 'temperature' ? temperature(0).value : '0';
  const half = unit === 'temperature' ? temperature(max / 2).value : number(parse(full.value) / 2);
  return [zero, half, join(full)];
}

/* What format.number wrote. */
function parse(text: string): number {
  const factor = text.endsWith('M') ? 1e6 : text.endsWith('k') ? 1e3 : 1;
  return Number(text.replace(/[,kM]/g, '')) * factor;
}

// --- time

export interface Timeline {
  t: number[];
  order: number[]; // index of the sample, -1 where a hole begins
  holes: [number, number][];
}

/* Holes in the samples become nulls, so that no line is drawn across them. */
export function timeline(times: number[], step: number): Timeline {
  const t: number[] = [];
  const order: number[] = [];
  const holes: [number, number][] = [];
  times.forEach((at, i) => {
    const before = times[i - 1];
    if (before !== undefined && at - before > step * 2.5) {
      holes.push([before, at]);
      t.push(before + step);
      order.push(-1);
    }
    t.push(at);
    order.push(i);
  });
  return { t, order, holes };
}

/* Index of the value nearest to `at`; -1 when there is none. */
export function nearestIndex(t: number[], at: number): number {
  if (!t.length) return -1;
  let low = 0;
  let high = t.length - 1;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((t[mid] ?? 0) < at) low = mid + 1;
    else high = mid;
  }
  const before = Math.max(0, low - 1);
  return Math.abs((t[before] ?? 0) - at) < Math.abs((t[low] ?? 0) - at) ? before : low;
}

const tickSteps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600].map((s) => s * 1000);
const mostTicks = 7;

/* Round times, few enough to read: at most `most` of them. */
export function timeTicks(from: number, to: number, most = mostTicks): number[] {
  const step = tickSteps.find((s) => (to - from) / s <= most) ?? 900_000;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, i) => first + i * step);
}

/* Sum of columns; unknown only where all are. */
export function sum(columns: (number | null)[][]): (number | null)[] {
  if (columns.length === 1) return columns[0] ?? [];
  return (columns[0] ?? []).map((_, i) => columns.reduce<number | null>((s, c) => (c[i] == null ? s : (s ?? 0) + c[i]), null));
}

/* Means over equal stretches, for the table: newest first. */
export function means(t: number[], values: (number | null)[], step: number): [number, number | null][] {
  const groups = new Map<number, number[]>();
  t.forEach((at, i) => {
    const start = Math.floor(at / step) * step;
    const list = groups.get(start) ?? [];
    if (values[i] != null) list.push(values[i]);
    groups.set(start, list);
  });
  return [...groups].map(([at, list]): [number, number | null] => [at, list.length ? list.reduce((a, b) => a + b, 0) / list.length : null]).reverse();
}
