'use client';
// A node at a glance: used by the overview and by the list of nodes.
import { useQuery } from '@tanstack/react-query';
import { Boxes, Thermometer, Zap, type LucideIcon } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import { nodeQuery } from '@/api/keys';
import type { NodeFacts, Vitals } from '@/api/types';
import { Chip } from '@/components/chip';
import { Icon } from '@/components/icon';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { Bar } from '@/components/bar';
import { Sparkline, stepUp } from '@/components/sparkline';
import { cx } from '@/lib/cx';
import { clock, duration, join, percent, rate, share, temperature, number, type Quantity } from '@/lib/format';
import { nodeHref } from '@/lib/links';
import { nodeLook, nodeName } from '@/lib/states';
import { useClock } from '@/state/clock';
import { useTrends, useVitals } from '@/state/vitals';
import { diskRoom, trendStep, type NodeVitals, type VitalColumn } from '@/stream/series';

export const NodeCard = memo(function NodeCard({ id, wide }: { id: string; wide?: boolean }) {
  const node = useQuery(nodeQuery(id)).data;
  if (!node) return null;
  return (
    <Link href={nodeHref(id)} className="edge pop block rounded-3 bg-surface px-4 pt-[13px] pb-3 hover:bg-surface-2" aria-label={`Node ${nodeName(node)}`}>
      <Head node={node} />
      {node.state === 'away' && <Away node={node} />}
      {node.state === 'late' && <Late node={node} />}
      <Numbers node={node} wide={wide} />
    </Link>
  );
});

function Head({ node }: { node: NodeFacts }) {
  const look = nodeLook(node.state, node.severity);
  return (
    <header className="mb-2 flex items-center gap-2">
      <Shape shape={look.shape} label={look.word} />
      <b className="min-w-0 flex-none ell max-w-[70%] text-[14px]">{nodeName(node)}</b>
      {node.state !== 'online' && <Chip>{look.word}</Chip>}
      {node.pending_reboot && <Chip tone="warn">Reboot pending</Chip>}
      <small className="ell ml-auto min-w-0 text-12 text-fg-3">{!node.label || node.label === node.name || node.label === node.id ? node.os : `${node.label} · ${node.os}`}</small>
    </header>
  );
}

function Away({ node }: { node: NodeFacts }) {
  const t = Date.parse(node.seen);
  const age = useClock((now) => duration(now - t));
  if (!node.os) return <p className="mb-2 text-12 leading-[18px] text-fg-2">Enrolled; its agent has not reported yet.</p>;
  return (
    <p className="mb-2 text-12 leading-[18px] text-fg-2">
      Not heard from since {clock(t)}, {age} ago. Its services are unknown until it is back.
    </p>
  );
}

function Late({ node }: { node: NodeFacts }) {
  const t = Date.parse(node.seen);
  const age = useClock((now) => duration(now - t));
  return <p className="mb-2 text-12 leading-[18px] text-fg-2">Last heard from {age} ago.</p>;
}

/* The only part that renders at every tick. */
function Numbers({ node, wide }: { node: NodeFacts; wide?: boolean }) {
  useTrends();
  const vitals: NodeVitals = useVitals(node.id);
  const slot = Number(useClock((now) => String(Math.floor(now / trendStep)))) * trendStep; // time passes also without samples
  const spark = (column: VitalColumn) => vitals.aligned(column, slot);
  const v = vitals.latest;
  const away = node.state === 'away';
  return (
    <>
      <div className={cx('live', wide && 'grid gap-x-8 m:grid-cols-2 l:grid-cols-3', away && 'grayscale')}>
        <CpuRow v={v} spark={spark} />
        <MemoryRow v={v} spark={spark} />
        <DiskRow v={v} spark={spark} />
        <NetRow v={v} spark={spark} />
        {wide && <PressureRow v={v} spark={spark} />}
        {wide && <HeatRow v={v} spark={spark} />}
      </div>
      <Foot node={node} v={v} wide={wide} />
    </>
  );
}

interface RowProps {
  v: Vitals | null;
  spark: (column: VitalColumn) => (number | null)[];
}

function Row({ name, spark, value, unit }: { name: string; spark: ReactNode; value: string; unit: string }) {
  return (
    <div className="vital">
      <span className="text-12 text-fg-3">{name}</span>
      {spark}
      <span className="num text-right whitespace-nowrap">
        {value} <small className="text-12 text-fg-3">{unit}</small>
      </span>
    </div>
  );
}

function CpuRow({ v, spark }: RowProps) {
  const q = percent(v?.cpu);
  return <Row name="CPU" value={q.value} unit={q.unit} spark={<Sparkline values={spark('cpu')} max={100} colour={1} />} />;
}

const ofTotal = ([used, total]: [string, Quantity]): { value: string; unit: string } => ({ value: used, unit: total.value && `/ ${join(total)}` });

function MemoryRow({ v, spark }: RowProps) {
  const q = ofTotal(share(v?.mem_used, v?.mem_total, true));
  return <Row name="Memory" {...q} spark={<Sparkline values={spark('mem')} max={100} colour={2} />} />;
}

/* Disks change over months: how full they are says more than a line. */
function DiskRow({ v }: RowProps) {
  const q = ofTotal(share(v?.disk_used, v?.disk_total, false));
  const all = v && diskRoom(v);
  const part = v?.disk_used != null && all ? (v.disk_used / all) * 100 : 0;
  return <Row name="Disk" {...q} spark={<Bar part={part} colour={8} />} />;
}

function NetRow({ v, spark }: RowProps) {
  const q = rate(v && (v.net_rx ?? 0) + (v.net_tx ?? 0));
  const column = spark('net');
  return <Row name="Network" value={q.value} unit={q.unit} spark={<Sparkline values={column} max={stepUp(column, 10_000)} colour={6} />} />;
}

function PressureRow({ v, spark }: RowProps) {
  const all = [v?.psi_cpu, v?.psi_mem, v?.psi_io].filter((p) => p != null);
  const q = percent(all.length ? Math.max(...all) : null);
  return <Row name="Pressure" value={q.value} unit={q.unit} spark={<Sparkline values={spark('psi')} max={100} colour={7} />} />;
}

function HeatRow({ v, spark }: RowProps) {
  if (v?.temp == null) return <Row name="Load" value={number(v?.load1)} unit="" spark={<span />} />;
  const q = temperature(v.temp);
  return <Row name="Heat" value={q.value} unit={q.unit} spark={<Sparkline values={spark('temp')} max={100} colour={4} />} />;
}

function Foot({ node, v, wide }: { node: NodeFacts; v: Vitals | null; wide?: boolean }) {
  const up = useClock((now) => (node.boot_time ? duration(now - Date.parse(node.boot_time)) : ''));
  const worst = v?.disk_worst;
  return (
    <footer className="num mt-[9px] flex flex-wrap gap-x-3.5 gap-y-1 border-t border-line pt-[9px] text-12 text-fg-3">
      {!wide && v?.temp != null && <Fact icon={Thermometer} value={join(temperature(v.temp))} />}
      {v?.power != null && <Fact icon={Zap} value={join({ value: number(v.power), unit: 'W' })} />}
      <Fact icon={Boxes} value={String(node.services.total)} word={node.services.total === 1 ? 'service' : 'services'} />
      {up && node.state !== 'away' && (
        <span className="ml-auto whitespace-nowrap">
          up <b className="font-medium text-fg-2">{up}</b>
        </span>
      )}
      {worst && worst.percent >= 85 && (
        <span className="flex min-w-0 basis-full items-center gap-[5px] text-warn">
          <Shape shape="warn" size="sm" label="Warning" />
          <span className="ell">{worst.mount}</span> {Math.round(worst.percent)} % full
        </span>
      )}
    </footer>
  );
}

function Fact({ icon, value, word }: { icon: LucideIcon; value: string; word?: string }) {
  return (
    <span className="flex items-center gap-[5px] whitespace-nowrap">
      <Icon of={icon} size={13} />
      <b className="font-medium text-fg-2">{value}</b>
      {word}
    </span>
  );
}
