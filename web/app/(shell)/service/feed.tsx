'use client';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { feedQuery } from '@/api/keys';
import type { ServiceDetail } from '@/api/types';
import { FeedLine } from '@/app/parts/feed-entry';
import { ButtonLink } from '@/components/button';
import { Card, CardHead } from '@/components/card';

const shown = 12;

/* What happened to it: its own list, with what the stream added since. */
export function ServiceFeed({ detail: d }: { detail: ServiceDetail }) {
  const live = useQuery(feedQuery()).data;
  const list = useMemo(() => {
    const known = new Set(d.feed.map((f) => f.id));
    return [...(live ?? []).filter((f) => f.service === d.id && !known.has(f.id)), ...d.feed].slice(0, shown);
  }, [live, d.feed, d.id]);
  return (
    <Card label="What happened">
      <CardHead title="What happened">
        <ButtonLink href={`/events?service=${encodeURIComponent(d.id)}`} look="ghost" size="sm">
          All
        </ButtonLink>
      </CardHead>
      {list.length ? (
        <ul className="py-1.5">
          {list.map((f) => (
            <FeedLine key={f.id} entry={f} />
          ))}
        </ul>
      ) : (
        <p className="px-4 py-3 text-12 text-fg-3">Nothing since Hydra watches it.</p>
      )}
    </Card>
  );
}
