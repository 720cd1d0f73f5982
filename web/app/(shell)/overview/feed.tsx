'use client';
import { useQuery } from '@tanstack/react-query';
import { History, Pause, Play } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { feedQuery } from '@/api/keys';
import type { FeedEntry } from '@/api/types';
import { FeedLine } from '@/app/parts/feed-entry';
import { ButtonLink, IconButton } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { Empty } from '@/components/states';
import { useCommands } from '@/state/commands';

const shown = 14;

export function Feed() {
  const now = useQuery(feedQuery()).data ?? [];
  const [paused, setPaused] = useState<FeedEntry[] | null>(null);
  const toggle = () => setPaused((p) => (p ? null : now));
  const act = useRef(toggle);
  act.current = toggle;
  useCommands(useMemo(() => [{ id: 'pause-feed', title: 'Pause live lists', group: 'On this page', keys: 'Space', run: () => act.current() }], []));
  const list = paused ?? now;
  const missed = paused ? now.findIndex((e) => e.id === paused[0]?.id) : 0;
  return (
    <Card label="What happened">
      <CardHead title="What happened" note={paused ? (missed > 0 ? `paused, ${missed} new` : 'paused') : 'live'}>
        <ButtonLink href="/events" look="ghost" size="sm">
          All events
        </ButtonLink>
        <IconButton small icon={paused ? Play : Pause} label={paused ? 'Resume' : 'Pause'} onClick={toggle} />
      </CardHead>
      {list.length === 0 ? <Nothing /> : <Lines list={list.slice(0, shown)} />}
    </Card>
  );
}

/* What was there when the list appeared does not flash. */
function Lines({ list }: { list: FeedEntry[] }) {
  const [first] = useState(() => new Set(list.map((e) => e.id)));
  return (
    <ul className="py-1.5">
      {list.map((e) => (
        <FeedLine key={e.id} entry={e} fresh={!first.has(e.id)} />
      ))}
    </ul>
  );
}

function Nothing() {
  return (
    <Empty icon={History} title="Nothing has happened yet">
      Starts, stops, failures and changes appear here as they happen.
    </Empty>
  );
}
