// What of a node's journal is to stay, as people type it and as an order says it. Pure.
export interface Stay {
  megabytes: string; // "" = as many as there are
  days: string; // "" = however old
}

const mb = 1_000_000;
const least = { megabytes: 2, days: 1 };
const most = { megabytes: 1_000_000_000, days: 36_500 };

function wrong(text: string, of: keyof Stay): string | null {
  const n = Number(text);
  if (!text.trim()) return null;
  if (!Number.isInteger(n) || n < least[of]) return `A whole number, from ${least[of]} on.`;
  return n > most[of] ? 'That is more than any machine keeps.' : null;
}

export const faults = (s: Stay): { megabytes: string | null; days: string | null } => ({ megabytes: wrong(s.megabytes, 'megabytes'), days: wrong(s.days, 'days') });

/* "size:500000000 age:1209600"; null: it says nothing, or what can't be. */
export function vacuumArgument(s: Stay): string | null {
  const f = faults(s);
  const words = [s.megabytes.trim() && `size:${Number(s.megabytes) * mb}`, s.days.trim() && `age:${Number(s.days) * 86_400}`].filter(Boolean);
  return f.megabytes || f.days || !words.length ? null : words.join(' ');
}

/* At least so much is won; null: how much is not known before. */
export function wonBySize(bytes: number, s: Stay): number | null {
  if (!s.megabytes.trim() || vacuumArgument(s) === null) return null;
  return Math.max(0, bytes - Number(s.megabytes) * mb);
}
