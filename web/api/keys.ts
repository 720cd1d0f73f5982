// The only place where query keys and their fetchers are made. One key per entity plus ordered id lists; what the stream
// keeps current is never stale and never refetched by itself.
import { queryOptions, skipToken } from '@tanstack/react-query';
import { takeEmbedded } from '@/lib/embedded';
import type { Part } from '@/lib/actions';
import type { JobsOf } from '@/lib/jobs';
import { call, idPath } from './client';
import type { LogSource, LogSources } from './logs';
import type {
  Bmc,
  Action,
  Attention,
  AuditPage,
  Disks,
  DockerUsage,
  EngineNetworks,
  Enrolment,
  FeedEntry,
  FeedPage,
  FolderUsage,
  Garbage,
  GenerationDiff,
  GenerationPlan,
  Generations,
  GuardRails,
  Job,
  JobPage,
  KernelLog,
  LogUsage,
  Mounts,
  Ports,
  Reach,
  ServiceReach,
  NodeDetail,
  NodeFacts,
  NodePolicy,
  Overview,
  PackageUpdates,
  Permissions,
  Processes,
  ProcessTree,
  Service,
  ServiceDetail,
  ServiceRef,
  Session,
  SessionList,
  System,
  TimeState,
  Token,
  Trends,
  Unraid,
  User,
  Verdict,
  Welcome,
  Window,
} from './types';

const live = { staleTime: Infinity, gcTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false } as const;

// --- live: seeded by a snapshot, kept current by the stream
export const verdictQuery = () => queryOptions<Verdict>({ queryKey: ['verdict'], queryFn: skipToken, ...live });
export const attentionQuery = () => queryOptions<Attention[]>({ queryKey: ['attention'], queryFn: skipToken, ...live });
export const feedQuery = () => queryOptions<FeedEntry[]>({ queryKey: ['feed'], queryFn: skipToken, ...live });
export const nodesQuery = () => queryOptions<string[]>({ queryKey: ['nodes'], queryFn: skipToken, ...live });
export const nodeQuery = (id: string) => queryOptions<NodeFacts>({ queryKey: ['node', id], queryFn: skipToken, ...live });
export const servicesQuery = () => queryOptions<ServiceRef[]>({ queryKey: ['services'], queryFn: skipToken, ...live });
export const serviceQuery = (id: string) => queryOptions<Service>({ queryKey: ['service', id], queryFn: skipToken, ...live });

/* Details: fetched by their page, then merged with what the stream says (see stream/patch.ts). */
export const nodeDetailQuery = (id: string) =>
  queryOptions<NodeDetail>({
    queryKey: ['node-detail', id],
    queryFn: ({ signal }) => call(`/api/web/nodes/${idPath(id)}`, { signal }),
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
export const serviceDetailQuery = (id: string) =>
  queryOptions<ServiceDetail>({
    queryKey: ['service-detail', id],
    queryFn: ({ signal }) => call(`/api/web/services/${idPath(id)}`, { signal }),
    staleTime: 10_000,
  });
export const processesQuery = (id: string) =>
  queryOptions<Processes>({
    queryKey: ['processes', id],
    queryFn: ({ signal }) => call(`/api/web/nodes/${idPath(id)}/processes`, { signal }),
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });

// --- fetched when looked at
export const sessionQuery = () =>
  queryOptions<Session>({
    queryKey: ['session'],
    queryFn: ({ signal }) => takeEmbedded<Session>('hydra-session') ?? call('/api/web/session', { signal }),
    staleTime: 300_000,
  });
export const welcomeQuery = () =>
  queryOptions<Welcome>({ queryKey: ['welcome'], queryFn: ({ signal }) => call('/api/web/welcome', { signal }), staleTime: 60_000 });
export const usersQuery = () =>
  queryOptions<User[]>({
    queryKey: ['users'],
    queryFn: async ({ signal }) => (await call<{ users: User[] }>('/api/web/users', { signal })).users,
  });
export const sessionsQuery = (all: boolean) =>
  queryOptions<SessionList['sessions']>({
    queryKey: ['sessions', all],
    queryFn: async ({ signal }) => (await call<SessionList>(`/api/web/sessions${all ? '?all=1' : ''}`, { signal })).sessions,
  });
export const tokensQuery = (all: boolean) =>
  queryOptions<Token[]>({
    queryKey: ['tokens', all],
    queryFn: async ({ signal }) => (await call<{ tokens: Token[] }>(`/api/web/tokens${all ? '?all=1' : ''}`, { signal })).tokens,
  });
export const permissionsQuery = () =>
  queryOptions<Permissions>({ queryKey: ['permissions'], queryFn: ({ signal }) => call('/api/web/permissions', { signal }), staleTime: Infinity });
export const systemQuery = () =>
  queryOptions<System>({ queryKey: ['system'], queryFn: ({ signal }) => call('/api/web/system', { signal }), staleTime: 10_000 });

export const logSourcesQuery = () =>
  queryOptions<LogSource[]>({
    queryKey: ['log-sources'],
    queryFn: async ({ signal }) => (await call<LogSources>('/api/web/logs/sources', { signal })).sources.map((s) => ({ ...s, service: s.service ?? s.node })),
    staleTime: 30_000,
  });
export const enrolmentsQuery = () =>
  queryOptions<Enrolment[]>({
    queryKey: ['enrolments'],
    queryFn: async ({ signal }) => (await call<{ enrolments: Enrolment[] }>('/api/web/enrolments', { signal })).enrolments,
    staleTime: Infinity, // told by the stream when it changes
  });

export const guardQuery = () => queryOptions<GuardRails>({ queryKey: ['guard'], queryFn: ({ signal }) => call('/api/web/guard', { signal }), staleTime: 10_000 });
export const policyQuery = (node: string) =>
  queryOptions<NodePolicy>({ queryKey: ['policy', node], queryFn: ({ signal }) => call(`/api/web/nodes/${idPath(node)}/policy`, { signal }), staleTime: 5_000 });

/* What a form begins with: never an answer from before. */
export const bmcQuery = (node: string) => queryOptions<Bmc>({ queryKey: ['bmc', node], queryFn: ({ signal }) => call(`/api/web/nodes/${idPath(node)}/bmc`, { signal }), gcTime: 0 });

/* Questions that a node answers itself, each time anew. It may take a while, and it may have nothing of the kind. */
const asked = { staleTime: 60_000, retry: false, refetchOnWindowFocus: false } as const;
export const askedOf = (node: string) => ['asked', node] as const;
const ask = <T>(node: string, what: string, filter: Filter = {}) =>
  queryOptions<T>({ queryKey: [...askedOf(node), what, filter], queryFn: ({ signal }) => call<T>(`/api/web/nodes/${idPath(node)}/${what}${query(filter)}`, { signal }), ...asked });
export const disksQuery = (node: string) => ask<Disks>(node, 'disks');
export const dockerUsageQuery = (node: string) => ask<DockerUsage>(node, 'docker-usage');
export const packagesQuery = (node: string) => ask<PackageUpdates>(node, 'packages');
export const kernelLogQuery = (node: string) => ask<KernelLog>(node, 'kernel-log');
export const timeQuery = (node: string) => ask<TimeState>(node, 'time');
export const processTreeQuery = (node: string) => ask<ProcessTree>(node, 'process-tree');

export const generationsQuery = (node: string) => ask<Generations>(node, 'generations');
export const generationDiffQuery = (node: string, from: string, to: string) => ask<GenerationDiff>(node, 'generations/diff', { from, to });
export const generationPlanQuery = (node: string, to: string) => ask<GenerationPlan>(node, 'generations/plan', { to });
export const garbageQuery = (node: string, days: number) => ask<Garbage>(node, 'garbage', { older_than_days: String(days) });
export const foldersQuery = (node: string, path: string) => ask<FolderUsage>(node, 'folders', { path });
/* As it is now: what a form begins with. */
export const networksQuery = (node: string, of: string) => ({ ...ask<EngineNetworks>(node, 'networks', { of }), staleTime: 0, gcTime: 0 });
export const logUsageQuery = (node: string) => ask<LogUsage>(node, 'log-usage');
export const mountsQuery = (node: string) => ask<Mounts>(node, 'mounts');
export const portsQuery = (node: string) => ask<Ports>(node, 'ports');
/* It sends packets: asked once for each press of a button. */
export const askReach = (node: string, order: { to: string; port: string }, signal?: AbortSignal) => call<Reach>(`/api/web/nodes/${idPath(node)}/reach${query(order.port ? order : { to: order.to })}`, { signal });
export const askServiceReach = (service: string) => call<ServiceReach>(`/api/web/reach/${idPath(service)}`);
export const unraidQuery = (node: string) => ask<Unraid>(node, 'unraid');
/* What a job of that kind changes: told anew when it is over. */
export const changedBy = (node: string, verb: string): readonly unknown[] | null => {
  const what = verb.startsWith('generation.') ? 'generations' : verb === 'docker.prune' ? 'docker-usage' : verb === 'process.signal' ? 'process-tree' : verb === 'mount.remount' ? 'mounts' : verb === 'journal.vacuum' || verb === 'container.truncate-log' ? 'log-usage' : null;
  return what && [...askedOf(node), what];
};

/* What can be done now changes with the state: asked for anew by whoever shows it. */
export const actionsQuery = (id: string, part?: Part) =>
  queryOptions<Action[]>({
    queryKey: part ? ['actions', id, part.kind, part.target] : ['actions', id],
    queryFn: async ({ signal }) => (await call<{ actions: Action[] }>(`/api/web/actions/${idPath(id)}${query(part ? { [part.kind]: part.target } : {})}`, { signal })).actions,
    staleTime: 10_000,
  });
export const jobQuery = (id: string) =>
  queryOptions<Job>({ queryKey: ['job', id], queryFn: ({ signal }) => call(`/api/web/jobs/${encodeURIComponent(id)}`, { signal }), staleTime: Infinity });
/* Lists and events leave it out. */
export const jobOutputQuery = (id: string) =>
  queryOptions<string>({
    queryKey: ['job-output', id],
    queryFn: async ({ signal }) => (await call<Job>(`/api/web/jobs/${encodeURIComponent(id)}`, { signal })).output,
    staleTime: Infinity,
  });
/* The newest jobs, of all or of one service or node: read once, then told by the stream. */
export const recentJobsQuery = (of: JobsOf = {}) =>
  queryOptions<Job[]>({
    queryKey: ['recent-jobs', of],
    queryFn: async ({ signal }) => (await call<JobPage>(`/api/web/jobs${query({ ...of })}`, { signal })).jobs,
    staleTime: Infinity,
  });

export type Filter = Record<string, string | undefined>;

export function query(filter: Filter): string {
  const set = Object.entries(filter).filter((e): e is [string, string] => !!e[1]);
  return set.length ? `?${new URLSearchParams(set)}` : '';
}

// Pages by cursor: the page parameter is the `next` of the page before.
export const eventsPages = (filter: Filter) => ({
  queryKey: ['events', filter],
  queryFn: ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) =>
    call<FeedPage>(`/api/web/events${query({ ...filter, before: pageParam ?? undefined })}`, { signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (last: FeedPage) => last.next,
});
export const auditPages = (filter: Filter) => ({
  queryKey: ['audit', filter],
  queryFn: ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) =>
    call<AuditPage>(`/api/web/audit${query({ ...filter, before: pageParam ?? undefined })}`, { signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (last: AuditPage) => last.next,
});

export const jobsPages = (filter: Filter) => ({
  queryKey: ['jobs', filter],
  queryFn: ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) => call<JobPage>(`/api/web/jobs${query({ ...filter, cursor: pageParam ?? undefined })}`, { signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (last: JobPage) => last.next,
});

// Not queries: what they answer goes into the live keys or the series.
export const getOverview = (): Promise<Overview> => call('/api/web/overview');
export const getTrends = (): Promise<Trends> => call('/api/web/trends');
export const getWindow = (node: string): Promise<Window> => call(`/api/web/nodes/${idPath(node)}/window`);
