import type { ReactNode } from 'react';
import { Card } from './card';
import { ErrorState, SkeletonRows } from './states';

interface Props<T> {
  query: { data: T | undefined; error: (Error & { problem?: { request_id: string } }) | null; refetch: () => unknown };
  what: string; // "The users"
  children: (data: T) => ReactNode;
}

/* A list that is fetched: its skeleton, its failure, or the list. What is known stays while a refresh fails. */
export function Fetched<T>({ query, what, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error)
    return (
      <Card>
        <ErrorState title={`${what} could not be read`} detail={query.error.message} requestId={query.error.problem?.request_id} retry={() => void query.refetch()} />
      </Card>
    );
  return (
    <Card>
      <SkeletonRows rows={6} />
    </Card>
  );
}
