'use client';
import { usePathname, useSearchParams } from 'next/navigation';
import { query, type Filter } from '@/api/keys';

export interface AuditFilter {
  text?: string;
  actor?: string;
  action?: string;
  outcome?: string;
  since?: string; // a day of the calendar, 2026-11-24
  until?: string;
}

const names = ['text', 'actor', 'action', 'outcome', 'since', 'until'] as const;

/* The address holds the filter. */
export function useAuditFilter(): [AuditFilter, (f: AuditFilter) => void] {
  const path = usePathname();
  const params = useSearchParams();
  const filter: AuditFilter = {};
  for (const n of names) filter[n] = params.get(n) ?? undefined;
  return [filter, (f) => history.replaceState(null, '', path + query({ ...f }))];
}

const dayMs = 86_400_000;

/* Days become times: a day begins at its midnight here and ends before the next. */
export function wireFilter(f: AuditFilter): Filter {
  const start = (day: string | undefined, more = 0) => (day ? new Date(new Date(`${day}T00:00`).getTime() + more).toISOString() : undefined);
  return { ...f, since: start(f.since), until: start(f.until, dayMs) };
}
