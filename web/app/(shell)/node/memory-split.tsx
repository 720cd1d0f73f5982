'use client';
import type { NodeDetail } from '@/api/types';
import { cx } from '@/lib/cx';
import { join, memory } from '@/lib/format';

type Memory = NodeDetail['memory'];

/* Where all of it is; the parts add up to the whole. */
export function MemorySplit({ memory: m }: { memory: Memory }) {
  if (!m.total) return null;
  const total = m.total;
  const parts = [
    { name: 'Used', value: m.used, look: 'c-viz-2' },
    { name: 'Cache', value: m.cache, look: 'c-viz-8' },
    { name: 'Buffers', value: m.buffers, look: 'c-viz-6' },
    { name: 'Free', value: m.free, look: '' },
  ].filter((p) => p.value != null);
  const label = parts.map((p) => `${p.name} ${join(memory(p.value))}`).join(', ');
  return (
    <div className="mt-1 mb-1.5 flex items-center gap-3">
      <small className="w-[46px] text-11 text-fg-3">now</small>
      <div className="live split" role="img" aria-label={label}>
        {parts.map((p) => (
          <i key={p.name} className={cx(p.look, !p.look && 'split-free')} style={{ width: `${((p.value ?? 0) / total) * 100}%` }} data-tip={`${p.name} ${join(memory(p.value))}`} />
        ))}
      </div>
    </div>
  );
}
