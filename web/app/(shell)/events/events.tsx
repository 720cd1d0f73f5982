'use client';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { History, SearchX } from 'lucide-react';
import { useDeferredValue, useMemo, type ReactNode } from 'react';
import { eventsPages, feedQuery } from '@/api/keys';
import type { FeedEntry } from '@/api/types';
import { FeedLine } from '@/app/parts/feed-entry';
import { Button } from '@/components/button';
import { Card, PageHead } from '@/components/card';
import { MoreOnSight } from '@/components/more';
import { Empty, ErrorState, NoPermission, SkeletonRows } from '@/components/states';
import { dayName } from '@/lib/format';
import { groupBy } from '@/lib/group';
import { useMayKnown, useSession } from '@/state/session';
import { fits, useFilter, type EventFilter } from './filter';
import { FilterBar } from './filter-bar';

/* What happened, newest first; new entries come in at the top by themselves. */
export function Events() {
  const may = useMayKnown('events:read');
  const session = useSession();
  const [filter, setFilter] = useFilter();
  if (may === false) return <NoPermission what="see events" permission="events:read" who={`${session?.user.name}, ${session?.user.role}`} />;
  return (
    <>
      <PageHead title="Events" note="Starts, stops, failures and changes, as Hydra saw them" />
      <FilterBar filter={filter} onChange={setFilter} />
      <List filter={useDeferredValue(filter)} clear={() => setFilter({})} />
    </>
  );
}

/* Live entries that are not in the pages yet and pass the same filter. */
function useLiveHead(filter: EventFilter, known: FeedEntry[]): FeedEntry[] {
  const feed = useQuery(feedQuery()).data;
  return useMemo(() => {
    const ids = new Set(known.map((e) => e.id));
    const newest = known[0] ? Date.parse(known[0].time) : 0;
    return (feed ?? []).filter((e) => !ids.has(e.id) && Date.parse(e.time) >= newest && fits(e, filter));
  }, [feed, known, filter]);
}

function List({ filter, clear }: { filter: EventFilter; clear: () => void }) {
  const pages = useInfiniteQuery(eventsPages({ ...filter }));
  const known = useMemo(() => pages.data?.pages.flatMap((p) => p.entries) ?? [], [pages.data]);
  const fresh = useLiveHead(filter, known);
  if (pages.isPending) return <Frame><SkeletonRows rows={12} /></Frame>;
  if (pages.isError)
    return <Frame><ErrorState title="The events could not be read" detail={pages.error.message} retry={() => void pages.refetch()} /></Frame>;
  const all = [...fresh, ...known];
  if (!all.length) return <Frame><Nothing filter={filter} clear={clear} /></Frame>;
  return (
    <>
      <Days entries={all} fresh={fresh.length} />
      {pages.hasNextPage && <MoreOnSight busy={pages.isFetchingNextPage} more={() => void pages.fetchNextPage()} />}
    </>
  );
}

const Frame = ({ children }: { children: ReactNode }) => <Card>{children}</Card>;

function Days({ entries, fresh }: { entries: FeedEntry[]; fresh: number }) {
  const now = Date.now();
  const days = groupBy(entries, (e) => dayName(Date.parse(e.time), now));
  const isFresh = new Set(entries.slice(0, fresh).map((e) => e.id));
  return days.map(([name, list]) => (
    <section key={name} className="mb-3.5" aria-label={name}>
      <h2 className="mb-1.5 px-0.5 text-12 font-medium text-fg-3">{name}</h2>
      <Card>
        <ul className="event-list">
          {list.map((e) => (
            <FeedLine key={e.id} entry={e} fresh={isFresh.has(e.id)} wide />
          ))}
        </ul>
      </Card>
    </section>
  ));
}

function Nothing({ filter, clear }: { filter: EventFilter; clear: () => void }) {
  if (!Object.values(filter).some(Boolean))
    return (
      <Empty icon={History} title="Nothing has happened yet">
        Starts, stops, failures and changes appear here as they happen.
      </Empty>
    );
  return (
    <Empty icon={SearchX} title={filter.text ? `No event matches “${filter.text}”` : 'No event matches the filter'} actions={<Button onClick={clear}>Clear the filter</Button>} />
  );
}
