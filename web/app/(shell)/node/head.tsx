'use client';
import { Power } from 'lucide-react';
import type { NodeFacts } from '@/api/types';
import { useOffer } from '@/app/parts/jobs/offers';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { Chip } from '@/components/chip';
import { Shape } from '@/components/shape';
import { clock, count, duration, join, memory } from '@/lib/format';
import { hostName, nodeLook, nodeName } from '@/lib/states';
import { ask } from '@/state/asking';
import { useClock } from '@/state/clock';
import { Actions } from './actions';

export function Head({ node: n }: { node: NodeFacts }) {
  const look = nodeLook(n.state, n.severity);
  return (
    <header className="mb-4 flex items-start gap-3.5">
      <div className="min-w-0 flex-1">
        <h1 className="flex flex-wrap items-center gap-3 text-20 font-semibold tracking-tight">
          <Shape shape={look.shape} size="lg" label={look.word} />
          <span className="min-w-0 [overflow-wrap:anywhere]">{nodeName(n)}</span>
          {hostName(n) && <span className="text-13 font-regular tracking-normal text-fg-3">calls itself {hostName(n)}</span>}
          {n.label && n.label !== n.name && n.label !== n.id && <span className="text-13 font-regular tracking-normal text-fg-3">{n.label}</span>}
          {n.state !== 'online' && <Chip>{look.word}</Chip>}
          {n.pending_reboot && <Chip tone="warn">Reboot pending</Chip>}
        </h1>
        <p className="mt-[3px] text-fg-2">
          <Line node={n} />
        </p>
        {n.pending_reboot && <p className="mt-1 text-12 text-warn">{n.pending_reboot}</p>}
        {n.state === 'away' && <Away node={n} />}
        {n.state === 'late' && <Late node={n} />}
      </div>
      <Actions node={n} />
    </header>
  );
}

function Line({ node: n }: { node: NodeFacts }) {
  const up = useClock((now) => (n.boot_time ? duration(now - Date.parse(n.boot_time)) : ''));
  const parts = [
    n.os,
    n.cpu_model && `${n.cpu_model}, ${count(n.cpu_threads, 'thread')}`,
    n.memory_total > 0 && join(memory(n.memory_total)),
    n.gpus.length > 0 && count(n.gpus.length, 'GPU'),
    up && n.state !== 'away' && `up ${up}`,
  ];
  return parts.filter(Boolean).join(' · ');
}

/* A beat or two are missing; nothing is said to be wrong yet. */
function Late({ node: n }: { node: NodeFacts }) {
  const t = Date.parse(n.seen);
  const age = useClock((now) => duration(now - t));
  return <p className="mt-2 text-fg-2">Last heard from {age} ago. It is taken for away when it stays silent.</p>;
}

function Away({ node: n }: { node: NodeFacts }) {
  const t = Date.parse(n.seen);
  const age = useClock((now) => duration(now - t));
  if (!n.os) return <p className="mt-2">Enrolled; its agent has not reported yet.</p>;
  return (
    <div className="mt-2 flex flex-wrap items-center gap-2.5">
      <p>
        Not heard from since {clock(t)}, {age} ago. What stands here is from then; its services are unknown until it is back.
      </p>
      <Wake node={n} />
    </div>
  );
}

/* By another node in its network, where one can. */
function Wake({ node: n }: { node: NodeFacts }) {
  const wake = useOffer(n.id, 'machine.wake');
  const offline = useOffline();
  if (!wake) return null;
  const held = wake.allowed ? offline : { disabled: true, 'data-tip': wake.why ?? undefined };
  return (
    <Button icon={Power} onClick={() => ask({ ids: [n.id], kind: 'node', word: 'machine.wake' })} {...held}>
      Wake…
    </Button>
  );
}
