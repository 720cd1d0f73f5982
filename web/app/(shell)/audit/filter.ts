'use client';
import { usePathname, useSearchParams } from 'next/navigation';
import { query, type Filter } from '@/api/keys';
import { dayStart } from '@/lib/format';

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

const nextDay = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/* Days become times: a day begins at its midnight, in the time zone that is shown, and ends before the next. */
export function wireFilter(f: AuditFilter): Filter {
  const start = (day: string | undefined) => (day ? new Date(dayStart(day)).toISOString() : undefined);
  return { ...f, since: start(f.since), until: start(f.until && nextDay(f.until)) };
}
