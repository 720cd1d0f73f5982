// Ties the stream to the cache and to the connection store. One per page: screens come and go, this stays.
import type { QueryClient } from '@tanstack/react-query';
import { ApiError } from '@/api/client';
import { getOverview, getTrends, getWindow } from '@/api/keys';
import type { Overview } from '@/api/types';
import { takeEmbedded } from '@/lib/embedded';
import { openStream, type Stream } from '@/stream/client';
import { Patcher } from '@/stream/patch';
import { compareIds, type StreamStatus } from '@/stream/protocol';
import { series, vitalColumns } from '@/stream/series';
import { tickWithFrame } from './clock';
import { useConnection } from './connection';

const baseTopics = ['state', 'vitals', 'feed', 'access', 'jobs'];
const staleAfter = 3000;

/* Which lists to read again. Nodes and their tokens change no rights. */
const listsOf = (what: string): string[] => (what === 'nodes' ? ['enrolments'] : ['session', 'users', 'tokens', 'sessions']);

export class Live {
  private readonly patcher: Patcher;
  private stream: Stream | null = null;
  private readonly watched = new Map<string, number>();
  private begun: Promise<void> | null = null;
  private filled = false;
  private opening = false;
  private hurry = () => {};
  private loading: Promise<void> | null = null;
  private staleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    client: QueryClient,
    private readonly leave: (why: 'signed-out' | 'forbidden') => void,
  ) {
    this.patcher = new Patcher(client, series, {
      schemaChanged: (node) => void this.readWindow(node),
      applied: tickWithFrame,
      incomplete: () => void this.load(),
      accessChanged: (what) => listsOf(what).forEach((list) => void client.invalidateQueries({ queryKey: [list] })),
    });
    this.markStale(false); // a stream that never comes is said, too
    useConnection.setState({ retry: () => (this.hurry(), this.stream?.retry()) });
    document.addEventListener('visibilitychange', () => document.hidden || this.patcher.flush());
  }

  /* The snapshot in the page when there is one, else fetched, and again until it comes. */
  begin(): Promise<void> {
    return (this.begun ??= this.first());
  }

  private async first(): Promise<void> {
    const embedded = takeEmbedded<Overview>('hydra-overview');
    if (embedded) this.seed(embedded);
    else await this.load();
  }

  /* A node's metrics flow while its page is open. */
  watch(node: string): () => void {
    this.watched.set(node, (this.watched.get(node) ?? 0) + 1);
    this.topics();
    if (series.metrics(node).schema < 0) void this.readWindow(node);
    return () => {
      const n = (this.watched.get(node) ?? 1) - 1;
      if (n > 0) this.watched.set(node, n);
      else this.watched.delete(node);
      setTimeout(() => this.unwatched(node), 1000); // a page that is opened again at once keeps its stream
    };
  }

  /* Older points for sparklines, read when the page is idle. */
  async fillTrends(): Promise<void> {
    if (this.filled) return;
    this.filled = true;
    const trends = await getTrends().catch(() => null);
    for (const n of trends?.nodes ?? []) series.vitals(n.id).fill(n.t, n.t.map((_, i) => vitalColumns.map((c) => n[c][i] ?? null)));
  }

  private pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.hurry = () => (clearTimeout(timer), done());
    });
  }

  private unwatched(node: string): void {
    if (this.watched.has(node)) return;
    series.metrics(node).cut();
    this.topics();
  }

  private topics(): void {
    this.stream?.setTopics(this.wanted());
  }

  private wanted(): string[] {
    return [...baseTopics, ...[...this.watched.keys()].map((n) => `metrics/${n}`)];
  }

  /* Opened once the snapshot is painted: the stream begins where the snapshot stands, so nothing is missed, and the
     worker's start does not compete with the first picture. */
  private follow(id: string): void {
    if (this.stream) return this.stream.begin(id);
    if (this.opening) return;
    this.opening = true;
    afterPaint(() => {
      this.stream = openStream(
        {
          events: (events) => {
            this.patcher.receive(events);
            useConnection.setState({ lastData: Date.now() });
          },
          status: (status, cursor) => this.onStatus(status, cursor),
          returned: () => void this.load(),
        },
        this.wanted(),
      );
      this.stream.begin(this.patcher.cursor);
    });
  }

  /* Events wait until the snapshot is there, and it is asked for until it comes. */
  private load(): Promise<void> {
    this.patcher.hold();
    return (this.loading ??= this.untilLoaded().finally(() => (this.loading = null)));
  }

  private async untilLoaded(): Promise<void> {
    for (let wait = 1000; ; wait = Math.min(wait * 2, 15_000)) {
      try {
        this.seed(await getOverview());
        return useConnection.setState({ failure: null });
      } catch (e) {
        if (!(e instanceof ApiError)) throw e;
        useConnection.setState({ failure: e });
        if (e.status === 401 || e.status === 403) return;
        await this.pause(wait);
      }
    }
  }

  private seed(overview: Overview): void {
    this.patcher.seed(overview);
    this.follow(overview.event_id);
    useConnection.setState({ lastData: Date.now() });
  }

  private async readWindow(node: string, wait = 1000): Promise<void> {
    const metrics = series.metrics(node);
    metrics.renew();
    const w = await getWindow(node).catch(() => null);
    if (!this.watched.has(node)) return; // left meanwhile: what comes later would not follow on it
    if (w) return metrics.load(w);
    await new Promise((done) => setTimeout(done, wait));
    if (this.watched.has(node) && metrics.schema < 0) void this.readWindow(node, Math.min(wait * 2, 15_000));
  }

  private onStatus(status: StreamStatus, cursor: string | null): void {
    useConnection.setState({ status });
    if (status.state !== 'idle' && status.state !== 'connecting') useConnection.setState({ lost: status.state !== 'live' });
    if (status.state === 'ended') return this.leave(status.why);
    // The worker was there before this page: what it passed on before we came is only in a fresh snapshot.
    const seen = this.patcher.cursor;
    if (status.state === 'live' && cursor && seen && compareIds(cursor, seen) > 0) void this.load();
    this.markStale(status.state === 'live');
  }

  private markStale(live: boolean): void {
    clearTimeout(this.staleTimer);
    if (live) useConnection.setState({ stale: false });
    else this.staleTimer = setTimeout(() => useConnection.setState({ stale: true }), staleAfter);
  }
}

/* A hidden page paints nothing: there it is the next turn. */
function afterPaint(run: () => void): void {
  if (document.hidden) setTimeout(run);
  else requestAnimationFrame(() => setTimeout(run));
}

let current: Live | null = null;

/* Counted by nothing: StrictMode mounts twice and must not open two streams. */
export function startLive(client: QueryClient, leave: (why: 'signed-out' | 'forbidden') => void): Live {
  current ??= new Live(client, leave);
  return current;
}

export const live = (): Live | null => current;
