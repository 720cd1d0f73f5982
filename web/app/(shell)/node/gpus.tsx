'use client';
import { memo } from 'react';
import type { NodeDetail } from '@/api/types';
import { ServiceName } from '@/app/parts/service-name';
import { Card, CardHead } from '@/components/card';
import { Chip } from '@/components/chip';
import { cx } from '@/lib/cx';
import { integer, join, memory, none, number, percent, share, temperature } from '@/lib/format';

type Gpu = NodeDetail['gpus_detail'][number];

/* Not drawn where there is none. */
export const Gpus = memo(function Gpus({ gpus }: { gpus: Gpu[] }) {
  if (!gpus.length) return null;
  const used = gpus.reduce((n, g) => n + (g.mem_used ?? 0), 0);
  const total = gpus.reduce((n, g) => n + g.memory_total, 0);
  const [value, whole] = share(used, total, true);
  return (
    <Card label="GPUs">
      <CardHead title={gpus.length === 1 ? 'GPU' : 'GPUs'} note={total ? `${value} of ${join(whole)} used` : undefined} />
      {gpus.map((g) => (
        <GpuPart key={g.id} gpu={g} />
      ))}
    </Card>
  );
});

function GpuPart({ gpu: g }: { gpu: Gpu }) {
  return (
    <section aria-label={g.name} className="gpu">
      <div className="mb-2 flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <h3 className="font-medium">{g.name}</h3>
        {g.throttle.map((t) => (
          <Chip key={t} tone="warn">
            Slowed down: {t}
          </Chip>
        ))}
        <span className="live num ml-auto flex gap-3 whitespace-nowrap text-fg-2">
          <span>{join(percent(g.util))}</span>
          <span>{join(temperature(g.temp))}</span>
          {g.power != null && <span>{number(g.power)} W</span>}
        </span>
      </div>
      <Vram gpu={g} />
      <Holders gpu={g} />
      <Details gpu={g} />
    </section>
  );
}

const colours = ['c-viz-1', 'c-viz-7', 'c-viz-2', 'c-viz-5', 'c-viz-4', 'c-viz-6'];
const lookOf = (i: number): string => colours[i] ?? 'c-viz-8';

/* One colour per process; what is used without a process is the system's. */
function Vram({ gpu: g }: { gpu: Gpu }) {
  const total = g.memory_total;
  if (!total) return null;
  const held = g.processes.reduce((n, p) => n + p.memory, 0);
  const rest = Math.max(0, (g.mem_used ?? held) - held);
  const width = (n: number) => ({ width: `${Math.min(100, (n / total) * 100)}%` });
  const label = `Memory of ${g.name}: ${join(memory(g.mem_used))} of ${join(memory(total))} used`;
  return (
    <div className="live vram vram-large" role="img" aria-label={label}>
      {g.processes.map((p, i) => (
        <span key={p.pid} className={cx('vram-used vram-part', lookOf(i))} style={width(p.memory)} data-tip={`${p.name} ${join(memory(p.memory))}`}>
          {p.memory / total > 0.12 && <em>{p.name}</em>}
        </span>
      ))}
      {rest > 0 && <span className="vram-used vram-part c-viz-8" style={width(rest)} data-tip={`Others ${join(memory(rest))}`} />}
    </div>
  );
}

function Holders({ gpu: g }: { gpu: Gpu }) {
  const free = g.mem_used == null ? null : g.memory_total - g.mem_used;
  return (
    <div className="num mt-1.5 flex flex-wrap gap-x-4 gap-y-1 text-12 text-fg-2">
      {g.processes.map((p, i) => (
        <span key={p.pid} className="inline-flex items-center gap-1.5">
          <i className={cx('legend-mark', lookOf(i))} />
          {p.service ? <ServiceName id={p.service} /> : p.name} <span className="text-fg-3">{join(memory(p.memory))}</span>
        </span>
      ))}
      {free != null && <span className="ml-auto">{join(memory(free))} free</span>}
    </div>
  );
}

const known = (parts: [string, string | null][]): [string, string][] => parts.filter((p): p is [string, string] => p[1] !== null);
const value = (n: number | null, unit: string): string | null => (n == null ? null : `${integer(n)} ${unit}`);

function Details({ gpu: g }: { gpu: Gpu }) {
  const limit = g.power_limit == null ? null : `${g.power == null ? none : number(g.power)} of ${number(g.power_limit)} W`;
  const pcie = g.pcie_gen == null && g.pcie_width == null ? null : `gen ${g.pcie_gen ?? none} × ${g.pcie_width ?? none}`;
  const facts = known([
    ['Power', limit],
    ['Fan', value(g.fan, '%')],
    ['Clock', value(g.clock_sm, 'MHz')],
    ['Memory clock', value(g.clock_mem, 'MHz')],
    ['PCIe', pcie],
    ['Memory errors', g.ecc_errors == null ? null : integer(g.ecc_errors)],
    ['Driver', g.driver || null],
  ]);
  return (
    <dl className="live num mt-2 flex flex-wrap gap-x-5 gap-y-1 text-12">
      {facts.map(([name, text]) => (
        <div key={name} className="flex gap-1.5">
          <dt className="text-fg-3">{name}</dt>
          <dd className={cx(name === 'Memory errors' && g.ecc_errors ? 'text-bad' : 'text-fg-2')}>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
