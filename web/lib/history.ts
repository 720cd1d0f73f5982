// A health history as bars of equal time: each shows the worst that was in it.
import { stateRank, type ServiceState } from './states';

export interface Stretch {
  from: number;
  to: number;
  state: ServiceState;
  reason: string | null;
}

export interface HealthBar extends Stretch {
  known: boolean; // false: Hydra did not watch then
}

/* Worst first; "unknown" is worse than "unchecked" but says less than a real problem. */
export function healthBars(history: Stretch[], from: number, to: number, n: number): HealthBar[] {
  const step = (to - from) / n;
  return Array.from({ length: n }, (_, i) => {
    const start = from + i * step;
    const end = start + step;
    const worst = history.filter((h) => h.to > start && h.from < end).sort((a, b) => stateRank(a.state) - stateRank(b.state))[0];
    return { from: start, to: end, state: worst?.state ?? 'unknown', reason: worst?.reason ?? null, known: !!worst };
  });
}

/* The stretches and, between them, those in which Hydra did not watch. */
export function withGaps(history: Stretch[]): (Stretch & { known: boolean })[] {
  return history.flatMap((h, i) => {
    const next = history[i + 1];
    const known = { ...h, known: true };
    return next && next.from > h.to ? [known, { from: h.to, to: next.from, state: 'unknown' as const, reason: null, known: false }] : [known];
  });
}

/* The last stretches that were not well, newest first: what the bars are about, in words. */
export function troubles(history: Stretch[]): Stretch[] {
  return history.filter((h) => h.state === 'down' || h.state === 'degraded').sort((a, b) => b.from - a.from);
}
