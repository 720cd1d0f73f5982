// Lines of logs: their shape, and the addresses they come from.
import type { LogQuery } from '@/lib/log-address';
import { call } from './client';

export interface LogLine {
  t: number;
  service: string | null; // null: of the node itself
  node: string;
  level: string | null;
  text: string; // with its ANSI sequences
  cut?: boolean; // it was longer
  cursor: string;
  fields: Record<string, unknown> | null;
}

export interface LogPartial {
  service: string;
  text: string;
}

export interface LogPage {
  lines: LogLine[]; // oldest first
  before: string | null;
  after: string | null;
  searched_ms: number;
  partial: LogPartial[];
}

export interface LogSource {
  service: string; // of kind node: the node's id
  name: string;
  node: string;
  kind: 'container' | 'unit' | 'node';
  group: string | null;
}

export interface LogPlace {
  before?: string;
  after?: string;
  limit?: number;
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
  return p;
}

export const getLogs = (query: LogQuery, place: LogPlace, signal?: AbortSignal): Promise<LogPage> => call(`/api/web/logs?${logParams(query, place)}`, { signal });
export const logStreamUrl = (query: LogQuery, limit: number): string => `/api/events/logs?${logParams(query, { limit })}`;
export const logDownloadUrl = (query: LogQuery): string => `/api/web/logs/download?${logParams(query)}`;
