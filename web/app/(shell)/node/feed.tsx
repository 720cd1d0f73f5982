'use client';
import { useQuery } from '@tanstack/react-query';
import { memo } from 'react';
import { feedQuery } from '@/api/keys';
import { FeedLine } from '@/app/parts/feed-entry';
import { ButtonLink } from '@/components/button';
import { Card, CardHead } from '@/components/card';

const shown = 10;

export const NodeFeed = memo(function NodeFeed({ node }: { node: string }) {
  const list = useQuery({ ...feedQuery(), select: (f) => f.filter((e) => e.node === node).slice(0, shown) }).data;
  if (!list?.length) return null;
  return (
    <Card label="What happened">
      <CardHead title="What happened">
        <ButtonLink href={`/events?node=${encodeURIComponent(node)}`} look="ghost" size="sm">
          All
        </ButtonLink>
      </CardHead>
      <ul className="py-1.5">
        {list.map((e) => (
          <FeedLine key={e.id} entry={e} />
        ))}
      </ul>
    </Card>
  );
});
