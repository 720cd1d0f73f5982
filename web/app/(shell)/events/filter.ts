'use client';
import { usePathname, useRouter, useSearchParams } from 'next/navigation';
import type { FeedEntry } from '@/api/types';
import { matches } from '@/lib/match';

export interface EventFilter {
  severity?: string; // "bad", "warn,bad"
  node?: string;
  service?: string;
  text?: string;
}

const names = ['severity', 'node', 'service', 'text'] as const;

/* The address holds the filter, so that it can be sent to somebody. */
export function useFilter(): [EventFilter, (f: EventFilter) => void] {
  const router = useRouter();
  const path = usePathname();
  const params = useSearchParams();
  const filter: EventFilter = {};
  for (const n of names) filter[n] = params.get(n) ?? undefined;
  const set = (f: EventFilter) => {
    const q = new URLSearchParams(Object.entries(f).filter((e): e is [string, string] => !!e[1]));
    router.replace(q.size ? `${path}?${q}` : path, { scroll: false });
  };
  return [filter, set];
}

export function fits(e: FeedEntry, f: EventFilter): boolean {
  return (
    (!f.severity || f.severity.split(',').includes(e.severity)) &&
    (!f.node || e.node === f.node) &&
    (!f.service || e.service === f.service) &&
    (!f.text || matches(f.text, e.text, e.kind, e.service))
  );
}
