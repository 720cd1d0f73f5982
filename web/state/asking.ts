// What somebody is about to do to a service or a node: asked for anywhere, confirmed in one dialog.
import { create } from 'zustand';
import type { Part } from '@/lib/actions';

export interface Asking {
  ids: string[]; // several: one after another
  kind: 'service' | 'node';
  word: string; // "restart", or a whole verb
  part?: Part & { name: string }; // of the node: a compose project, a process, a mount
  argument?: string; // known already
  effect?: string; // of that argument, in words
}

export const useAsking = create<{ asking: Asking | null; dismissed: ReadonlySet<string> }>(() => ({ asking: null, dismissed: new Set() }));

export const ask = (asking: Asking | null): void => useAsking.setState({ asking });

/* A result that was read is not shown in place again. */
export const dismissJob = (id: string): void => useAsking.setState((s) => ({ dismissed: new Set(s.dismissed).add(id) }));

