'use client';
import type { ReactNode } from 'react';
import type { ServiceDetail } from '@/api/types';
import { Card } from '@/components/card';
import { Sparkline, stepUp } from '@/components/sparkline';
import { duration, latency, memory, none, percent } from '@/lib/format';
import { useClock } from '@/state/clock';

/* The few numbers that matter; what can't be measured is not drawn. */
export function Numbers({ detail: d }: { detail: ServiceDetail }) {
  const cells = [
    d.checks.some((c) => c.last.some((ms) => ms != null)) && <Answer key="answer" detail={d} />,
    d.cpu != null && <Cell key="cpu" name="CPU" {...percent(d.cpu)} note="of one core" />,
    d.memory != null && <Cell key="memory" name="Memory" {...memory(d.memory)} />,
    d.kind !== 'manual' && <Cell key="restarts" name="Restarts" value={String(d.restarts_10min)} note="in 10 min" tone={d.looping ? 'text-bad' : ''} />,
    d.started && !d.ended && d.state !== 'unknown' && <Running key="running" since={Date.parse(d.started)} />,
  ].filter(Boolean);
  if (!cells.length) return null;
  return (
    <Card label="Key numbers" className="live figures">
      {cells}
    </Card>
  );
}

interface CellProps {
  name: string;
  value: string;
  unit?: string;
  note?: string;
  tone?: string;
  children?: ReactNode;
}

function Cell({ name, value, unit, note, tone, children }: CellProps) {
  return (
    <div className="figure">
      <span className="text-12 text-fg-3">{name}</span>
      <div className="num flex items-baseline gap-1.5 whitespace-nowrap">
        <b className={`text-18 font-medium ${tone ?? ''}`}>{value}</b>
        <small className="text-12 text-fg-3">{[unit, note].filter(Boolean).join(' ')}</small>
      </div>
      {children}
    </div>
  );
}

function Answer({ detail: d }: { detail: ServiceDetail }) {
  const check = d.checks.find((c) => c.last.length > 0);
  const text = latency(d.latency_ms ?? check?.latency_ms);
  const [value = none, unit] = text.endsWith(' s') ? text.split(' ') : [text || none, text ? 'ms' : ''];
  const last = check?.last ?? [];
  return (
    <Cell name="Answers in" value={value} unit={unit}>
      {last.length > 3 && <Sparkline values={last} max={stepUp(last, 10)} colour={1} />}
    </Cell>
  );
}

function Running({ since }: { since: number }) {
  const text = useClock((now) => duration(now - since));
  return <Cell name="Running for" value={text} />;
}
