'use client';
import { useQuery } from '@tanstack/react-query';
import { Ellipsis } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { recentJobsQuery } from '@/api/keys';
import { outcomeOf, Progress } from '@/app/parts/jobs/doing';
import { IconButton } from '@/components/button';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { ahead } from '@/lib/ahead';
import { isActive, jobLook } from '@/lib/jobs';
import type { ProjectRef } from '@/lib/services';
import { useClock } from '@/state/clock';
import { useMay } from '@/state/session';

const loadMenu = () => import('./project-menu');
const ProjectMenu = lazy(loadMenu);
ahead(loadMenu);

/* What is done to a compose project as a whole, and what was. */
export default function Project({ of }: { of: ProjectRef }) {
  const may = useMay('service:update');
  const [wanted, setWanted] = useState(false);
  const trigger = <IconButton small icon={Ellipsis} label={`Actions for project ${of.name} on ${of.node}`} aria-haspopup="menu" onPointerEnter={() => void loadMenu()} onFocus={() => void loadMenu()} onClick={() => setWanted(true)} />;
  return (
    <span role="cell" className="ml-auto flex min-w-0 items-center gap-2">
      <LastJob of={of} />
      {may && <Suspense fallback={trigger}>{wanted ? <ProjectMenu of={of} /> : trigger}</Suspense>}
    </span>
  );
}

const remembered = 10 * 60_000;

function LastJob({ of }: { of: ProjectRef }) {
  const job = useQuery({ ...recentJobsQuery({ node: of.node }), retry: false, select: (jobs) => jobs.find((j) => j.verb.startsWith('project.') && j.target === of.target) }).data;
  const ended = job?.ended ? Date.parse(job.ended) : null;
  const old = useClock((now) => String(ended !== null && now - ended > remembered)) === 'true';
  if (!job || old) return null;
  const look = jobLook[job.state];
  return (
    <Link href="/jobs" role="status" className="flex min-w-0 items-center gap-1.5 text-fg-2 hover:underline" title={job.title}>
      <Shape shape={look.shape} size="sm" label={look.word} />
      <span className="ell">{isActive(job) ? <Progress job={job} /> : outcomeOf(job)}</span>
    </Link>
  );
}
