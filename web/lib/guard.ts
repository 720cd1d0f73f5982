// Guard rails as the dashboard words and foresees them. What holds is decided by hydrad. Pure.
export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof days)[number];
export const dayWord: Record<Day, string> = { mon: 'Monday', tue: 'Tuesday', wed: 'Wednesday', thu: 'Thursday', fri: 'Friday', sat: 'Saturday', sun: 'Sunday' };

export interface Rule {
  services: string[];
  days?: Day[] | null; // none: all
  from?: string | null; // with `to`; neither: all day
  to?: string | null;
}

/* `*` and `?` stand for any part of an id, slashes too. */
export function fits(pattern: string, id: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(id);
}

export const protects = (rule: Pick<Rule, 'services'>, id: string): boolean => rule.services.some((p) => fits(p, id));

const ofRule = (rule: Rule): Day[] => (rule.days?.length ? days.filter((d) => rule.days?.includes(d)) : [...days]);
const isAllDay = (rule: Rule): boolean => !rule.from || rule.from === rule.to;

const spans: [string, readonly Day[]][] = [
  ['Every day', days],
  ['Monday to Friday', days.slice(0, 5)],
  ['Saturday and Sunday', days.slice(5)],
];

function daysText(list: Day[]): string {
  const known = spans.find(([, span]) => span.join() === list.join());
  if (known) return known[0];
  const words = list.map((d) => dayWord[d]);
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : (words[0] ?? '');
}

/* "Monday to Friday, 08:00 to 22:00". */
export function whenText(rule: Rule): string {
  const list = ofRule(rule);
  if (isAllDay(rule)) return list.length === days.length ? 'Always' : `${daysText(list)}, all day`;
  const over = (rule.to ?? '') < (rule.from ?? '') ? ' of the next day' : '';
  return `${daysText(list)}, ${rule.from} to ${rule.to}${over}`;
}

export interface WallTime {
  day: number; // 0 = Monday
  minute: number;
}

const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/* Does it hold at this time of its own zone? Hours over midnight belong to the day on which they began. */
export function holdsAt(rule: Rule, { day, minute }: WallTime): boolean {
  const on = (d: number) => ofRule(rule).includes(days[(d + 7) % 7] as Day);
  if (isAllDay(rule)) return on(day);
  const from = minuteOf(rule.from ?? '');
  const to = minuteOf(rule.to ?? '');
  if (from < to) return on(day) && minute >= from && minute < to;
  return (on(day) && minute >= from) || (on(day - 1) && minute < to);
}

/* What a clock on the wall shows in a zone; null when the browser does not know the zone. */
export function wallTimeIn(zone: string, t: number): WallTime | null {
  try {
    const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(t);
    const p = Object.fromEntries(parts.map((x) => [x.type, x.value]));
    return { day: days.indexOf((p.weekday ?? '').toLowerCase() as Day), minute: Number(p.hour) * 60 + Number(p.minute) };
  } catch {
    return null;
  }
}

/* What a search may mean: a whole node ("tower/*"), or what was typed, as a pattern. */
export function patternsOf(text: string, nodes: string[]): { id: string; note: string }[] {
  const word = text.trim();
  const found = nodes.filter((n) => n.toLowerCase().includes(word.toLowerCase())).flatMap((n) => [
    { id: n, note: 'The machine: it is not rebooted or switched off' },
    { id: `${n}/*`, note: 'Everything that runs on it' },
  ]);
  const typed = /[*?]/.test(word) ? [{ id: word, note: 'As a pattern' }] : [];
  return [...typed, ...found];
}
