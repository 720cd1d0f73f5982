import { ArrowDown, ArrowUp } from 'lucide-react';
import { Icon } from '@/components/icon';
import { cx } from '@/lib/cx';
import type { Sort } from '@/lib/services';

const columns: { title: string; sort?: Sort; cell: string }[] = [
  { title: 'Service', sort: 'name', cell: '' },
  { title: 'Where', cell: 'svc-where' },
  { title: 'Ports', cell: 'svc-ports' },
  { title: 'Answers in', sort: 'latency', cell: 'svc-number' },
  { title: 'CPU', sort: 'cpu', cell: 'svc-number svc-cpu' },
  { title: 'Memory', sort: 'memory', cell: 'svc-number svc-memory' },
  { title: 'State', sort: 'state', cell: 'svc-state' },
];

/* Lists re-sort only when asked: a press on a title sorts by what the column says now. */
export function Titles({ sort, onSort }: { sort: Sort; onSort: (s: Sort) => void }) {
  return (
    <div role="rowgroup">
      <div role="row" aria-rowindex={1} className="svc svc-titles">
        {columns.map((c) => (
          <span key={c.title} role="columnheader" aria-sort={c.sort && c.sort === sort ? (sort === 'name' ? 'ascending' : 'descending') : undefined} className={c.cell}>
            {c.sort ? <SortButton title={c.title} up={c.sort === 'name'} on={c.sort === sort} run={() => c.sort && onSort(c.sort)} /> : c.title}
          </span>
        ))}
      </div>
    </div>
  );
}

function SortButton({ title, on, up, run }: { title: string; on: boolean; up: boolean; run: () => void }) {
  return (
    <button type="button" onClick={run} className={cx('pop inline-flex items-center gap-1 rounded-1 font-medium hover:text-fg', on && 'text-fg')}>
      {title}
      {on && <Icon of={up ? ArrowUp : ArrowDown} size={11} />}
    </button>
  );
}
