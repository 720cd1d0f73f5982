'use client';
import { ShieldQuestion } from 'lucide-react';
import type { ServiceDetail } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { Chip } from '@/components/chip';
import { Icon } from '@/components/icon';
import { Shape } from '@/components/shape';
import { checkWord } from '@/lib/checks';
import { dayYear, duration, exact, latency, when } from '@/lib/format';
import type { Look } from '@/lib/states';
import { useClock } from '@/state/clock';
import { useMay } from '@/state/session';

type Check = ServiceDetail['checks'][number];

const looks: Record<Check['state'], Look> = {
  up: { shape: 'ok', word: 'Good' },
  down: { shape: 'bad', word: 'Not good' },
  unknown: { shape: 'unknown', word: 'Not tried' },
  waiting: { shape: 'working', word: 'First answer awaited' },
};

/* What Hydra asks, and what was answered: evidence, not belief. */
export function Checks({ detail: d }: { detail: ServiceDetail }) {
  const may = useMay('services:write');
  return (
    <Card label="Checks">
      <CardHead title="Checks" note={d.checks.length ? undefined : 'none'} />
      {d.checks.length ? (
        <ul>
          {d.checks.map((c) => (
            <CheckRow key={c.kind + c.target} check={c} />
          ))}
        </ul>
      ) : (
        <p className="flex items-start gap-2.5 px-4 py-3 text-fg-2">
          <Icon of={ShieldQuestion} className="mt-0.5 text-fg-3" />
          {unchecked(d)} {may && 'Edit it to add a check.'}
        </p>
      )}
    </Card>
  );
}

function unchecked(d: ServiceDetail): string {
  if (d.kind === 'manual') return 'Nothing is asked, so Hydra says nothing of its health.';
  if (d.kind === 'process') return 'Hydra sees that it runs and listens. Nothing asks whether it answers well.';
  return 'Hydra sees that it runs. Nothing asks whether it answers.';
}

function CheckRow({ check: c }: { check: Check }) {
  const look = looks[c.state];
  const t = c.time ? Date.parse(c.time) : 0;
  const ago = useClock((now) => (t ? when(t, now) : ''));
  const ms = latency(c.latency_ms);
  const took = ms && !/\d m?s\b/.test(c.text ?? '') && (ms.endsWith('s') ? ms : `${ms} ms`); // the text often says it
  const evidence = [c.text, took].filter(Boolean).join(' · ');
  return (
    <li className="check-row">
      <Shape shape={look.shape} label={look.word} className="mt-[5px]" />
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="font-medium">{checkWord(c.kind)}</span>
          <span className="font-mono text-12 text-fg-2 [overflow-wrap:anywhere]">{c.target}</span>
        </p>
        <p className="live text-12 text-fg-2 [overflow-wrap:anywhere]">
          {evidence || look.word}
          {ago && (
            <time dateTime={c.time ?? ''} title={exact(t)} className="text-fg-3">
              {' '}
              · {ago}
            </time>
          )}
        </p>
        {c.tls_expires && <Certificate until={Date.parse(c.tls_expires)} />}
      </div>
      <div className="flex items-center gap-2 text-12 whitespace-nowrap text-fg-3">
        {c.interval_ms > 0 && <span className="num">every {duration(c.interval_ms)}</span>}
        <Chip>{c.automatic ? 'Automatic' : 'Set by hand'}</Chip>
      </div>
    </li>
  );
}

const soon = 14 * 86_400_000;

function Certificate({ until }: { until: number }) {
  const left = until - Date.now();
  const text = left < 0 ? `Certificate ended on ${dayYear(until)}` : `Certificate until ${dayYear(until)}, ${duration(left)} left`;
  return <p className={left < 0 ? 'text-12 text-bad' : left < soon ? 'text-12 text-warn' : 'text-12 text-fg-3'}>{text}</p>;
}
