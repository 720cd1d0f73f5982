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
