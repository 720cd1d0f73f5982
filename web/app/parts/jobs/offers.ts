'use client';
import { useQuery } from '@tanstack/react-query';
import { Brush, CircleDot, CirclePause, CirclePlay, CircleStop, CircleX, Download, Eraser, FilePen, Link, Lock, LockOpen, Power, RefreshCw, RotateCw, Trash2, Unlink, type LucideIcon } from 'lucide-react';
import { useMemo } from 'react';
import type { Action } from '@/api/types';
import { actionsQuery, recentJobsQuery } from '@/api/keys';
import { firstAction, permissionOf, wordOf } from '@/lib/actions';
import { underWay } from '@/lib/jobs';
import { ask, type Asking } from '@/state/asking';
import { useCommands, type Command } from '@/state/commands';
import { useMay, useMayAny } from '@/state/session';

const icons: Record<string, LucideIcon> = {
  start: CirclePlay,
  stop: CircleStop,
  restart: RotateCw,
  reload: RefreshCw,
  pause: CirclePause,
  unpause: CirclePlay,
  kill: CircleX,
  update: Download,
  rename: FilePen,
  remove: Trash2,
  mask: Lock,
  unmask: LockOpen,
  'reset-failed': Brush,
  reboot: RotateCw,
  'power-off': Power,
  up: CirclePlay,
  down: CircleStop,
  pull: Download,
  remount: RefreshCw,
  connect: Link,
  disconnect: Unlink,
  'truncate-log': Eraser,
  on: Power,
  soft: CircleStop,
  off: CircleX,
  cycle: RotateCw,
  reset: RefreshCw,
};
export const actionIcon = (a: Action): LucideIcon => icons[a.argument ?? wordOf(a.verb)] ?? CircleDot;

const needed = { service: ['service:restart', 'service:update'], node: ['node:reboot'], project: ['service:update'], process: ['process:signal'], mount: ['service:restart'] } as const;
const nothing: Action[] = [];
const isInMenu = (kind: 'service' | 'node', a: Action): boolean => kind === 'service' || a.verb.startsWith('machine.') && a.verb !== 'machine.wake'; // the others have places of their own

export interface Offers {
  first: Action | undefined;
  rest: Action[]; // with those that are not allowed there
  busy: string | null; // what is being done to it: nothing else begins until that is over
  run: (a: Action) => void;
}

/* What this role may do to it now; nothing is asked for by those who may nothing. Its commands join palette and keys. */
export function useOffers(kind: 'service' | 'node', id: string, name: string, about: { looping?: boolean; managed?: boolean } = {}): Offers {
  const may = useMayAny(needed[kind]) && about.managed !== false;
  const actions = useQuery({ ...actionsQuery(id), enabled: may }).data ?? nothing;
  const busy = useQuery({ ...recentJobsQuery({ service: id }), enabled: may && kind === 'service', retry: false, select: underWay }).data ?? null; // of a node the server knows what can't run beside what
  const looping = !!about.looping;
  useCommands(
    useMemo(
      () => actions.filter((a) => a.allowed && isInMenu(kind, a)).map((a): Command => ({ id: `do ${a.verb} ${a.argument ?? ''}`, title: `${a.label} ${name}`, group: 'On this page', keys: wordOf(a.verb) === 'restart' ? 'r' : undefined, run: () => ask({ ids: [id], kind, word: a.verb, argument: a.argument ?? undefined }) })),
      [actions, name, id, kind],
    ),
  );
  return useMemo(() => {
    const first = kind === 'service' ? firstAction(actions, looping) : undefined;
    return { first, rest: actions.filter((a) => a !== first && isInMenu(kind, a)), busy, run: (a: Action) => ask({ ids: [id], kind, word: a.verb, argument: a.argument ?? undefined }) };
  }, [actions, looping, busy, id, kind]);
}

/* One of a node, for a button of its own; undefined until it is known to be offered to this role. */
export function useOffer(node: string, verb: string): Action | undefined {
  const may = useMay(permissionOf(verb));
  return useQuery({ ...actionsQuery(node), enabled: may, select: (all) => all.find((a) => a.verb === verb) }).data;
}

/* Of a part of a node: a compose project, a process, a mount. Asked for when they are looked at. */
export function usePartOffers(node: string, part: NonNullable<Asking['part']>): { known: boolean; offers: Offers } {
  const may = useMayAny(needed[part.kind]);
  const { data } = useQuery({ ...actionsQuery(node, part), enabled: may });
  const busy = useQuery({ ...recentJobsQuery({ node }), enabled: may, retry: false, select: (jobs) => underWay(jobs.filter((j) => j.target === part.target)) }).data ?? null;
  const run = (a: Action) => ask({ ids: [node], kind: 'node', word: a.verb, part });
  return { known: !may || !!data, offers: { first: undefined, rest: data ?? nothing, busy, run } };
}
