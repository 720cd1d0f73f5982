import { QueryClient } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import type { Job, JobPage } from '@/api/types';
import { actionsQuery, jobQuery, jobsPages, recentJobsQuery } from '@/api/keys';
import { belongs, hasSaid, isActive, isOlder, took, tookText, underWay, withJob } from '@/lib/jobs';
import { putAnswer, putJob } from '@/stream/jobs';

const job = (id: string, more: Partial<Job> = {}): Job => ({
  id, verb: 'container.restart', title: `Restart ${id} on tower`, node: 'tower', service: `tower/docker/${id}`, target: id, argument: '', state: 'running', step: '', text: '', output: '',
  actor: 'ada', created: '2026-11-24T10:00:00Z', started: '2026-11-24T10:00:01Z', ended: null, parent: null, children: [], ...more,
});

test('a list of a service holds its parts of larger jobs, others hold whole jobs', () => {
  const part = job('plex', { parent: 'all' });
  expect(belongs(part, { service: 'tower/docker/plex' })).toBe(true);
  expect(belongs(part, {})).toBe(false);
  expect(belongs(job('plex'), { node: 'tower' })).toBe(true);
  expect(belongs(job('plex'), { node: 'attic' })).toBe(false);
});

test('the newer word takes the place of the older, a new job comes first', () => {
  const list = [job('a'), job('b')];
  expect(withJob(list, job('b', { step: 'starting' }), {}).map((j) => [j.id, j.step])).toEqual([['a', ''], ['b', 'starting']]);
  expect(withJob(list, job('c'), {}).map((j) => j.id)).toEqual(['c', 'a', 'b']);
  expect(withJob(list, job('c', { parent: 'a' }), {})).toBe(list);
});

test('what is over stays over', () => {
  expect(isOlder({ state: 'running' }, { state: 'done' })).toBe(true);
  expect(isOlder({ state: 'done' }, { state: 'running' })).toBe(false);
  expect(isOlder({ state: 'waiting' }, undefined)).toBe(false);
  expect((['waiting', 'running', 'done', 'failed', 'refused', 'cancelled', 'lost'] as const).filter((state) => isActive({ state }))).toEqual(['waiting', 'running']);
});

test('what others wait for is named; what is over holds nobody', () => {
  expect(underWay([job('a', { state: 'done' }), job('b'), job('c', { state: 'waiting' })])).toBe('Restart b on tower is under way');
  expect(underWay([job('c', { state: 'waiting' })])).toBe('Restart c on tower is under way');
  expect(underWay([job('a', { state: 'done' })])).toBe(null);
});

test('what failed or pulled something has said something', () => {
  expect([job('a', { state: 'failed' }), job('a', { state: 'done' }), job('a', { state: 'done', verb: 'container.update' }), job('a', { state: 'refused' })].map(hasSaid)).toEqual([true, false, true, false]);
});

test('how long it took', () => {
  const now = Date.parse('2026-11-24T10:00:05Z');
  expect(took(job('a'), now)).toBe(4000);
  expect(took(job('a', { ended: '2026-11-24T10:00:02.5Z' }), now)).toBe(1500);
  expect(took(job('a', { started: null }), now)).toBeNull();
  expect([40, 1200, 9940, 12_000, 86_000].map(tookText)).toEqual(['0.1 s', '1.2 s', '9.9 s', '12 s', '1 min 26 s']);
});

test('the answer to an order takes nothing back that an event has told', () => {
  const client = new QueryClient();
  putJob(client, job('a', { step: 'restarting' }));
  putAnswer(client, job('a', { step: '' }));
  putAnswer(client, job('b', { step: '' }));
  expect([client.getQueryData(jobQuery('a').queryKey)?.step, client.getQueryData(jobQuery('b').queryKey)?.step]).toEqual(['restarting', '']);
});

test('what can be done is told anew of the service and of its node, when a job begins and when it ends', () => {
  const client = new QueryClient(), of = ['tower/docker/a', 'tower'].map((id) => actionsQuery(id).queryKey);
  const stale = () => of.map((key) => client.getQueryState(key)?.isInvalidated);
  const after = (j: Job) => {
    of.forEach((key) => client.setQueryData(key, []));
    putJob(client, j);
    return stale();
  };
  expect(after(job('a'))).toEqual([true, true]);
  expect(after(job('a', { step: 'restarting' }))).toEqual([false, false]);
  expect(after(job('a', { state: 'done' }))).toEqual([true, true]);
});

test('a job goes into every list that shows it, and an overtaken word into none', () => {
  const client = new QueryClient();
  client.setQueryData(recentJobsQuery({}).queryKey, [job('a')]);
  client.setQueryData(recentJobsQuery({ service: 'tower/docker/b' }).queryKey, []);
  client.setQueryData<{ pages: JobPage[]; pageParams: unknown[] }>(jobsPages({}).queryKey, { pages: [{ jobs: [job('a')], next: 'x' }, { jobs: [job('old', { state: 'done' })], next: null }], pageParams: [null, 'x'] });
  const pages = () => client.getQueryData<{ pages: JobPage[] }>(jobsPages({}).queryKey)?.pages.map((p) => p.jobs.map((j) => `${j.id} ${j.state}`));
  putJob(client, job('b', { state: 'done', ended: '2026-11-24T10:00:03Z' }));
  putJob(client, job('b'));
  putJob(client, job('old', { state: 'failed', created: '2026-11-23T10:00:00Z' }));
  expect(client.getQueryData(recentJobsQuery({}).queryKey)?.map((j) => j.id)).toEqual(['b', 'a']);
  expect(client.getQueryData(recentJobsQuery({ service: 'tower/docker/b' }).queryKey)?.map((j) => j.state)).toEqual(['done']);
  expect(pages()).toEqual([['b done', 'a running'], ['old failed']]);
  expect(client.getQueryData(jobQuery('b').queryKey)?.state).toBe('done');
});
