'use client';
// What is being done to a service or a node, where it is looked at: the step while it runs, then how it ended.
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { call } from '@/api/client';
import type { Job } from '@/api/types';
import { recentJobsQuery } from '@/api/keys';
import { useAct } from '@/app/parts/act';
import { useOffline } from '@/app/parts/offline';
import { Time } from '@/app/parts/time';
import { Button, IconButton } from '@/components/button';
import { Card } from '@/components/card';
import { Shape } from '@/components/shape';
import { permissionOf } from '@/lib/actions';
import { isActive, jobLook, took, tookText, type JobsOf } from '@/lib/jobs';
import { dismissJob, useAsking } from '@/state/asking';
import { useClock } from '@/state/clock';
import { useMay } from '@/state/session';
import { Output } from './output';

const remembered = 10 * 60_000; // a result is news for so long

const nowOrLast = (jobs: Job[]): Job | undefined => jobs.find(isActive) ?? jobs[0];

/* Not drawn when nothing was done lately, or when it can't be known. */
export function Doing({ of }: { of: JobsOf }) {
  const job = useQuery({ ...recentJobsQuery(of), retry: false, select: (jobs) => nowOrLast(jobs.filter((j) => of.service || (!j.service && !j.verb.startsWith('project.')))) }).data;
  const dismissed = useAsking((s) => !!job && s.dismissed.has(job.id));
  const over = job?.ended ? Date.parse(job.ended) : null;
  const old = useClock((now) => String(over !== null && now - over > remembered)) === 'true';
  if (!job || dismissed || old) return null;
  return (
    <div className="mb-3.5" role="status">
      <Card label="What is being done" className="px-4 py-2.5">
        <JobLine job={job} />
        <div className="pl-[21px]">
          <Output job={job} />
        </div>
      </Card>
    </div>
  );
}

function JobLine({ job: j }: { job: Job }) {
  const look = jobLook[j.state];
  return (
    <div className="flex items-start gap-2.5">
      <Shape shape={look.shape} label={look.word} className="mt-[5px]" />
      <p className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        <b className="font-medium">{j.title}</b> <span className="text-fg-2">{isActive(j) ? <Progress job={j} /> : outcomeOf(j)}</span>
        <span className="ml-2 text-12 whitespace-nowrap text-fg-3">
          {j.actor}
          {j.ended && (
            <>
              {' · '}
              <Time of={j.ended} />
            </>
          )}
        </span>
      </p>
      {j.state === 'waiting' && <CancelJob job={j} />}
      {!isActive(j) && <IconButton small icon={X} label="Dismiss" onClick={() => dismissJob(j.id)} />}
    </div>
  );
}

export const outcomeOf = (j: Job): string => j.text || jobLook[j.state].word.toLowerCase();

export function Progress({ job: j }: { job: Job }) {
  const time = useClock((now) => {
    const ms = took(j, now);
    return ms === null ? '' : tookText(Math.floor(ms / 1000) * 1000);
  });
  return (
    <>
      {j.step || jobLook[j.state].word.toLowerCase()}
      {j.state === 'running' && '…'} <span className="num text-fg-3">{j.state === 'running' && time}</span>
    </>
  );
}

/* What has not begun can be called off. */
export function CancelJob({ job: j }: { job: Job }) {
  const offline = useOffline();
  const may = useMay(permissionOf(j.verb));
  const act = useAct();
  if (!may) return null;
  return (
    <Button size="sm" disabled={act.isPending} aria-label={`Cancel: ${j.title}`} onClick={() => act.mutate(() => call(`/api/web/jobs/${encodeURIComponent(j.id)}`, { method: 'DELETE' }))} {...offline}>
      Cancel
    </Button>
  );
}
