'use client';
// What a node is asked for when it is looked at: while it answers, when it can't, and when it has nothing of the kind.
import { useQuery, type QueryKey, type UseQueryOptions, type UseQueryResult } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '@/api/client';
import { nodeQuery } from '@/api/keys';
import { Time } from '@/app/parts/time';
import { Button, ButtonLink, IconButton } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { ErrorState, OutsideLimits, SkeletonRows } from '@/components/states';
import { tabHref } from '@/lib/node-tabs';
import { useSession } from '@/state/session';

type Asking<T> = UseQueryResult<T> & { away: boolean };

/* Nothing is asked of a node that is away: it is asked when it is back. */
export function useAsked<T, K extends QueryKey>(node: string, options: UseQueryOptions<T, Error, T, K>): Asking<T> {
  const away = useQuery({ ...nodeQuery(node), select: (n) => n.state === 'away' }).data ?? false;
  return { ...useQuery({ ...options, enabled: !away }), away };
}

interface Props<T> {
  node: string;
  query: Asking<T>;
  title: string;
  note?: (data: T) => ReactNode;
  wait?: string; // said while it takes long
  rows?: number;
  children: (data: T) => ReactNode;
}

const isOfType = (error: unknown, type: string): boolean => error instanceof ApiError && error.problem.type.endsWith(`/${type}`);

/* A card whose content the node tells. What is known stays while it is asked again. */
export function Asked<T>({ node, query, title, note, wait, rows = 4, children }: Props<T>) {
  const { data, error, isFetching, refetch, dataUpdatedAt, away } = query;
  const again = <IconButton small icon={RotateCw} label={`Ask again: ${title}`} disabled={isFetching || away} onClick={() => void refetch()} />;
  return (
    <Card label={title}>
      <CardHead title={title} note={data && note?.(data)}>
        {data && (
          <span className="text-12 text-fg-3 max-m:hidden">
            {isFetching ? 'Asking…' : dataUpdatedAt > 0 && <Time of={new Date(dataUpdatedAt).toISOString()} />}
          </span>
        )}
        {data && again}
      </CardHead>
      {data ? children(data) : away ? <Quiet text={`${node} is away: it is asked when it is back.`} /> : error ? <Unanswered node={node} title={title} error={error} retry={() => void refetch()} /> : <Waiting rows={rows} text={wait} />}
      {data && error && !away && <p className="border-t border-line px-4 py-2 text-12 text-warn">It could not be asked again: {error.message}</p>}
    </Card>
  );
}

function Waiting({ rows, text }: { rows: number; text?: string }) {
  return (
    <>
      <SkeletonRows rows={rows} />
      {text && <p className="px-4 pb-3 text-12 text-fg-3">{text}</p>}
    </>
  );
}

interface UnansweredProps {
  node: string;
  title: string;
  error: Error;
  retry: () => void;
}

function Unanswered({ node, title, error, retry }: UnansweredProps) {
  const session = useSession();
  if (error instanceof ApiError && error.status === 403 && session?.limits) return <OutsideLimits what="ask for this" limits={session.limits} level="h3" />;
  if (session?.demo && isOfType(error, 'agent-too-old')) return <Quiet text="The demonstration's nodes answer no questions." />;
  if (isOfType(error, 'not-here')) return <Quiet text={error.message} />;
  if (isOfType(error, 'agent-too-old'))
    return (
      <Quiet text={error.message}>
        <ButtonLink href={tabHref(node, 'agent')} here size="sm">
          Its agent
        </ButtonLink>
      </Quiet>
    );
  if (isOfType(error, 'node-away'))
    return (
      <Quiet text={error.message}>
        <Button size="sm" icon={RotateCw} onClick={retry}>
          Ask again
        </Button>
      </Quiet>
    );
  return <ErrorState title={`${title}: no answer`} detail={error.message} requestId={error instanceof ApiError ? error.problem.request_id : undefined} retry={retry} />;
}

function Quiet({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-2.5 px-4 py-3">
      <p className="min-w-0 flex-1 basis-60 text-fg-2">{text}</p>
      {children}
    </div>
  );
}
