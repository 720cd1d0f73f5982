// Where a job's newest word goes: into every list that shows it.
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { Job, JobPage } from '@/api/types';
import { actionsQuery, changedBy, jobQuery } from '@/api/keys';
import { isActive, isOlder, withJob, type JobsOf } from '@/lib/jobs';

export function putJob(client: QueryClient, job: Job): void {
  const known = client.getQueryData(jobQuery(job.id).queryKey);
  if (isOlder(job, known)) return;
  client.setQueryData(jobQuery(job.id).queryKey, job);
  for (const q of client.getQueryCache().findAll({ queryKey: ['recent-jobs'] }))
    client.setQueryData<Job[]>(q.queryKey, (list) => list && withJob(list, job, q.queryKey[1] as JobsOf));
  for (const q of client.getQueryCache().findAll({ queryKey: ['jobs'] }))
    client.setQueryData<InfiniteData<JobPage>>(q.queryKey, (data) => data && inPages(data, job, q.queryKey[1] as JobsOf));
  if (!isActive(job) || !known) offerAnew(client, job);
  const changed = job.node && changedBy(job.node, job.verb);
  if (changed && (!isActive(job) || job.verb.startsWith('generation.'))) void client.invalidateQueries({ queryKey: changed });
}

/* Its node's offers change, too: what can't run beside it, what a reboot cuts off. */
function offerAnew(client: QueryClient, job: Job): void {
  for (const id of new Set([job.service, job.node])) if (id) void client.invalidateQueries({ queryKey: actionsQuery(id).queryKey });
}

/* The answer to an order: events that overtook it know more, its first step among them. */
export function putAnswer(client: QueryClient, job: Job): void {
  if (!client.getQueryData(jobQuery(job.id).queryKey)) putJob(client, job);
}

/* A known job stays on its page; a new one comes onto the first. */
function inPages(data: InfiniteData<JobPage>, job: Job, of: JobsOf): InfiniteData<JobPage> {
  const at = data.pages.findIndex((p) => p.jobs.some((j) => j.id === job.id));
  return { ...data, pages: data.pages.map((p, i) => (i === Math.max(0, at) ? { ...p, jobs: withJob(p.jobs, job, of) } : p)) };
}
