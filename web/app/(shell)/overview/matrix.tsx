'use client';
// One bar per service, by group. Where there are too many, a bar stands for several, and each kind of trouble keeps one.
// Until this has run, the bars are those of src/api/markup.c: same elements, same classes, same room.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { memo } from 'react';
import { serviceQuery, servicesQuery } from '@/api/keys';
import type { Service, ServiceRef, Verdict } from '@/api/types';
import { Link } from '@/components/link';
import { count } from '@/lib/format';
import { groupBy } from '@/lib/group';
import { serviceLook, stateRank } from '@/lib/states';
import { useEntity } from '@/state/entity';

const room = 84; // bars beside the sentence
const least = 8;

export function Matrix({ verdict }: { verdict: Verdict }) {
  const refs = useQuery(servicesQuery()).data ?? [];
  const shown = refs.filter((r) => !r.hidden);
  const groups = groupBy(shown, (r) => r.group);
  const { healthy, total, degraded, down } = verdict.counts;
  if (!groups.length) return null;
  const dense = shown.length > room;
  const bars = Math.max(least, Math.floor(room / groups.length));
  return (
    <div className="matrix" role="group" aria-label={`${healthy} of ${total} services healthy, ${degraded} degraded, ${down} down`}>
      {groups.map(([name, list]) => (
        <Link key={name} href="#services" aria-label={`${name}, ${count(list.length, 'service')}`}>
          <span className="matrix-row live">
            {dense && list.length > bars ? <Shares list={list} bars={bars} /> : list.map((r) => <Cell key={r.id} id={r.id} name={r.display} />)}
          </span>
          <span className="matrix-name">
            {name} <b>{list.length}</b>
          </span>
        </Link>
      ))}
    </div>
  );
}

const Cell = memo(function Cell({ id, name }: { id: ServiceRef['id']; name: string }) {
  const state = useEntity(serviceQuery(id), (s) => s.state);
  if (!state) return null;
  return <i className="cell" data-state={state} title={`${name}: ${serviceLook[state].word}`} />;
});

/* Read anew with each verdict, which changes whenever a state does. */
function Shares({ list, bars }: { list: ServiceRef[]; bars: number }) {
  const client = useQueryClient();
  const states = list.flatMap((r) => client.getQueryData(serviceQuery(r.id).queryKey)?.state ?? []);
  const kinds = groupBy(states.toSorted((a, b) => stateRank(a) - stateRank(b)), (s) => s);
  return kinds.flatMap(([state, all]) => {
    const n = Math.max(1, Math.round((all.length / states.length) * bars));
    return Array.from({ length: n }, (_, i) => <i key={`${state} ${i}`} className="cell" data-state={state} title={shareTitle(state, all.length)} />);
  });
}

const shareTitle = (state: string, n: number): string => `${n} ${serviceLook[state as Service['state']].word.toLowerCase()}`;
