// What is looked for in a line, and a line cut into pieces to draw: spans of one style, hits apart.
import type { Span, Style } from './ansi';

export interface Matcher {
  test(text: string): boolean;
  hits(text: string): [number, number][];
}

export type Search = { matcher: Matcher | null; error: string | null };

const mostHits = 200; // in one line
const regexLimit = 4000; // characters of a line that an expression is tried on

const plain = (s: string): string => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/* A repeated group that repeats inside, like (a+)+, can take a browser longer than anyone waits: the server searches with
   it, the page marks nothing. */
const runaway = /\((?:[^()\\]|\\.)*(?:[*+]|\{\d+,\d*\})(?:[^()\\]|\\.)*\)(?:[*+]|\{\d+,\d*\})/;

/* As the server does: without capitals, letters of either case match. */
export function searchFor(text: string, regex: boolean): Search {
  if (!text) return { matcher: null, error: null };
  const flags = /\p{Lu}/u.test(regex ? text.replace(/\\./g, '') : text) ? 'g' : 'gi';
  if (!regex) return { matcher: matcherOf(new RegExp(plain(text), flags), Infinity), error: null };
  if (runaway.test(text)) return { matcher: null, error: null };
  try {
    return { matcher: matcherOf(new RegExp(text, flags), regexLimit), error: null };
  } catch (e) {
    return { matcher: null, error: reason(e, text) };
  }
}

/* "Invalid regular expression: /(/gi: Unterminated group" → its last part. */
function reason(e: unknown, text: string): string {
  const said = e instanceof Error ? e.message : '';
  const why = said.slice(said.lastIndexOf(': ') + 2).toLowerCase() || 'it can not be read';
  return `“${text}” is no regular expression: ${why}`;
}

function matcherOf(re: RegExp, limit: number): Matcher {
  const within = (text: string) => (text.length > limit ? text.slice(0, limit) : text);
  return {
    test: (text) => {
      re.lastIndex = 0;
      return re.test(within(text));
    },
    hits: (text) => {
      const found: [number, number][] = [];
      re.lastIndex = 0;
      for (const m of within(text).matchAll(re)) {
        if (m[0].length) found.push([m.index, m.index + m[0].length]);
        if (found.length >= mostHits) break;
      }
      return found;
    },
  };
}

export interface Piece {
  text: string;
  style: Style | null;
  hit: boolean;
}

/* At most `limit` characters: a line of 16 KiB is read in its detail. */
export function pieces(spans: Span[], hits: [number, number][], limit: number): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  let h = 0;
  for (const s of spans) {
    const end = Math.min(at + s.text.length, limit);
    for (let from = at; from < end; ) {
      while (h < hits.length && (hits[h]?.[1] ?? 0) <= from) h++;
      const [start, stop] = hits[h] ?? [Infinity, Infinity];
      const hit = from >= start;
      const to = Math.min(end, hit ? stop : start);
      out.push({ text: s.text.slice(from - at, to - at), style: s.style, hit });
      from = to;
    }
    at += s.text.length;
    if (at >= limit) break;
  }
  return out;
}

export type Member = [name: string, value: string];

const mostMembers = 100;
const shown = (v: unknown): string => (typeof v === 'string' ? v : (JSON.stringify(v) ?? ''));
const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

function flat(value: Record<string, unknown>, prefix: string, out: Member[]): Member[] {
  for (const [name, v] of Object.entries(value)) {
    if (out.length >= mostMembers) break;
    if (isRecord(v) && Object.keys(v).length && prefix.split('.').length <= 3) flat(v, `${prefix}${name}.`, out);
    else out.push([prefix + name, shown(v)]);
  }
  return out;
}

/* The members of a JSON line, those of members with their path; none when the text is something else. */
export function jsonMembers(text: string): Member[] {
  const t = text.trim();
  if (!t.startsWith('{') || !t.endsWith('}')) return [];
  try {
    const value: unknown = JSON.parse(t);
    return isRecord(value) ? flat(value, '', []) : [];
  } catch {
    return [];
  }
}

/* What the server found beside the text and what the text itself holds: each name once. */
export function membersOf(text: string, fields: Record<string, unknown> | null): Member[] {
  const own = jsonMembers(text);
  const names = new Set(own.map(([n]) => n));
  return [...own, ...flat(fields ?? {}, '', []).filter(([n]) => !names.has(n))];
}

const messageNames = ['msg', 'message', 'MESSAGE', 'event', 'error'];

/* A JSON line in a list reads as its message, then the rest as name=value. Null: no JSON, or no message in it. */
export function jsonSummary(text: string): string | null {
  if (!text.startsWith('{')) return null;
  const members = jsonMembers(text);
  const message = messageNames.map((n) => members.find(([name, v]) => name === n && v)).find((m) => m);
  if (!message) return null;
  const rest = members.filter(([n]) => n !== message[0] && !quiet.has(n.toLowerCase()));
  return [message[1], ...rest.map(([n, v]) => `${n}=${v}`)].join('  ');
}

const quiet = new Set(['time', 'timestamp', 'ts', 't', '@timestamp', 'level', 'lvl', 'severity']); // have columns of their own
