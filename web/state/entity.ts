// One live entity, for rows of which there are hundreds: renders again when what is picked of it changes. An observer of
// Query does more than that (fetching, ageing, retrying), and its weight is felt a hundred times over.
import { hashKey, useQueryClient, type DataTag, type QueryClient } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';

type Listener = () => void;

/* Who wants to hear of which key. One per client. */
class EntityChanges {
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(client: QueryClient) {
    client.getQueryCache().subscribe(({ query }) => this.listeners.get(query.queryHash)?.forEach((l) => l()));
  }

  subscribe(hash: string, l: Listener): () => void {
    const known = this.listeners.get(hash) ?? new Set();
    this.listeners.set(hash, known.add(l));
    return () => {
      known.delete(l);
      if (!known.size && this.listeners.get(hash) === known) this.listeners.delete(hash);
    };
  }
}

const changesOf = new WeakMap<QueryClient, EntityChanges>();

function entityChanges(client: QueryClient): EntityChanges {
  let changes = changesOf.get(client);
  if (!changes) changesOf.set(client, (changes = new EntityChanges(client)));
  return changes;
}

/* Undefined while unknown. For what the stream keeps current only: nothing is fetched. `pick` must return the same value
   for the same entity. */
export function useEntity<T, R>(query: { queryKey: DataTag<readonly unknown[], T, Error> }, pick: (entity: T) => R): R | undefined {
  const client = useQueryClient();
  const hash = hashKey(query.queryKey);
  const subscribe = useCallback((l: Listener) => entityChanges(client).subscribe(hash, l), [client, hash]);
  const read = (): R | undefined => {
    const entity = client.getQueryData<T>(query.queryKey);
    return entity === undefined ? undefined : pick(entity);
  };
  return useSyncExternalStore(subscribe, read, () => undefined);
}

export const whole = <T>(entity: T): T => entity;
