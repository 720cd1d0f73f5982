'use client';
import { usePathname, useSearchParams } from 'next/navigation';
import { useEffect, useRef, useState } from 'react';
import { noFilter, type Grouping, type ServiceFilter, type Sort } from '@/lib/services';

export interface View extends ServiceFilter {
  by: Grouping;
  sort: Sort;
}

const plain: View = { ...noFilter, by: 'purpose', sort: 'name' };
const names = { text: 'q', state: 'state', group: 'group', kind: 'kind', node: 'node', by: 'by', sort: 'sort' } as const;
const keys = Object.keys(names) as (keyof View)[];

const read = (params: URLSearchParams): View => Object.fromEntries(keys.map((k) => [k, params.get(names[k]) ?? plain[k]])) as unknown as View;
const written = (v: View): string => new URLSearchParams(keys.filter((k) => v[k] !== plain[k]).map((k) => [names[k], v[k]])).toString();

/* The address holds the view, so that it can be sent to somebody and survives a way back. It follows: typing doesn't wait. */
export function useView(): [View, (change: Partial<View>) => void] {
  const path = usePathname();
  const params = useSearchParams();
  const [view, setView] = useState(() => read(params));
  const known = useRef(written(view));
  const address = written(read(params));
  useEffect(() => {
    if (address === known.current || location.search.slice(1) === known.current) return; // our own words, come back late
    known.current = address;
    setView(read(new URLSearchParams(address)));
  }, [address]);
  const set = (change: Partial<View>) => {
    const next = { ...view, ...change };
    known.current = written(next);
    setView(next);
    history.replaceState(null, '', known.current ? `${path}?${known.current}` : path);
  };
  return [view, set];
}
