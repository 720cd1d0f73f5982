'use client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { jobOutputQuery } from '@/api/keys';
import type { Job } from '@/api/types';
import { Button } from '@/components/button';
import { hasSaid } from '@/lib/jobs';
import { useMay } from '@/state/session';

/* The last lines that the thing itself said: read when asked for, by those who may read logs. */
export function Output({ job }: { job: Job }) {
  const may = useMay('logs:read');
  const [open, setOpen] = useState(false);
  if (!may || !hasSaid(job)) return null;
  return (
    <div className="mt-1 min-w-0">
      <span className="-ml-2 inline-flex">
        <Button look="ghost" size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Hide what it said' : 'What it said'}
        </Button>
      </span>
      {open && <Lines id={job.id} />}
    </div>
  );
}

function Lines({ id }: { id: string }) {
  const { data, error } = useQuery(jobOutputQuery(id));
  if (error) return <p className="text-12 text-fg-2">It could not be read: {error.message}</p>;
  if (data === undefined) return null;
  if (!data) return <p className="text-12 text-fg-3">It said nothing.</p>;
  return (
    <pre tabIndex={0} aria-label="Output" className="error-text mt-1">
      {data}
    </pre>
  );
}
