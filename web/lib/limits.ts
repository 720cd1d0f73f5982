// Where somebody may act, as the limits of the session say it. The server decides; this is for what is drawn. Pure.
import { fits } from './guard';

/* A service or a node. `labels`: undefined while they are not known. */
export interface Spot {
  node: string | null;
  group?: string;
  labels?: { key: string; value: string }[];
}

function fitsOne(limit: string, s: Spot): boolean | undefined {
  const [kind, rest = ''] = cut(limit, ':');
  if (kind === 'node') return s.node !== null && fits(rest, s.node);
  if (kind === 'group') return s.group !== undefined && fits(rest, s.group);
  const [key, value = ''] = cut(rest, '=');
  return s.labels?.some((l) => l.key === key && fits(value, l.value));
}

const cut = (text: string, at: string): [string, string?] => {
  const i = text.indexOf(at);
  return i < 0 ? [text] : [text.slice(0, i), text.slice(i + 1)];
};

/* Undefined: a label decides it, and the labels are not known. */
export function limitsFit(limits: string, spot: Spot): boolean | undefined {
  if (!limits) return true;
  const all = limits.split(',').filter(Boolean).map((l) => fitsOne(l, spot));
  return all.includes(true) ? true : all.includes(undefined) ? undefined : false;
}

/* What limits narrow; the rest holds everywhere. */
const limited = new Set(['services:write', 'processes:read', 'nodes:write', 'service:restart', 'service:update', 'node:reboot', 'process:signal', 'generation:switch', 'logs:read', 'node:reach']);

export const mayThere = ({ permissions, limits }: { permissions: string[]; limits: string }, permission: string, spot: Spot): boolean | undefined =>
  permissions.includes(permission) && (limited.has(permission) ? limitsFit(limits, spot) : true);

/* Whether there is any group for whose sake something can be added by hand. */
export const mayAdd = ({ permissions, limits }: { permissions: string[]; limits: string }): boolean => permissions.includes('services:write') && (!limits || limits.split(',').some((l) => l.startsWith('group:')));
