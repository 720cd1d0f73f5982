'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { SearchX, ShieldCheck } from 'lucide-react';
import { useDeferredValue, useMemo } from 'react';
import { auditPages } from '@/api/keys';
import { Gate } from '@/app/parts/gate';
import { Button } from '@/components/button';
import { Card, PageHead } from '@/components/card';
import { Fetched } from '@/components/fetched';
import { MoreOnSight } from '@/components/more';
import { Empty } from '@/components/states';
import { Downloads } from './downloads';
import { Entries } from './entries';
import { useAuditFilter, wireFilter, type AuditFilter } from './filter';
import { FilterBar } from './filter-bar';
import { Verify } from './verify';

/* Every change and every refused one. */
export function Audit() {
  return (
    <Gate permission="audit:read" what="see the audit log">
      <Screen />
    </Gate>
  );
}

function Screen() {
  const [filter, setFilter] = useAuditFilter();
  return (
    <>
      <PageHead title="Audit log" note="Every change and every refused one, chained so that nothing can be taken out unseen">
        <Verify />
        <Downloads filter={wireFilter(filter)} />
      </PageHead>
      <FilterBar filter={filter} onChange={setFilter} />
      <List filter={useDeferredValue(filter)} clear={() => setFilter({})} />
    </>
  );
}

function List({ filter, clear }: { filter: AuditFilter; clear: () => void }) {
  const pages = useInfiniteQuery(auditPages(wireFilter(filter)));
  const entries = useMemo(() => pages.data?.pages.flatMap((p) => p.entries), [pages.data]);
  return (
    <Fetched query={{ ...pages, data: entries }} what="The audit log">
      {(list) =>
        list.length ? (
          <>
            <Entries list={list} />
            {pages.hasNextPage && <MoreOnSight busy={pages.isFetchingNextPage} more={() => void pages.fetchNextPage()} />}
          </>
        ) : (
          <Card>
            <Nothing filter={filter} clear={clear} />
          </Card>
        )
      }
    </Fetched>
  );
}

function Nothing({ filter, clear }: { filter: AuditFilter; clear: () => void }) {
  if (!Object.values(filter).some(Boolean))
    return (
      <Empty icon={ShieldCheck} title="Nothing has been changed yet">
        Sign-ins, changes and refused attempts appear here.
      </Empty>
    );
  return <Empty icon={SearchX} title={filter.text ? `No entry matches “${filter.text}”` : 'No entry matches the filter'} actions={<Button onClick={clear}>Clear the filter</Button>} />;
}
