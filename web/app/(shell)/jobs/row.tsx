'use client';
import { useQuery } from '@tanstack/react-query';
import { memo, useState } from 'react';
import type { Job } from '@/api/types';
import { jobQuery } from '@/api/keys';
import { CancelJob, outcomeOf, Progress } from '@/app/parts/jobs/doing';
import { Output } from '@/app/parts/jobs/output';
import { Button } from '@/components/button';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { clock, count, exact } from '@/lib/format';
import { isActive, jobLook, took, tookText } from '@/lib/jobs';
import { nodeHref, serviceHref } from '@/lib/links';

export const JobRow = memo(function JobRow({ job: j }: { job: Job }) {
  const look = jobLook[j.state];
  const t = Date.parse(j.created);
  return (
    <li className="job" data-state={j.state}>
      <time dateTime={j.created} title={exact(t)} className="num text-12 text-fg-3">
        {clock(t)}
      </time>
      <Shape shape={look.shape} label={look.word} className="mt-[5px]" />
      <div className="min-w-0 [overflow-wrap:anywhere]">
        <p>
          <Title job={j} /> <span className="text-fg-2">{isActive(j) ? <Progress job={j} /> : outcomeOf(j)}</span>
        </p>
        <Parts job={j} />
        <Output job={j} />
      </div>
      <Took job={j} />
      <span className="job-who ell text-12 text-fg-3">{j.actor}</span>
      <span className="job-act">{j.state === 'waiting' || (j.state === 'running' && j.children.length > 0) ? <CancelJob job={j} /> : null}</span>
    </li>
  );
});

function Title({ job: j }: { job: Job }) {
  const href = j.service ? serviceHref(j.service) : j.node ? nodeHref(j.node) : null;
  if (!href) return <b className="font-medium">{j.title}</b>;
  return (
    <Link href={href} className="font-medium hover:text-accent hover:underline">
      {j.title}
    </Link>
  );
}

function Took({ job: j }: { job: Job }) {
  const ms = isActive(j) ? null : took(j, 0);
  return <span className="job-took num text-12 whitespace-nowrap text-fg-3">{ms !== null && tookText(ms)}</span>;
}

/* A job of several: its parts are read when they are looked at: while it runs, and when one failed. */
function Parts({ job: j }: { job: Job }) {
  const [open, setOpen] = useState(isActive(j) || j.state === 'failed');
  if (!j.children.length) return null;
  return (
    <div className="mt-1">
      <Button look="ghost" size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'Hide its parts' : `Show its ${count(j.children.length, 'part')}`}
      </Button>
      {open && (
        <ol className="mt-1 grid gap-1">
          {j.children.map((id) => (
            <Part key={id} id={id} />
          ))}
        </ol>
      )}
    </div>
  );
}

function Part({ id }: { id: string }) {
  const { data: j, error } = useQuery(jobQuery(id));
  if (error) return <li className="text-12 text-fg-3">This part could not be read: {error.message}</li>;
  if (!j) return <li className="h-5" />;
  const look = jobLook[j.state];
  return (
    <li className="flex items-start gap-2">
      <Shape shape={look.shape} size="sm" label={look.word} className="mt-1.5" />
      <div className="min-w-0">
        <Title job={j} /> <span className="text-fg-2">{isActive(j) ? <Progress job={j} /> : outcomeOf(j)}</span>
        <Output job={j} />
      </div>
    </li>
  );
}
