// Lines over time, by weight, for the drawing above a log.
import type { Weight } from './log-levels';

export interface VolumeBar {
  from: number;
  to: number;
  error: number;
  warn: number;
  rest: number;
}

export interface Volume {
  bars: VolumeBar[];
  peak: number;
  from: number;
  to: number;
}

const leastSpan = 30_000;

export function volumeOf(lines: Iterable<{ t: number; weight: Weight }>, count: number): Volume | null {
  const all = [...lines];
  const first = all[0];
  if (!first) return null;
  let from = first.t;
  let to = first.t;
  for (const l of all) {
    if (l.t < from) from = l.t;
    if (l.t > to) to = l.t;
  }
  if (to - from < leastSpan) from = to - leastSpan;
  const width = (to - from) / count;
  const bars = Array.from({ length: count }, (_, i): VolumeBar => ({ from: from + i * width, to: from + (i + 1) * width, error: 0, warn: 0, rest: 0 }));
  for (const { t, weight } of all) {
    const bar = bars[Math.min(count - 1, Math.floor((t - from) / width))];
    if (bar) bar[weight === 'error' || weight === 'warn' ? weight : 'rest']++;
  }
  return { bars, from, to, peak: Math.max(1, ...bars.map((b) => b.error + b.warn + b.rest)) };
}
