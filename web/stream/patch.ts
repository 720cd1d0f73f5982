// Where live events enter: decoded, gathered per entity (the last one wins), applied once a frame in one batch.
import { notifyManager, type QueryClient } from '@tanstack/react-query';
import {
  actionsQuery,
  askedOf,
  attentionQuery,
  feedQuery,
  nodeDetailQuery,
  nodeQuery,
  nodesQuery,
  processesQuery,
  serviceDetailQuery,
  serviceQuery,
  servicesQuery,
  verdictQuery,
} from '@/api/keys';
import type { Attention, FeedEntry, Job, Node, NodeFacts, NodeParts, Overview, Processes, Service, ServiceRef, Verdict, Vitals } from '@/api/types';
import { putJob } from './jobs';
import { compareIds, type WireEvent } from './protocol';
import type { MetricFrame, SeriesStore } from './series';

type WithId<T> = T & { id: string };

/* Event name → payload. The table below must handle every one of them. */
interface Payloads {
  'node.changed': Node;
  'node.removed': { id: string };
  'service.changed': Service;
  'service.removed': { id: string };
  'verdict.changed': Verdict;
  'attention.changed': { attention: Attention[] };
  'node.vitals': WithId<Vitals>;
  'node.metrics': WithId<MetricFrame>;
  'services.usage': { id: string; v: [service: string, cpu: number | null, memory: number | null][] };
  'node.detail': WithId<NodeParts>;
  'node.processes': Processes;
  'feed.added': FeedEntry;
  'access.changed': { what: string };
  'job.changed': Job;
  resync: { snapshot: Partial<Overview> };
}
type EventName = keyof Payloads;

export const feedLength = 60;

export interface PatchHooks {
  /* A node's columns changed: its window is to be read again. */
  schemaChanged(node: string): void;
  /* Of what: "users", "nodes"… */
  accessChanged(what: string): void;
  /* A resync without a whole snapshot (the server has just begun): it is to be fetched. */
  incomplete(): void;
  /* Something was applied in this frame. */
  applied(): void;
}

export class Patcher {
  private readonly pending = new Map<string, () => void>();
  private due: { cancel: () => void } | null = null;
  private held: WireEvent[] | null = []; // until the first snapshot
  private position = ''; // the newest id that the cache stands for

  constructor(
    private readonly client: QueryClient,
    private readonly series: SeriesStore,
    private readonly hooks: PatchHooks,
  ) {}

  /* A snapshot replaces what is known; held events that are newer follow it. */
  seed(overview: Overview): void {
    notifyManager.batch(() => this.putOverview(overview));
    this.position = overview.event_id;
    const held = this.held;
    this.held = null;
    if (held) this.receive(held);
  }

  get cursor(): string {
    return this.position;
  }

  /* Events wait until the next seed(). */
  hold(): void {
    this.held ??= [];
  }

  receive(events: WireEvent[]): void {
    if (this.held) {
      this.held.push(...events);
      return;
    }
    for (const e of events) if (!e.id || !this.position || compareIds(e.id, this.position) > 0) this.take(e);
  }

  private take(e: WireEvent): void {
    if (e.id) this.position = e.id;
    if (!(e.event in this.handlers)) return; // custom events are nobody's here
    const name = e.event as EventName;
    const payload: unknown = JSON.parse(e.data);
    this.dispatch(name, payload);
  }

  private dispatch<N extends EventName>(name: N, payload: unknown): void {
    this.handlers[name](payload as Payloads[N]);
  }

  private readonly handlers: { [N in EventName]: (payload: Payloads[N]) => void } = {
    'node.changed': (n) => this.push(`node ${n.id}`, () => this.putNode(n)),
    'node.removed': ({ id }) => this.push(`node ${id}`, () => this.removeNode(id)),
    'service.changed': (s) => this.push(`service ${s.id}`, () => this.putService(s)),
    'service.removed': ({ id }) => this.push(`service ${id}`, () => this.removeService(id)),
    'verdict.changed': (v) => this.push('verdict', () => this.client.setQueryData(verdictQuery().queryKey, v)),
    'attention.changed': (a) =>
      this.push('attention', () => this.client.setQueryData(attentionQuery().queryKey, a.attention)),
    'node.vitals': (v) => this.push(`vitals ${v.id}`, () => this.series.vitals(v.id).push(v)),
    'node.metrics': (m) => {
      if (!this.series.metrics(m.id).push(m)) this.hooks.schemaChanged(m.id);
    },
    'services.usage': (u) => this.push(`usage ${u.id}`, () => u.v.forEach(([id, cpu, memory]) => this.putUsage(id, cpu, memory))),
    'node.detail': (d) => this.push(`detail ${d.id}`, () => this.putParts(d)),
    'node.processes': (p) =>
      this.push(`processes ${p.id}`, () => this.client.setQueryData(processesQuery(p.id).queryKey, p)),
    'feed.added': (f) => this.push(`feed ${f.id}`, () => this.addFeed(f)),
    'access.changed': ({ what }) => this.push(`access ${what}`, () => this.hooks.accessChanged(what)),
    'job.changed': (j) => this.push(`job ${j.id}`, () => putJob(this.client, j)),
    resync: ({ snapshot }) => this.resync(snapshot),
  };

  // --- once a frame; hidden tabs get no frames, so once a second there

  private push(key: string, apply: () => void): void {
    this.pending.delete(key); // the last one wins and keeps the order of arrival
    this.pending.set(key, apply);
    this.due ??= schedule(() => this.flush());
  }

  flush(): void {
    this.due?.cancel();
    this.due = null;
    const now = [...this.pending.values()];
    this.pending.clear();
    notifyManager.batch(() => now.forEach((apply) => apply()));
    if (now.length) this.hooks.applied();
  }

  // --- the cache

  private resync(snapshot: Partial<Overview>): void {
    this.pending.clear();
    for (const node of this.series.cut()) this.hooks.schemaChanged(node);
    if (isWhole(snapshot)) {
      notifyManager.batch(() => this.putOverview(snapshot));
      this.position = snapshot.event_id;
    } else this.hooks.incomplete();
    void this.client.invalidateQueries({ predicate: (q) => !liveKeys.has(String(q.queryKey[0])) });
  }

  private putOverview(o: Overview): void {
    const set = this.client.setQueryData.bind(this.client);
    set(verdictQuery().queryKey, o.verdict);
    set(attentionQuery().queryKey, o.attention);
    set(feedQuery().queryKey, o.feed.slice(0, feedLength));
    this.dropMissing('node', new Set(o.nodes.map((n) => n.id)));
    this.dropMissing('service', new Set(o.services.map((s) => s.id)));
    for (const n of o.nodes) {
      set(nodeQuery(n.id).queryKey, facts(n));
      if (n.vitals) this.series.vitals(n.id).push(n.vitals);
    }
    for (const s of o.services) set(serviceQuery(s.id).queryKey, s);
    set(
      nodesQuery().queryKey,
      o.nodes.map((n) => n.id),
    );
    set(servicesQuery().queryKey, o.services.map(ref));
  }

  private dropMissing(kind: 'node' | 'service', present: Set<string>): void {
    for (const q of this.client.getQueryCache().findAll({ queryKey: [kind] }))
      if (!present.has(String(q.queryKey[1]))) this.client.removeQueries({ queryKey: q.queryKey, exact: true });
  }

  private putNode(n: Node): void {
    const old = this.client.getQueryData(nodeQuery(n.id).queryKey);
    this.client.setQueryData(nodeQuery(n.id).queryKey, facts(n));
    if (n.vitals) this.series.vitals(n.id).push(n.vitals);
    this.client.setQueryData(nodesQuery().queryKey, (ids) => (ids?.includes(n.id) ? ids : [...(ids ?? []), n.id]));
    this.client.setQueryData(nodeDetailQuery(n.id).queryKey, (d) => d && { ...d, ...n });
    if (old) this.askAnew(n.id, old, n);
  }

  /* What is asked for beside the stream: what it allows while it is there, and what a start may have changed. */
  private askAnew(id: string, old: NodeFacts, now: Node): void {
    if ((old.state === 'away') !== (now.state === 'away')) void this.client.invalidateQueries({ queryKey: actionsQuery(id).queryKey });
    if (old.boot_time === now.boot_time && old.kernel === now.kernel && old.os === now.os) return;
    for (const queryKey of [nodeDetailQuery(id).queryKey, askedOf(id)]) void this.client.invalidateQueries({ queryKey });
  }

  private removeNode(id: string): void {
    this.client.setQueryData(nodesQuery().queryKey, (ids) => ids?.filter((i) => i !== id));
    this.client.removeQueries({ queryKey: nodeQuery(id).queryKey });
    this.series.remove(id);
  }

  private putService(s: Service): void {
    const old = this.client.getQueryData(serviceQuery(s.id).queryKey);
    this.client.setQueryData(serviceQuery(s.id).queryKey, s);
    if (!old || !sameRef(old, s)) this.client.setQueryData(servicesQuery().queryKey, (refs) => placed(refs ?? [], ref(s)));
    this.client.setQueryData(serviceDetailQuery(s.id).queryKey, (d) => d && { ...d, ...s });
    if (old && (old.state !== s.state || old.since !== s.since || old.restarts !== s.restarts))
      for (const { queryKey } of [serviceDetailQuery(s.id), actionsQuery(s.id)]) void this.client.invalidateQueries({ queryKey });
  }

  /* Numbers alone: nothing is placed anew, and what is the same is left as it is. */
  private putUsage(id: string, cpu: number | null, memory: number | null): void {
    const put = <T extends Service>(s: T | undefined) => (!s || (s.cpu === cpu && s.memory === memory) ? s : { ...s, cpu, memory });
    this.client.setQueryData(serviceQuery(id).queryKey, put);
    this.client.setQueryData(serviceDetailQuery(id).queryKey, put);
  }

  private removeService(id: string): void {
    this.client.setQueryData(servicesQuery().queryKey, (refs) => refs?.filter((r) => r.id !== id));
    this.client.removeQueries({ queryKey: serviceQuery(id).queryKey });
  }

  private putParts({ id, ...parts }: WithId<NodeParts>): void {
    this.client.setQueryData(nodeDetailQuery(id).queryKey, (old) => old && { ...old, ...parts });
  }

  private addFeed(f: FeedEntry): void {
    this.client.setQueryData(feedQuery().queryKey, (list) =>
      list?.some((e) => e.id === f.id) ? list : [f, ...(list ?? [])].slice(0, feedLength),
    );
  }
}

const isWhole = (o: Partial<Overview>): o is Overview => !!(o.event_id && o.verdict && o.attention && o.nodes && o.services && o.feed);

const liveKeys = new Set(['verdict', 'attention', 'feed', 'nodes', 'node', 'services', 'service']);

function schedule(run: () => void): { cancel: () => void } {
  if (document.hidden) {
    const timer = setTimeout(run, 1000);
    return { cancel: () => clearTimeout(timer) };
  }
  const frame = requestAnimationFrame(run);
  return { cancel: () => cancelAnimationFrame(frame) };
}

function facts({ vitals: _vitals, ...rest }: Node): NodeFacts {
  return rest;
}

function ref(s: Service): ServiceRef {
  return { id: s.id, display: s.display, group: s.group, node: s.node, kind: s.kind, hidden: s.hidden };
}

function sameRef(a: ServiceRef, b: ServiceRef): boolean {
  return a.display === b.display && a.group === b.group && a.node === b.node && a.hidden === b.hidden;
}

function placed(refs: ServiceRef[], r: ServiceRef): ServiceRef[] {
  const at = refs.findIndex((x) => x.id === r.id);
  return at < 0 ? [...refs, r] : refs.with(at, r);
}
