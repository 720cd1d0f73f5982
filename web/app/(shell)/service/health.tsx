'use client';
import { useMemo } from 'react';
import type { ServiceDetail } from '@/api/types';
import { Card } from '@/components/card';
import { Shape } from '@/components/shape';
import { TableToggle } from '@/components/table-toggle';
import { clock, clockSeconds, day, dayYear, duration } from '@/lib/format';
import { healthBars, troubles, withGaps, type HealthBar, type Stretch } from '@/lib/history';
import { serviceLook } from '@/lib/states';

const barsFor = (width: number): number => (width <= 720 ? 48 : 96);
const dayMs = 86_400_000;
const least = 15 * 60_000;

/* What was: one bar per stretch of time, as far back as Hydra remembers, a day at most. */
export function Health({ detail: d }: { detail: ServiceDetail }) {
  const stretches = useMemo(() => d.history.map((h): Stretch => ({ ...h, from: Date.parse(h.from), to: Date.parse(h.to) })), [d.history]);
  const to = Math.max(Date.now(), stretches.at(-1)?.to ?? 0);
  const from = Math.max(to - dayMs, Math.min(stretches[0]?.from ?? to, to - least));
  const watched = Math.max(from, stretches[0]?.from ?? to);
  const bars = barsFor(innerWidth);
  const list = healthBars(stretches, from, to, bars);
  const trouble = troubles(stretches);
  return (
    <Card label="Health" className="px-4 pt-3 pb-3.5">
      <div className="mb-2 flex flex-wrap items-baseline gap-x-2 gap-y-1">
        <h2 className="font-medium">Health</h2>
        <small className="text-12 text-fg-3">
          last {duration(to - from)}, {duration((to - from) / bars)} a bar
        </small>
        {d.uptime.hours24 != null && (
          <span className="num ml-auto text-12 text-fg-3">
            <b className="text-13 font-medium text-fg">{percentUp(d.uptime.hours24)} %</b> {to - watched < 0.99 * dayMs ? `since ${clock(watched)}` : 'of 24 h'}
          </span>
        )}
      </div>
      <div className="health" role="img" aria-label={summary(trouble, watched)}>
        {list.map((b) => (
          <i key={b.from} data-state={b.known ? b.state : 'none'} data-tip={barText(b)} />
        ))}
      </div>
      <Axis from={from} trouble={trouble[0]} />
      <TableToggle>
        <HistoryTable stretches={stretches} />
      </TableToggle>
    </Card>
  );
}

const percentUp = (p: number): string => (p === 100 ? '100' : Math.min(99.99, p).toFixed(p > 99.9 ? 2 : 1));

function barText(b: HealthBar): string {
  const span = `${clock(b.from)}–${clock(b.to)}`;
  if (!b.known) return `${span} Hydra did not watch`;
  return `${span} ${serviceLook[b.state].word}${b.reason && b.state !== 'healthy' ? `: ${b.reason}` : ''}`;
}

function summary(trouble: Stretch[], from: number): string {
  const worst = trouble[0];
  if (!worst) return `No trouble since ${clock(from)}`;
  return `${trouble.length} times not well since ${clock(from)}; last ${serviceLook[worst.state].word.toLowerCase()} at ${clock(worst.from)} for ${duration(worst.to - worst.from)}`;
}

function Axis({ from, trouble }: { from: number; trouble: Stretch | undefined }) {
  const start = dayYear(from) === dayYear(Date.now()) ? clock(from) : `${day(from)}, ${clock(from)}`;
  return (
    <div className="num mt-1.5 flex justify-between gap-3 text-11 text-fg-3">
      <span>{start}</span>
      {trouble && (
        <span className={trouble.state === 'down' ? 'text-bad' : 'text-warn'}>
          <Shape shape={serviceLook[trouble.state].shape} size="sm" className="mr-1 inline" />
          {serviceLook[trouble.state].word.toLowerCase()} {duration(trouble.to - trouble.from)} at {clock(trouble.from)}
        </span>
      )}
      <span>now</span>
    </div>
  );
}

function HistoryTable({ stretches }: { stretches: Stretch[] }) {
  return (
    <table className="data">
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">For</th>
          <th scope="col">State</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        {withGaps(stretches).toReversed().map((h) => (
          <tr key={h.from}>
            <td className="num whitespace-nowrap">
              {day(h.from)}, {clockSeconds(h.from)}
            </td>
            <td className="num whitespace-nowrap">{duration(h.to - h.from)}</td>
            <td>{h.known ? serviceLook[h.state].word : 'No data'}</td>
            <td className="text-fg-2">{h.known ? h.reason : 'Hydra did not watch'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
