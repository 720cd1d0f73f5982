// Search as people type it: every word must occur somewhere; starts of words weigh more.
export function matches(query: string, ...fields: (string | null | undefined)[]): boolean {
  const text = fields.filter(Boolean).join(' ').toLowerCase();
  return words(query).every((w) => text.includes(w));
}

const words = (query: string): string[] => query.toLowerCase().split(/\s+/).filter(Boolean);

export function score(query: string, text: string): number {
  const low = text.toLowerCase();
  let sum = 0;
  for (const w of words(query)) {
    const at = low.indexOf(w);
    if (at < 0) return 0;
    sum += at === 0 ? 4 : /[\s/._:-]/.test(low[at - 1] ?? '') ? 3 : 1;
    if (low.length === w.length) sum += 4;
  }
  return sum;
}

/* Those that match, best first; the first field weighs. */
export function best<T>(query: string, items: T[], fields: (item: T) => string[], limit = 6): T[] {
  return items
    .filter((i) => matches(query, ...fields(i)))
    .sort((a, b) => score(query, fields(b)[0] ?? '') - score(query, fields(a)[0] ?? ''))
    .slice(0, limit);
}

/* The nearest of `names` within two edits, for "Did you mean …?". */
export function nearest(query: string, names: string[]): string | null {
  const q = query.toLowerCase().trim();
  if (q.length < 3) return null;
  let best: string | null = null;
  let least = 3;
  for (const name of names) {
    const d = distance(q, name.toLowerCase(), least);
    if (d < least) [best, least] = [name, d];
  }
  return best;
}

function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[b.length] ?? limit;
}
