'use client';
import { useQueries, useQuery } from '@tanstack/react-query';
import { nodeQuery, nodesQuery } from '@/api/keys';
import type { Gpu, NodeFacts } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { count, join, memory, number, percent, share, temperature } from '@/lib/format';
import { useVitals } from '@/state/vitals';

interface Place {
  gpu: Gpu;
  node: NodeFacts;
}

/* Not drawn where there is none. */
export function Gpus() {
  const ids = useQuery(nodesQuery()).data ?? [];
  const nodes = useQueries({ queries: ids.map(nodeQuery), combine: (all) => all.flatMap((q) => q.data ?? []) });
  const places: Place[] = nodes.flatMap((node) => node.gpus.map((gpu) => ({ gpu, node })));
  if (!places.length) return null;
  const total = places.reduce((sum, p) => sum + p.gpu.memory_total, 0);
  return (
    <div className="mt-3.5">
      <Card label="GPUs" className="overflow-hidden">
        <CardHead title="GPUs" note={`${count(places.length, 'GPU')}, ${join(memory(total))} together`} />
        <ul className="-ml-px grid l:grid-cols-2">
          {places.map((p) => (
            <GpuRow key={p.gpu.id + p.node.id} {...p} />
          ))}
        </ul>
      </Card>
    </div>
  );
}

function GpuRow({ gpu, node }: Place) {
  const now = useVitals(node.id).latest?.gpus.find((g) => g.id === gpu.id);
  return (
    <li className="-mt-px min-w-0 border-t border-l border-line px-4 pt-[11px] pb-3">
      <div className="mb-[7px] flex flex-wrap items-baseline gap-x-2">
        <b className="ell font-medium">{gpu.name}</b>
        <small className="text-12 whitespace-nowrap text-fg-3">{node.name}</small>
        <span className="live num ml-auto flex gap-3 text-12 whitespace-nowrap text-fg-2">
          <span>{join(percent(now?.util))}</span>
          <span>{join(temperature(now?.temp))}</span>
          {now?.power != null && <span>{number(now.power)} W</span>}
        </span>
      </div>
      {gpu.memory_total > 0 && <Vram gpu={gpu} used={now?.mem_used ?? null} />}
    </li>
  );
}

function Vram({ gpu, used: bytes }: { gpu: Gpu; used: number | null }) {
  const [used, total] = share(bytes, gpu.memory_total, true);
  const part = bytes == null ? 0 : (bytes / gpu.memory_total) * 100;
  return (
    <>
      <div className="vram live" role="meter" aria-label={`Video memory of ${gpu.name}`} aria-valuenow={Math.round(part)} aria-valuemin={0} aria-valuemax={100}>
        <span className="vram-used c-viz-2" style={{ width: `${part}%` }} />
      </div>
      <p className="num mt-1.5 flex gap-2.5 text-12 text-fg-3">
        <b className="font-medium text-fg-2">{bytes == null ? '–' : `${join(memory(gpu.memory_total - bytes))} free`}</b>
        <span className="ml-auto">
          {used} / {join(total)}
        </span>
      </p>
    </>
  );
}
