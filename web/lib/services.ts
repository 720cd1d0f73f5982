// How the list of services is filtered, grouped and folded. Pure: the screen hands in what it knows.
import { groupBy } from './group';
import { matches } from './match';
import { stateRank, type ServiceState } from './states';

export type ServiceKind = 'container' | 'unit' | 'process' | 'manual';
export type Grouping = 'purpose' | 'project' | 'node' | 'kind' | 'state';
export type Sort = 'name' | 'state' | 'latency' | 'cpu' | 'memory';

/* What of a service decides where it stands. */
export interface Listed {
  id: string;
  name: string;
  display: string;
  group: string;
  node: string | null;
  kind: ServiceKind;
  engine: string;
  project: string | null;
  state: ServiceState;
  hidden: boolean;
  manual: boolean;
  ports: number[];
  latency_ms: number | null;
  cpu: number | null;
  memory: number | null;
}

export interface ServiceFilter {
  text: string;
  state: ServiceState | '';
  group: string;
  kind: ServiceKind | '';
  node: string;
}

export const noFilter: ServiceFilter = { text: '', state: '', group: '', kind: '', node: '' };
export const isFiltered = (f: ServiceFilter): boolean => Object.values(f).some(Boolean);

export const kindWord: Record<ServiceKind, string> = { container: 'Container', unit: 'systemd unit', process: 'Process', manual: 'Added by hand' };

const inText = (s: Listed, text: string): boolean => !text || matches(text, s.display, s.name, s.group, s.project, s.node, s.kind, s.engine, s.ports.map((p) => `:${p}`).join(' '));

/* All but the state: its counts are shown beside the choice of state. */
export function withinReach(services: Listed[], f: ServiceFilter): Listed[] {
  return services.filter((s) => (!f.group || s.group === f.group) && (!f.kind || s.kind === f.kind) && (!f.node || s.node === f.node) && inText(s, f.text));
}

export type StateCounts = Record<ServiceState, number>;

export function countStates(services: Listed[]): StateCounts {
  const counts: StateCounts = { healthy: 0, unchecked: 0, degraded: 0, down: 0, unknown: 0, working: 0, stopped: 0 };
  for (const s of services) if (!s.hidden) counts[s.state]++;
  return counts;
}

/* Plumbing that is well: units that no integration knows. A failed one stands with the others. */
const quiet = new Set<ServiceState>(['healthy', 'unchecked', 'stopped']);
export const isPlumbing = (s: Listed): boolean => s.kind === 'unit' && s.group === 'System' && quiet.has(s.state);

export interface Open {
  system: boolean;
  hidden: boolean;
}

export interface GroupHead {
  type: 'head';
  key: string;
  title: string;
  total: number;
  bad: number;
  project?: ProjectRef; // the group is a compose project
}
export interface Fold {
  type: 'fold';
  key: keyof Open;
  total: number;
  open: boolean;
}
export type Line = GroupHead | Fold | { type: 'row'; key: string };

export interface ProjectRef {
  node: string;
  target: string; // ENGINE/PROJECT
  name: string;
}

/* The same name on two machines, or two engines, is two projects. */
const projectOf = (s: Listed): ProjectRef | undefined => (s.project && s.node ? { node: s.node, target: `${s.engine}/${s.project}`, name: s.project } : undefined);
const outside = 'No project';

const groupOf: Record<Grouping, (s: Listed) => string> = {
  purpose: (s) => s.group,
  project: (s) => (projectOf(s) ? `${s.project} ${s.node} ${s.engine}` : outside),
  node: (s) => s.node ?? 'Elsewhere',
  kind: (s) => s.kind,
  state: (s) => s.state,
};

export const isBad = (s: ServiceState): boolean => s === 'down' || s === 'degraded';

function section(title: string, key: string, list: Listed[], project?: ProjectRef): Line[] {
  const head: GroupHead = { type: 'head', key: `group ${key}`, title, total: list.length, bad: list.filter((s) => isBad(s.state)).length, ...(project && { project }) };
  return [head, ...rows(list)];
}

const rows = (list: Listed[]): Line[] => list.map((s) => ({ type: 'row', key: s.id }));

function folded(key: keyof Open, list: Listed[], open: boolean): Line[] {
  if (!list.length) return [];
  return [{ type: 'fold', key, total: list.length, open }, ...(open ? rows(list) : [])];
}

export interface Arrangement {
  grouping: Grouping;
  sort: Sort;
  title: (group: string) => string;
  open: Open;
}

/* Groups with their rows; below them what is folded. A filter that asks for folded things shows them. */
export function arrange(services: Listed[], f: ServiceFilter, a: Arrangement): Line[] {
  const found = withinReach(services, f)
    .filter((s) => !f.state || s.state === f.state)
    .sort(comparing(a.sort));
  const asked = !!f.text || f.group === 'System';
  const hidden = found.filter((s) => s.hidden);
  const system = found.filter((s) => !s.hidden && !asked && isPlumbing(s));
  const shown = found.filter((s) => !s.hidden && (asked || !isPlumbing(s)));
  const groups = groupBy(shown, groupOf[a.grouping]).sort(byGroup(a.grouping));
  return [...groups.flatMap(([key, list]) => part(a, key, list)), ...folded('system', system, a.open.system), ...folded('hidden', hidden, a.open.hidden)];
}

function part(a: Arrangement, key: string, list: Listed[]): Line[] {
  const project = a.grouping === 'project' && list[0] ? projectOf(list[0]) : undefined;
  return section(project?.name ?? a.title(key), key, list, project);
}

const nameOrder = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function byGroup(grouping: Grouping): (a: [string, Listed[]], b: [string, Listed[]]) => number {
  if (grouping === 'state') return ([a], [b]) => stateRank(a as ServiceState) - stateRank(b as ServiceState);
  if (grouping === 'project') return ([a], [b]) => Number(a === outside) - Number(b === outside) || nameOrder.compare(a, b);
  return ([a], [b]) => nameOrder.compare(a, b);
}

/* Largest first, unknown last; names decide between equals. */
function comparing(sort: Sort): (a: Listed, b: Listed) => number {
  const byName = (a: Listed, b: Listed) => nameOrder.compare(a.display, b.display) || nameOrder.compare(a.id, b.id);
  if (sort === 'name') return byName;
  if (sort === 'state') return (a, b) => stateRank(a.state) - stateRank(b.state) || byName(a, b);
  const value = (s: Listed) => (sort === 'latency' ? s.latency_ms : s[sort]) ?? -1;
  return (a, b) => value(b) - value(a) || byName(a, b);
}

/* The row that is `step` rows away; heads and folds are passed over. */
export function neighbour(lines: Line[], from: string | null, step: 1 | -1): string | null {
  const keys = lines.filter((l) => l.type === 'row').map((l) => l.key);
  const at = from === null ? -1 : keys.indexOf(from);
  if (at < 0) return (step > 0 ? keys[0] : keys.at(-1)) ?? null;
  return keys[Math.min(keys.length - 1, Math.max(0, at + step))] ?? null;
}
