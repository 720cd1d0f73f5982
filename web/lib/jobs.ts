// Jobs as the dashboard keeps and words them. Pure.
import type { Look } from './states';

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'refused' | 'cancelled' | 'lost';

interface Times {
  state: JobState;
  created: string;
  started: string | null;
  ended: string | null;
}

interface Placed {
  id: string;
  service: string | null;
  node: string | null;
  parent: string | null;
  created: string;
}

export const jobLook: Record<JobState, Look> = {
  waiting: { shape: 'unchecked', word: 'Waiting' },
  running: { shape: 'working', word: 'Running' },
  done: { shape: 'ok', word: 'Done' },
  failed: { shape: 'bad', word: 'Failed' },
  refused: { shape: 'warn', word: 'Refused' },
  cancelled: { shape: 'stopped', word: 'Cancelled' },
  lost: { shape: 'unknown', word: 'Outcome unknown' },
};

export const isActive = (j: { state: JobState }): boolean => j.state === 'waiting' || j.state === 'running';

/* What others wait for, said where they are offered. */
export function underWay(jobs: { state: JobState; title: string }[]): string | null {
  const job = jobs.find(isActive);
  return job ? `${job.title} is under way` : null;
}

/* Whose words are worth reading: what failed, and what builds or pulls something. */
export const hasSaid = (j: { state: JobState; verb: string }): boolean => j.state === 'failed' || (j.state === 'done' && /\.(update|pull|up)$/.test(j.verb));

/* How long it has run, or ran; null for what never began. */
export function took(j: Times, now: number): number | null {
  if (!j.started) return null;
  return Math.max(0, (j.ended ? Date.parse(j.ended) : now) - Date.parse(j.started));
}

/* Short ones to a tenth of a second: "1.2 s", then "12 s", "3 min". */
export function tookText(ms: number): string {
  if (ms < 9950) return `${Math.max(0.1, Math.round(ms / 100) / 10)} s`;
  return ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

export interface JobsOf {
  service?: string;
  node?: string;
}

/* A list of one service holds its part of a larger job; other lists hold whole jobs only. */
export const belongs = (j: Placed, of: JobsOf): boolean =>
  of.service ? j.service === of.service : !j.parent && (!of.node || j.node === of.node);

/* The newer word on a job takes the older one's place; a new job goes where its time is, one from before the list nowhere. */
export function withJob<J extends Placed>(list: J[], job: J, of: JobsOf): J[] {
  const at = list.findIndex((j) => j.id === job.id);
  if (at >= 0) return list.with(at, job);
  const place = list.findIndex((j) => j.created <= job.created);
  if (!belongs(job, of) || (place < 0 && list.length)) return list;
  return list.toSpliced(Math.max(0, place), 0, job);
}

/* Events and answers may cross on their way: a job that is over stays so, one that runs does not wait again. */
const rank = (s: JobState): number => (s === 'waiting' ? 0 : s === 'running' ? 1 : 2);
export const isOlder = (j: { state: JobState }, than: { state: JobState } | undefined): boolean => !!than && rank(j.state) < rank(than.state);
