// Lines of logs: their shape, and the addresses they come from.
import type { LogQuery } from '@/lib/log-address';
import { call } from './client';
import type { components } from './schema';

type ServedSource = components['schemas']['LogSources']['sources'][number];

export type LogLine = components['schemas']['LogLine'];
export type LogPage = components['schemas']['LogPage'];
export type LogTrouble = components['schemas']['LogTrouble'];
export type LogSources = components['schemas']['LogSources'];
export type LogSource = Omit<ServedSource, 'service'> & { service: string }; // of a node: its id

export interface LogPlace {
  before?: string;
  after?: string;
  limit?: number;
  searchMs?: number; // search no longer: the page says how far it came
}

export function logParams(query: LogQuery, place: LogPlace = {}): URLSearchParams {
  const p = new URLSearchParams();
  query.services.forEach((s) => p.append('service', s));
  query.nodes.forEach((n) => p.append('node', n));
  const set = (name: string, v: string | number | undefined) => v !== undefined && v !== '' && p.set(name, String(v));
  set('q', query.q);
  if (query.q && query.regex) p.set('regex', '1');
  set('level', query.level);
  set('since', query.since);
  set('until', query.until);
  set('before', place.before);
  set('after', place.after);
  set('limit', place.limit);
  set('search_ms', place.searchMs);
  return p;
}

export const getLogs = (query: LogQuery, place: LogPlace, signal?: AbortSignal): Promise<LogPage> => call(`/api/web/logs?${logParams(query, place)}`, { signal });
export const logStreamUrl = (query: LogQuery, limit: number): string => `/api/events/logs?${logParams(query, { limit })}`;
export const logDownloadUrl = (query: LogQuery): string => `/api/web/logs/download?${logParams(query)}`;
