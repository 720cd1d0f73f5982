'use client';
import { usePathname, useSearchParams } from 'next/navigation';
import { noFilter, type Grouping, type ServiceFilter, type Sort } from '@/lib/services';

export interface View extends ServiceFilter {
  by: Grouping;
  sort: Sort;
}

const plain: View = { ...noFilter, by: 'purpose', sort: 'name' };
const names = { text: 'q', state: 'state', group: 'group', kind: 'kind', node: 'node', by: 'by', sort: 'sort' } as const;

/* The address holds the view, so that it can be sent to somebody and survives a way back. */
export function useView(): [View, (change: Partial<View>) => void] {
  const path = usePathname();
  const params = useSearchParams();
  const keys = Object.keys(names) as (keyof View)[];
  const view = Object.fromEntries(keys.map((k) => [k, params.get(names[k]) ?? plain[k]])) as unknown as View;
  const set = (change: Partial<View>) => {
    const next = { ...view, ...change };
    const set = keys.filter((k) => next[k] !== plain[k]).map((k) => [names[k], next[k]]);
    const q = new URLSearchParams(set);
    history.replaceState(null, '', q.size ? `${path}?${q}` : path); // Next follows it, without a fetch
  };
  return [view, set];
}
