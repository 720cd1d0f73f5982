import type { LogLine } from '@/api/logs';
import { parseAnsi, plainText, type Span } from '@/lib/ansi';
import { jsonSummary, type Matcher } from '@/lib/log-text';

export interface Parsed {
  spans: Span[];
  plain: string;
  summary: string | null; // of a JSON line
}

const known = new WeakMap<LogLine, Parsed>();

/* Once per line, and only for lines that are seen or searched. */
export function parsed(line: LogLine): Parsed {
  let p = known.get(line);
  if (!p) {
    const spans = parseAnsi(line.text);
    const plain = plainText(spans);
    known.set(line, (p = { spans, plain, summary: jsonSummary(plain) }));
  }
  return p;
}

// eslint-disable-next-line no-control-regex -- what escapes and their like begin with
const control = /[\0-\x08\x0a-\x1f\x7f-\x9f]/;

/* Most lines are what they say: those need no parsing to be searched. */
export function matchesLine(line: LogLine, matcher: Matcher): boolean {
  if (!line.text.startsWith('{') && !control.test(line.text)) return matcher.test(line.text);
  const { plain, summary } = parsed(line);
  return matcher.test(plain) || (summary !== null && matcher.test(summary));
}

/* A JSON line reads as its summary, unless only its source holds what is looked for. */
export function shownSpans(line: LogLine, matcher: Matcher | null): { spans: Span[]; text: string } {
  const { spans, plain, summary } = parsed(line);
  if (summary === null || (matcher && !matcher.test(summary) && matcher.test(plain))) return { spans, text: plain };
  return { spans: [{ text: summary, style: null }], text: summary };
}
