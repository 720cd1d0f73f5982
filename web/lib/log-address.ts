// What the address of a log holds, so that it can be sent to somebody: sources, search, level, time, and a line.

/* What is asked for; sources are ids of services and of nodes. */
export interface LogQuery {
  services: string[];
  nodes: string[];
  q?: string;
  regex?: boolean;
  level?: string;
  since?: number;
  until?: number;
}

export const ranges = { '15m': 15 * 60_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 7 * 86_400_000 } as const;
export type Range = keyof typeof ranges;

export interface LogAddress {
  services: string[];
  nodes: string[];
  q: string;
  regex: boolean;
  context: boolean; // lines that don't match are shown, too
  level: string;
  range: Range | null;
  from: number | null;
  to: number | null;
  line: string | null; // cursor of the line to show among its neighbours
}

export const noAddress: LogAddress = { services: [], nodes: [], q: '', regex: false, context: false, level: '', range: null, from: null, to: null, line: null };

const isRange = (r: string | null): r is Range => r !== null && Object.hasOwn(ranges, r);
const time = (v: string | null): number | null => (v && /^\d{1,15}$/.test(v) ? Number(v) : null);

export function readAddress(p: URLSearchParams): LogAddress {
  const range = p.get('range');
  return {
    services: p.getAll('service'),
    nodes: p.getAll('node'),
    q: p.get('q') ?? '',
    regex: p.get('regex') === '1',
    context: p.get('context') === '1',
    level: p.get('level') ?? '',
    range: isRange(range) ? range : null,
    from: time(p.get('from')),
    to: time(p.get('to')),
    line: p.get('line'),
  };
}

export function writeAddress(a: LogAddress): string {
  const p = new URLSearchParams();
  a.services.forEach((s) => p.append('service', s));
  a.nodes.forEach((n) => p.append('node', n));
  const set = (name: string, v: string | null) => v && p.set(name, v);
  set('q', a.q);
  set('regex', a.regex ? '1' : null);
  set('context', a.context ? '1' : null);
  set('level', a.level);
  set('range', a.range);
  set('from', a.from?.toString() ?? null);
  set('to', a.to?.toString() ?? null);
  set('line', a.line);
  return p.toString().replaceAll('%2F', '/').replaceAll('%3A', ':');
}

export const logsHref = (a: Partial<LogAddress>): string => {
  const q = writeAddress({ ...noAddress, ...a });
  return q ? `/logs?${q}` : '/logs';
};

/* What the server is asked for. A search in context filters nothing: it is marked in the page. */
export function queryOf(a: LogAddress, now: number): LogQuery {
  const search = a.context || !a.q ? {} : { q: a.q, regex: a.regex };
  const since = a.range ? now - ranges[a.range] : (a.from ?? undefined);
  return { services: a.services, nodes: a.nodes, ...search, level: a.level || undefined, since, until: a.range ? undefined : (a.to ?? undefined) };
}

/* The same query with the search in it. */
export const searchQuery = (query: LogQuery, q: string, regex: boolean): LogQuery => ({ ...query, q, regex });

export const isBare = (a: LogAddress): boolean => !a.services.length && !a.nodes.length;

const mostFirst = 8; // services at once, for those who may read no whole node

/* What is read when nothing was chosen: what every node writes, or of those who may read services alone, the first of these. */
export function firstSources(sources: { kind: string; service: string }[]): Pick<LogAddress, 'services' | 'nodes'> {
  const nodes = sources.filter((s) => s.kind === 'node').map((s) => s.service);
  return nodes.length ? { services: [], nodes } : { services: sources.slice(0, mostFirst).map((s) => s.service), nodes: [] };
}
