'use client';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { duration } from '@/lib/format';
import type { Shape as ShapeName } from '@/lib/states';
import { useClock } from '@/state/clock';
import { useConnection } from '@/state/connection';
import type { StreamStatus } from '@/stream/protocol';

const looks: Record<StreamStatus['state'], { shape: ShapeName; word: string }> = {
  idle: { shape: 'working', word: 'Connecting' },
  connecting: { shape: 'working', word: 'Connecting' },
  live: { shape: 'ok', word: 'Live' },
  waiting: { shape: 'warn', word: 'Reconnecting' },
  ended: { shape: 'warn', word: 'Not connected' },
};

function figure(status: StreamStatus): (now: number) => string {
  if (status.state === 'live') return () => `${Math.max(1, Math.round(status.rtt))} ms`;
  if (status.state === 'waiting' || status.state === 'connecting') return (now) => duration(now - status.since);
  return () => '';
}

/* The state of the event stream: how long an answer took, or for how long there has been none. */
export function Connection({ compact }: { compact?: boolean }) {
  const status = useConnection((s) => s.status);
  const text = useClock(figure(status));
  const look = looks[status.state];
  return (
    <div className={cx('flex items-center gap-2 text-12 text-fg-2', !compact && 'px-[9px] py-1')} data-tip="The live connection to Hydra">
      <Shape shape={look.shape} size="sm" label={compact ? look.word : undefined} />
      {!compact && <span>{look.word}</span>}
      <span className="num ml-auto whitespace-nowrap text-fg-3">{text}</span>
    </div>
  );
}
