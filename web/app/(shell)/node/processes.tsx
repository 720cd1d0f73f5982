'use client';
import { useQuery } from '@tanstack/react-query';
import { ArrowDown, ArrowUp, Search } from 'lucide-react';
import { memo, useEffect, useRef, useState } from 'react';
import { processesQuery } from '@/api/keys';
import type { Process } from '@/api/types';
import { Command } from '@/app/parts/command';
import { ServiceName } from '@/app/parts/service-name';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { SearchBox } from '@/components/field';
import { Icon } from '@/components/icon';
import { ErrorState, SkeletonRows } from '@/components/states';
import { cx } from '@/lib/cx';
import { count, duration, integer, join, memory, none, percent } from '@/lib/format';
import { orderOf, settled, type ProcessSort } from '@/lib/processes';
import { useClock } from '@/state/clock';
import { useMay } from '@/state/session';
import { Signals } from './signals';

const shownFirst = 14;
const resort = 5000;

/* Only for those who may read command lines. */
export const Processes = memo(function Processes({ node }: { node: string }) {
  const { data, error, refetch } = useQuery(processesQuery(node));
  const [sort, setSort] = useState<ProcessSort>('cpu');
  const [text, setText] = useState('');
  const [all, setAll] = useState(false);
  const over = useRef(false);
  const order = useSettled(data?.rows, sort, over);
  if (error && !data) return <Card><ErrorState title="The processes could not be read" detail={error.message} retry={() => void refetch()} /></Card>;
  if (!data) return <Card><SkeletonRows rows={8} /></Card>;
  const rows = settled(data.rows, order, text);
  const shown = all ? rows : rows.slice(0, shownFirst);
  return (
    <Card label="Processes">
      <CardHead title="Processes" note={`${count(data.total, 'process', 'processes')}, ${integer(data.running)} running, ${integer(data.threads)} threads`}>
        <span className="w-44 max-m:hidden">
          <SearchBox label="Filter processes" icon={Search} placeholder="Filter" value={text} onChange={(e) => setText(e.target.value)} />
        </span>
      </CardHead>
      <div onPointerEnter={() => (over.current = true)} onPointerLeave={() => (over.current = false)} className="live overflow-x-auto px-4 py-1">
        <Table node={node} rows={shown} sort={sort} onSort={setSort} gpu={data.rows.some((r) => r.gpu_memory != null)} />
        {!rows.length && <p className="py-4 text-fg-2">{text ? `No process matches “${text}”.` : 'It has told no process yet.'}</p>}
      </div>
      {rows.length > shownFirst && (
        <div className="flex justify-center border-t border-line py-1">
          <Button look="ghost" size="sm" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show all ${rows.length}`}
          </Button>
        </div>
      )}
    </Card>
  );
});

/* The order is made every five seconds, and never while a pointer is over the table. */
function useSettled(rows: Process[] | undefined, sort: ProcessSort, over: { current: boolean }): number[] {
  const [order, setOrder] = useState<number[]>([]);
  const latest = useRef(rows);
  latest.current = rows;
  const known = !!rows;
  useEffect(() => {
    const settle = () => latest.current && setOrder(orderOf(latest.current, sort));
    settle();
    const timer = setInterval(() => !over.current && settle(), resort);
    return () => clearInterval(timer);
  }, [sort, known, over]);
  return order;
}

interface TableProps {
  node: string;
  rows: Process[];
  sort: ProcessSort;
  onSort: (s: ProcessSort) => void;
  gpu: boolean;
}

function Table({ node, rows, sort, onSort, gpu }: TableProps) {
  const may = useMay('process:signal');
  const title = (name: string, by: ProcessSort) => <SortTitle name={name} up={by === 'name'} on={sort === by} run={() => onSort(by)} />;
  const order = (by: ProcessSort) => (sort === by ? (by === 'name' ? 'ascending' : 'descending') : undefined);
  return (
    <table className="data">
      <thead>
        <tr>
          <th scope="col" aria-sort={order('name')}>
            {title('Process', 'name')}
          </th>
          <th scope="col" className="max-m:hidden">
            Service
          </th>
          <th scope="col" className="max-m:hidden">
            User
          </th>
          <th scope="col" className="n" aria-sort={order('cpu')}>
            {title('CPU', 'cpu')}
          </th>
          <th scope="col" className="n" aria-sort={order('memory')}>
            {title('Memory', 'memory')}
          </th>
          {gpu && (
            <th scope="col" className="n max-m:hidden" aria-sort={order('gpu')}>
              {title('VRAM', 'gpu')}
            </th>
          )}
          <th scope="col" className="n max-m:hidden">
            Up
          </th>
          {may && (
            <th scope="col">
              <span className="sr-only">Signals</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((r) => (
          <Row key={r.pid} node={node} process={r} gpu={gpu} may={may} />
        ))}
      </tbody>
    </table>
  );
}

function SortTitle({ name, on, up, run }: { name: string; on: boolean; up: boolean; run: () => void }) {
  return (
    <button type="button" onClick={run} className={cx('inline-flex items-center gap-1 font-medium hover:text-fg', on && 'text-fg')}>
      {on && <Icon of={up ? ArrowUp : ArrowDown} size={11} />}
      {name}
    </button>
  );
}

const Row = memo(function Row({ node, process: p, gpu, may }: { node: string; process: Process; gpu: boolean; may: boolean }) {
  const up = useClock((now) => duration(now - Date.parse(p.started)));
  return (
    <tr>
      <td className="w-full max-w-0 min-w-28 m:min-w-40">
        <span className="ell block font-mono text-12" title={`${p.pid}: ${p.command}`}>
          <Command>{p.command || p.name}</Command>
        </span>
      </td>
      <td className="ell max-w-36 text-fg-2 max-m:hidden">{p.service && <ServiceName id={p.service} />}</td>
      <td className="ell max-w-24 text-fg-3 max-m:hidden">{p.user}</td>
      <td className="n min-w-16">{join(percent(p.cpu))}</td>
      <td className="n min-w-20">{join(memory(p.memory))}</td>
      {gpu && <td className="n max-m:hidden">{p.gpu_memory == null ? <span className="text-fg-3">{none}</span> : join(memory(p.gpu_memory))}</td>}
      <td className="n text-fg-3 max-m:hidden">{up.split(' ').slice(0, 2).join(' ')}</td>
      {may && <td className="w-6">{p.start_ticks > 0 && p.pid > 1 && <Signals node={node} target={`${p.pid}:${p.start_ticks}`} name={p.name} pid={p.pid} />}</td>}
    </tr>
  );
});
