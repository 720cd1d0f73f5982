'use client';
import { ChevronRight, Search } from 'lucide-react';
import { memo, useDeferredValue, useMemo, useState } from 'react';
import { processTreeQuery } from '@/api/keys';
import type { ProcessTree, TreeProcess } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { Command } from '@/app/parts/command';
import { ServiceName } from '@/app/parts/service-name';
import { Button } from '@/components/button';
import { SearchBox, Toggle } from '@/components/field';
import { Icon } from '@/components/icon';
import { cx } from '@/lib/cx';
import { count, duration, integer, join, memory, percent } from '@/lib/format';
import { serviceOf } from '@/lib/links';
import { matches } from '@/lib/match';
import { branches, type Branch } from '@/lib/processes';
import { useClock } from '@/state/clock';
import { useMay } from '@/state/session';
import { Signals } from '../signals';

const refresh = 5000;
const shownFirst = 250;
const deepest = 8; // levels that are told apart

/* Every process below the one that started it: asked of the node while it is looked at. */
export function Tree({ node }: { node: string }) {
  const query = useAsked(node, { ...processTreeQuery(node), refetchInterval: refresh });
  return (
    <Asked node={node} query={query} title="Processes" note={(t) => count(t.total, 'process', 'processes')} rows={12}>
      {(tree) => <Table node={node} tree={tree} />}
    </Asked>
  );
}

function Table({ node, tree }: { node: string; tree: ProcessTree }) {
  const [text, setText] = useState('');
  const [kernel, setKernel] = useState(false);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [all, setAll] = useState(false);
  const wanted = useDeferredValue(text);
  const rows = useMemo(() => branches(tree.processes, { folded, kernel, fits: wanted ? (p) => matches(wanted, p.name, p.command, p.user, String(p.pid)) : null }), [tree, folded, kernel, wanted]);
  const shown = all ? rows : rows.slice(0, shownFirst);
  const threads = tree.processes.filter((p) => p.kernel).length;
  const fold = (pid: number) => setFolded((f) => (f.has(pid) ? new Set([...f].filter((x) => x !== pid)) : new Set(f).add(pid)));
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-2.5" role="search">
        <SearchBox label="Filter processes" icon={Search} placeholder="Name, command, user or number" value={text} onChange={(e) => setText(e.target.value)} />
        {threads > 0 && <Toggle label={`Threads of the kernel (${integer(threads)})`} checked={kernel} onChange={setKernel} />}
      </div>
      <div className="overflow-x-auto px-4 py-1">
        <Rows node={node} rows={shown} folded={folded} fold={wanted ? null : fold} />
        {!rows.length && <p className="py-4 text-fg-2">{wanted ? `No process matches “${wanted}”.` : 'It tells no process.'}</p>}
      </div>
      {tree.cut && <p className="border-t border-line px-4 py-2 text-12 text-fg-3">The node has more processes than it tells; these are the first.</p>}
      {rows.length > shown.length && (
        <div className="flex justify-center border-t border-line py-1">
          <Button look="ghost" size="sm" onClick={() => setAll(true)}>
            Show all {integer(rows.length)}
          </Button>
        </div>
      )}
    </>
  );
}

interface RowsProps {
  node: string;
  rows: Branch<TreeProcess>[];
  folded: ReadonlySet<number>;
  fold: ((pid: number) => void) | null;
}

function Rows({ node, rows, folded, fold }: RowsProps) {
  const may = useMay('process:signal');
  return (
    <table className="data tree">
      <thead>
        <tr>
          <th scope="col">Process</th>
          <th scope="col" className="n max-m:hidden">
            Number
          </th>
          <th scope="col" className="max-m:hidden">
            Service
          </th>
          <th scope="col" className="max-m:hidden">
            User
          </th>
          <th scope="col" className="n">
            CPU
          </th>
          <th scope="col" className="n">
            Memory
          </th>
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
        {rows.map(({ process, depth, children }) => (
          <Row key={process.target} node={node} process={process} depth={depth} below={children} open={!folded.has(process.pid)} fold={children && fold ? fold : null} may={may} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  node: string;
  process: TreeProcess;
  depth: number;
  below: number;
  open: boolean;
  fold: ((pid: number) => void) | null;
  may: boolean;
}

const Row = memo(
  function Row({ node, process: p, depth, below, open, fold, may }: RowProps) {
    return (
      <tr>
        <td className="w-full max-w-0 min-w-28 m:min-w-40">
          <span className="flex items-center gap-1" style={{ paddingLeft: `calc(${Math.min(depth, deepest)} * var(--tree-step))` }}>
            <Fold process={p} open={open} below={below} fold={fold} />
            <span className="ell font-mono text-12" title={p.command || p.name}>
              {p.kernel ? <span className="text-fg-3">[{p.name}]</span> : <Command>{p.command || p.name}</Command>}
            </span>
          </span>
        </td>
        <td className="n text-fg-3 max-m:hidden">{p.pid}</td>
        <td className="ell max-w-36 text-fg-2 max-m:hidden">{p.service && <ServiceName id={serviceOf(node, p.service)} />}</td>
        <td className="ell max-w-24 text-fg-3 max-m:hidden">{p.user}</td>
        <td className="n min-w-14">{join(percent(p.cpu))}</td>
        <td className="n min-w-18">{p.kernel ? '' : join(memory(p.memory))}</td>
        <td className="n text-fg-3 max-m:hidden">{p.started && <Up since={Date.parse(p.started)} />}</td>
        {may && <td className="w-6">{!p.kernel && p.pid > 1 && <Signals node={node} target={p.target} name={p.name} pid={p.pid} />}</td>}
      </tr>
    );
  },
  (a, b) => a.process === b.process && a.depth === b.depth && a.below === b.below && a.open === b.open && !a.fold === !b.fold && a.may === b.may,
);

function Fold({ process: p, open, below, fold }: { process: TreeProcess; open: boolean; below: number; fold: ((pid: number) => void) | null }) {
  if (!fold) return <span className="w-5 flex-none" />;
  return (
    <button type="button" aria-expanded={open} aria-label={`${count(below, 'process', 'processes')} below ${p.name} (${p.pid})`} onClick={() => fold(p.pid)} className="grid size-5 flex-none place-items-center rounded-1 text-fg-3 hover:bg-surface-3 hover:text-fg">
      <Icon of={ChevronRight} size={13} className={cx('fold-arrow', open && 'fold-open')} />
    </button>
  );
}

function Up({ since }: { since: number }) {
  return useClock((now) => duration(now - since).split(' ').slice(0, 2).join(' '));
}
