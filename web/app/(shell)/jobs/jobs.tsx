'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ListChecks } from 'lucide-react';
import { jobsPages } from '@/api/keys';
import type { Job } from '@/api/types';
import { Card, PageHead } from '@/components/card';
import { Fetched } from '@/components/fetched';
import { MoreOnSight } from '@/components/more';
import { Empty } from '@/components/states';
import { dayName, dayYear } from '@/lib/format';
import { groupBy } from '@/lib/group';
import { isActive } from '@/lib/jobs';
import { useClock } from '@/state/clock';
import { JobRow } from './row';

/* What is being done, what was done, by whom, and how it ended. */
export function Jobs() {
  const pages = useInfiniteQuery({ ...jobsPages({}), staleTime: Infinity });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  return (
    <>
      <PageHead title="Jobs" note="What people told nodes to do" />
      <Fetched query={pages} what="The jobs">
        {({ pages: all }) => {
          const jobs = all.flatMap((p) => p.jobs);
          return jobs.length ? <List jobs={jobs} /> : <Nothing />;
        }}
      </Fetched>
      {hasNextPage && <MoreOnSight busy={isFetchingNextPage} more={() => void fetchNextPage()} />}
    </>
  );
}

function Nothing() {
  return (
    <Card>
      <Empty icon={ListChecks} title="Nothing was done yet">
        Restarts, updates and whatever else is asked of a service or a node stand here, with what came of it.
      </Empty>
    </Card>
  );
}

function List({ jobs }: { jobs: Job[] }) {
  const running = jobs.filter(isActive);
  const over = groupBy(
    jobs.filter((j) => !isActive(j)),
    (j) => dayYear(Date.parse(j.created)),
  );
  return (
    <div className="stack">
      {running.length > 0 && <Group title="Now" jobs={running} />}
      {over.map(([day, list]) => (
        <Day key={day} jobs={list} />
      ))}
    </div>
  );
}

function Day({ jobs }: { jobs: Job[] }) {
  const t = Date.parse(jobs[0]?.created ?? '');
  return <Group title={useClock((now) => dayName(t, now))} jobs={jobs} />;
}

function Group({ title, jobs }: { title: string; jobs: Job[] }) {
  return (
    <Card label={title} className="py-1">
      <h2 className="px-4 pt-2 pb-1 text-12 font-medium text-fg-2">{title}</h2>
      <ul>
        {jobs.map((j) => (
          <JobRow key={j.id} job={j} />
        ))}
      </ul>
    </Card>
  );
}
