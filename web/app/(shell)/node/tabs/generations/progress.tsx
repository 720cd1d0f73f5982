'use client';
import type { GenerationSwitch, Generations } from '@/api/types';
import { Time } from '@/app/parts/time';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { duration } from '@/lib/format';
import { isOver, nameOfPath, stepsOf, type Step } from '@/lib/generations';
import { useClock } from '@/state/clock';

const shapes = { done: 'ok', now: 'working', next: 'stopped' } as const;
const said = { done: 'Done', now: 'Now', next: 'To come' } as const;
const remembered = 60 * 60_000; // how long an end is news, by the time until which it could have gone back

/* Where a switch stands, and what happens when nobody confirms it. */
export function Progress({ list, of: s }: { list: Generations['generations']; of: GenerationSwitch }) {
  const old = useClock((now) => String(isOver(s.phase) && (!s.until || now - Date.parse(s.until) > remembered))) === 'true';
  if (old) return null;
  const from = nameOfPath(list, s.from);
  const to = nameOfPath(list, s.to);
  const over = isOver(s.phase);
  return (
    <section aria-label="The last switch" role="status" className="border-b border-line px-4 py-3">
      <p className="font-medium">
        {over ? `From ${from} to ${to === 'the system before' ? 'a new one' : to}: ${s.phase === 'confirmed' ? 'done' : 'rolled back'}` : `From ${from} to ${to === 'the system before' ? 'a new one' : to}`}
      </p>
      <ol className="mt-1.5 grid gap-1">
        {stepsOf(s.phase, s.reboot).map((x) => (
          <Line key={x.phase} step={x} failed={s.phase === 'rolled-back' && x.phase === 'rolled-back'} />
        ))}
      </ol>
      {s.text && <p className="mt-1.5 [overflow-wrap:anywhere]">{s.text}</p>}
      {!over && s.until && <Until at={Date.parse(s.until)} from={from} />}
      {over && s.until && (
        <p className="mt-1.5 text-12 text-fg-3">
          <Time of={s.until} />
        </p>
      )}
    </section>
  );
}

function Line({ step: x, failed }: { step: Step; failed: boolean }) {
  return (
    <li className={cx('flex items-center gap-2', x.state === 'next' && 'text-fg-3')} aria-current={x.state === 'now' ? 'step' : undefined}>
      <Shape shape={failed ? 'warn' : shapes[x.state]} size="sm" label={said[x.state]} />
      {x.text}
    </li>
  );
}

function Until({ at, from }: { at: number; from: string }) {
  const left = useClock((now) => (at > now ? duration(at - now) : ''));
  return <p className="mt-1.5 text-12 text-fg-2">{left ? `It goes back to ${from} by itself in ${left} unless Hydra finds it well.` : `It goes back to ${from} now, unless Hydra found it well.`}</p>;
}
