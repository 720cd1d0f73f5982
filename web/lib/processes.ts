// The order of the process table: settled, so that a row can be read and clicked.
import { matches } from './match';

export type ProcessSort = 'cpu' | 'memory' | 'gpu' | 'name';

export interface ProcessRow {
  pid: number;
  name: string;
  command: string;
  user: string;
  cpu: number;
  memory: number;
  gpu_memory: number | null;
}

const compare: Record<ProcessSort, (a: ProcessRow, b: ProcessRow) => number> = {
  cpu: (a, b) => b.cpu - a.cpu || b.memory - a.memory,
  memory: (a, b) => b.memory - a.memory,
  gpu: (a, b) => (b.gpu_memory ?? 0) - (a.gpu_memory ?? 0) || b.memory - a.memory,
  name: (a, b) => a.name.localeCompare(b.name) || a.pid - b.pid,
};

export const orderOf = (rows: ProcessRow[], sort: ProcessSort): number[] => rows.toSorted(compare[sort]).map((r) => r.pid);

/* Rows in a settled order; who is new stands below, who is gone leaves. */
export function settled<T extends ProcessRow>(rows: T[], order: number[], text: string): T[] {
  const place = new Map(order.map((pid, i) => [pid, i]));
  return rows
    .filter((r) => !text || matches(text, r.name, r.command, r.user, String(r.pid)))
    .sort((a, b) => (place.get(a.pid) ?? order.length) - (place.get(b.pid) ?? order.length));
}

interface Linked {
  pid: number;
  parent: number;
  kernel: boolean;
}

export interface Branch<P> {
  process: P;
  depth: number;
  children: number; // below it, all together
}

/* Parents before their children, children in the order of their numbers. What is folded keeps its children to itself; a search shows
   what matches and the way to it. Whose parent is not known stands at the top. */
export function branches<P extends Linked>(all: P[], { folded, kernel, fits }: { folded: ReadonlySet<number>; kernel: boolean; fits: ((p: P) => boolean) | null }): Branch<P>[] {
  const shown = kernel ? all : all.filter((p) => !p.kernel);
  const known = new Set(shown.map((p) => p.pid));
  const below = new Map<number, P[]>();
  for (const p of shown) {
    const parent = known.has(p.parent) && p.parent !== p.pid ? p.parent : 0;
    below.set(parent, [...(below.get(parent) ?? []), p]);
  }
  const walk = (parent: number, depth: number): { rows: Branch<P>[]; total: number } => {
    const parts = (below.get(parent) ?? [])
      .toSorted((a, b) => a.pid - b.pid)
      .map((process) => ({ process, under: walk(process.pid, depth + 1) }))
      .filter(({ process, under }) => !fits || fits(process) || under.total > 0);
    return {
      rows: parts.flatMap(({ process, under }) => [{ process, depth, children: under.total }, ...(folded.has(process.pid) && !fits ? [] : under.rows)]),
      total: parts.reduce((n, { under }) => n + 1 + under.total, 0),
    };
  };
  return walk(0, 0).rows;
}

/* "/usr/bin/redis-server *:6379": the folder of the program, and what says which one it is. */
export function commandParts(command: string): [folder: string, rest: string] {
  const folder = /^\/\S*\/(?=\S)/.exec(command)?.[0] ?? '';
  return [folder, command.slice(folder.length)];
}
