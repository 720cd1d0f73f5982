// All services for lists that filter and group by state: renders again when one changes its state or place, not when its
// numbers do.
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useMemo, useSyncExternalStore } from 'react';
import { serviceQuery, servicesQuery } from '@/api/keys';
import type { Service } from '@/api/types';

/* Counts changes of state of any service. One per client. */
class StateChanges {
  private readonly known = new Map<string, Service['state']>();
  private readonly listeners = new Set<() => void>();
  private told = true;
  version = 0;

  constructor(client: QueryClient) {
    client.getQueryCache().subscribe(({ type, query }) => {
      if (type !== 'updated' || query.queryKey[0] !== 'service') return;
      const s: Service | undefined = query.state.data;
      if (s && this.known.get(s.id) !== s.state) this.changed(s);
    });
  }

  subscribe = (l: () => void): (() => void) => {
    this.listeners.add(l);
    return () => this.listeners.delete(l);
  };

  private changed(s: Service): void {
    this.known.set(s.id, s.state);
    this.version++;
    if (!this.told) return;
    this.told = false;
    queueMicrotask(() => {
      this.told = true;
      this.listeners.forEach((l) => l());
    });
  }
}

const changesOf = new WeakMap<QueryClient, StateChanges>();

function stateChanges(client: QueryClient): StateChanges {
  let changes = changesOf.get(client);
  if (!changes) changesOf.set(client, (changes = new StateChanges(client)));
  return changes;
}

/* Undefined until the first snapshot. */
export function useServices(): Service[] | undefined {
  const client = useQueryClient();
  const refs = useQuery(servicesQuery()).data;
  const changes = stateChanges(client);
  const version = useSyncExternalStore(
    changes.subscribe,
    () => changes.version,
    () => 0,
  );
  return useMemo(
    () => refs?.flatMap((r) => client.getQueryData(serviceQuery(r.id).queryKey) ?? []),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the version stands for the states in the cache
    [refs, version, client],
  );
}
