'use client';
import { useQuery } from '@tanstack/react-query';
import { memo, useEffect, useState } from 'react';
import { feedQuery, serviceQuery, servicesQuery } from '@/api/keys';
import type { ServiceRef, Verdict } from '@/api/types';
import { Link } from '@/components/link';
import { Shape, WellShape } from '@/components/shape';
import { count, when } from '@/lib/format';
import { groupBy } from '@/lib/group';
import { serviceLook, severityLook } from '@/lib/states';
import { useClock } from '@/state/clock';

const calm = 2000; // the sentence changes at most this often

/* Shows a value, but not every one: changes within `ms` of the last wait. */
function useDamped<T>(value: T, ms: number): T {
  const [shown, setShown] = useState({ value, at: 0 });
  useEffect(() => {
    if (value === shown.value) return;
    const wait = Math.max(0, shown.at + ms - Date.now());
    const timer = setTimeout(() => setShown({ value, at: Date.now() }), wait);
    return () => clearTimeout(timer);
  }, [value, shown, ms]);
  return shown.value;
}

export function VerdictHead({ verdict }: { verdict: Verdict }) {
  const v = useDamped(verdict, calm);
  useTitle(v);
  return (
    <section aria-label="Verdict" className="verdict">
      <div className="min-w-0 flex-1">
        <h1>
          <VerdictShape severity={v.severity} />
          <span>{v.sentence}</span>
        </h1>
        <p className="verdict-detail">
          <span>{v.detail}</span>
          {v.severity === 'ok' && <LastChange />}
        </p>
      </div>
      <Matrix verdict={v} />
    </section>
  );
}

function VerdictShape({ severity }: { severity: Verdict['severity'] }) {
  const { shape, word } = severityLook[severity];
  return shape === 'ok' ? <WellShape label={word} /> : <Shape shape={shape} size="xl" label={word} />;
}

function useTitle(v: Verdict): void {
  useEffect(() => {
    const before = document.title;
    document.title = v.severity === 'ok' ? 'Overview · Hydra' : `${v.sentence} · Hydra`;
    return () => {
      document.title = before;
    };
  }, [v]);
}

function LastChange() {
  const last = useQuery({ ...feedQuery(), select: (f) => f[0] }).data;
  const ago = useClock((now) => (last ? when(Date.parse(last.time), now) : ''));
  if (!last) return null;
  return (
    <span className="before-dot">
      Last change {ago}: {last.text}
    </span>
  );
}

// --- one bar per service, by group

function Matrix({ verdict }: { verdict: Verdict }) {
  const refs = useQuery(servicesQuery()).data ?? [];
  const groups = groupBy(
    refs.filter((r) => !r.hidden),
    (r) => r.group,
  );
  const { healthy, total, degraded, down } = verdict.counts;
  const label = `${healthy} of ${total} services healthy, ${degraded} degraded, ${down} down`;
  if (!groups.length) return null;
  return (
    <div className="matrix" role="group" aria-label={label} data-dense={refs.length > 90}>
      {groups.map(([name, list]) => (
        <Link key={name} href="#services" aria-label={`${name}, ${count(list.length, 'service')}`}>
          <span className="matrix-row live">
            {list.map((r) => (
              <Cell key={r.id} id={r.id} name={r.display} />
            ))}
          </span>
          <span className="text-11 text-fg-3">
            {name} <b className="num font-medium text-fg-2">{list.length}</b>
          </span>
        </Link>
      ))}
    </div>
  );
}

const Cell = memo(function Cell({ id, name }: { id: ServiceRef['id']; name: string }) {
  const state = useQuery({ ...serviceQuery(id), select: (s) => s.state }).data;
  if (!state) return null;
  return <i className="cell" data-state={state} title={`${name}: ${serviceLook[state].word}`} />;
});
