'use client';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue } from 'react';
import { verdictQuery } from '@/api/keys';
import { ErrorState } from '@/components/states';
import { useConnection } from '@/state/connection';
import { AttentionList } from './attention';
import { Feed } from './feed';
import { Gpus } from './gpus';
import { Nodes } from './nodes';
import { Services } from './services';
import { OverviewSkeleton } from './skeleton';
import { VerdictHead } from './verdict';

const isKnown = (): boolean => true; // not which: a new sentence must not draw the whole page anew

/* Is everything well; if not, what is it and what does it break? */
export function Overview() {
  // Deferred: what the server wrote stands meanwhile, and the page is drawn in slices that leave room for a touch.
  const known = useDeferredValue(useQuery({ ...verdictQuery(), select: isKnown }).data ?? false);
  if (!known) return <Waiting />;
  return (
    <>
      <VerdictHead />
      <AttentionList />
      <Nodes />
      <Gpus />
      <div className="mt-3.5 grid gap-3.5 l:grid-cols-[minmax(0,1fr)_minmax(280px,340px)]">
        <Services />
        <Feed />
      </div>
    </>
  );
}

function Waiting() {
  const failure = useConnection((s) => s.failure);
  const retry = useConnection((s) => s.retry);
  if (!failure) return <OverviewSkeleton />;
  const { detail, request_id } = failure.problem;
  return <ErrorState title="The overview could not be read" detail={detail} requestId={request_id} retry={retry} />;
}
