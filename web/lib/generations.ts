// Generations of NixOS as the dashboard words them. Pure.
import { tabHref } from './node-tabs';

export interface Generation {
  number: number;
  version: string;
  path: string;
  current: boolean; // starts next time
  booted: boolean;
  running: boolean;
}

/* What a roll-back goes to: the one before the current. */
export function previousOf<G extends Generation>(list: G[]): G | undefined {
  const current = list.find((g) => g.current);
  return current && list.filter((g) => g.number < current.number).toSorted((a, b) => b.number - a.number)[0];
}

/* The one that a generation is compared with: the next older one that is still there. */
export const olderThan = <G extends Generation>(list: G[], number: number): G | undefined => list.filter((g) => g.number < number).toSorted((a, b) => b.number - a.number)[0];

export function badges(g: Generation): { tone: 'ok' | 'accent' | 'plain'; text: string }[] {
  if (g.current && g.running && g.booted) return [{ tone: 'ok', text: 'Current' }];
  return [
    ...(g.running ? [{ tone: 'ok', text: 'Running' } as const] : []),
    ...(g.current ? [{ tone: 'accent', text: 'Starts next time' } as const] : []),
    ...(g.booted ? [{ tone: 'plain', text: 'Booted' } as const] : []),
  ];
}

export const diffHref = (node: string, from: number, to: number): string => `${tabHref(node, 'system')}&from=${from}&to=${to}`;

export const nameOfPath = (list: Generation[], path: string): string => {
  const g = list.find((x) => x.path === path);
  return g ? String(g.number) : 'the system before';
};

// --- a switch under way
export type Phase = 'armed' | 'activating' | 'booting' | 'waiting' | 'confirming' | 'rolling-back' | 'confirmed' | 'rolled-back';
export const isOver = (p: Phase): boolean => p === 'confirmed' || p === 'rolled-back';

export interface Step {
  phase: Phase;
  text: string;
  state: 'done' | 'now' | 'next';
}

const words: Record<Phase, string> = {
  armed: 'The way back stands',
  activating: 'Its services are started, stopped and restarted',
  booting: 'The machine starts anew',
  waiting: 'Hydra looks whether all is well',
  confirming: 'It is made the one that starts next time',
  'rolling-back': 'The old one comes back',
  confirmed: 'Confirmed',
  'rolled-back': 'Rolled back',
};

const forward = (reboot: boolean): Phase[] => ['armed', reboot ? 'booting' : 'activating', 'waiting', 'confirming', 'confirmed'];
const back = (reboot: boolean): Phase[] => ['armed', reboot ? 'booting' : 'activating', 'rolling-back', 'rolled-back'];

export function stepsOf(phase: Phase, reboot: boolean): Step[] {
  const way = phase === 'rolling-back' || phase === 'rolled-back' ? back(reboot) : forward(reboot);
  const at = way.indexOf(phase);
  return way.map((p, i) => ({ phase: p, text: words[p], state: i < at || isOver(phase) ? 'done' : i === at ? 'now' : 'next' }));
}

// --- what changed
export interface Change {
  name: string;
  from: string[];
  to: string[];
}

export const versionsText = (c: Change): string => [c.from.join(', '), c.to.join(', ')].filter(Boolean).join(' → ');

export interface Units {
  stop: string[];
  start: string[];
  restart: string[];
  reload: string[];
}
export const touched = (u: Units): number => u.stop.length + u.start.length + u.restart.length + u.reload.length;
