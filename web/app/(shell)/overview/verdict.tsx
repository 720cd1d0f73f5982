'use client';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { feedQuery, verdictQuery } from '@/api/keys';
import type { Verdict } from '@/api/types';
import { Shape, WellShape } from '@/components/shape';
import { when } from '@/lib/format';
import { severityLook } from '@/lib/states';
import { useClock } from '@/state/clock';
import { Matrix } from './matrix';

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

export function VerdictHead() {
  const verdict = useQuery(verdictQuery()).data;
  return verdict && <Head verdict={verdict} />;
}

function Head({ verdict }: { verdict: Verdict }) {
  const v = useDamped(verdict, calm);
  useTitle(v);
  return (
    <section aria-label="Verdict" className="verdict">
      <div className="min-w-0 flex-1">
        <h1>
          <VerdictShape severity={v.severity} />
          <span className="live">{v.sentence}</span>
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
