// Every number and time on the page goes through here: at most three significant digits, units apart, 24 h.
export interface Quantity {
  value: string;
  unit: string;
}

interface Settings {
  zone: Intl.DateTimeFormat | null; // null: the browser's own
  fahrenheit: boolean;
}
const settings: Settings = { zone: null, fahrenheit: false };

const numeric: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };

export function setFormat(timeZone: string | null, fahrenheit: boolean): void {
  settings.zone = timeZone ? new Intl.DateTimeFormat('en-GB', { ...numeric, timeZone }) : null;
  settings.fahrenheit = fahrenheit;
}

export const none = '–';

/* 3 significant digits, no trailing zeros beyond them: 0.42, 7.3, 118, 1,204, 12.4k. */
export function number(n: number | null | undefined): string {
  if (n == null || !Number.isFinite(n)) return none;
  const a = Math.abs(n);
  if (a >= 999_500) return `${short(n / 1e6)}M`;
  if (a >= 10_000) return `${short(n / 1e3)}k`;
  if (a >= 1000) return grouped(Math.round(n));
  return short(n);
}

/* Below a million. Not by toLocaleString(), whose first call costs a slow device 60 ms. */
const grouped = (n: number): string => (Math.abs(n) < 1000 ? String(n) : `${Math.trunc(n / 1000)},${String(Math.abs(n) % 1000).padStart(3, '0')}`);

function short(n: number): string {
  const a = Math.abs(n);
  const digits = a >= 99.95 ? 0 : a >= 9.995 ? 1 : a >= 1 ? 1 : 2;
  return String(Number(n.toFixed(digits)));
}

export function integer(n: number | null | undefined): string {
  return n == null ? none : n >= 10_000 ? number(n) : grouped(Math.round(n));
}

const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

function byteScale(n: number): number {
  let unit = 0;
  for (let a = Math.abs(n); a >= 999.5 && unit < byteUnits.length - 1; a /= 1000) unit++;
  return unit;
}

export function bytes(n: number | null | undefined): Quantity {
  if (n == null) return { value: none, unit: '' };
  const unit = byteScale(n);
  return { value: number(n / 1000 ** unit), unit: byteUnits[unit] ?? 'B' };
}

const memoryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/* In powers of two: 128 GiB are 128 × 2^30. */
export function memory(n: number | null | undefined): Quantity {
  if (n == null) return { value: none, unit: '' };
  let unit = 0;
  let v = n;
  for (; Math.abs(v) >= 999.5 && unit < memoryUnits.length - 1; v /= 1024) unit++;
  return { value: number(v), unit: memoryUnits[unit] ?? 'B' };
}

/* "74 / 128 GiB": both in the unit of the whole. */
export function share(used: number | null | undefined, total: number | null | undefined, binary: boolean): [string, Quantity] {
  if (total == null || total <= 0) return [none, { value: '', unit: '' }];
  const whole = binary ? memory(total) : bytes(total);
  const unit = (binary ? memoryUnits : byteUnits).indexOf(whole.unit);
  const size = (binary ? 1024 : 1000) ** unit;
  return [used == null ? none : number(used / size), whole];
}

export function rate(n: number | null | undefined): Quantity {
  const q = bytes(n);
  return q.unit ? { value: q.value, unit: `${q.unit}/s` } : q;
}

export function percent(n: number | null | undefined): Quantity {
  if (n == null) return { value: none, unit: '' };
  return { value: n > 0 && n < 0.95 ? n.toFixed(1) : String(Math.round(n)), unit: '%' };
}

export function temperature(celsius: number | null | undefined): Quantity {
  if (celsius == null) return { value: none, unit: '' };
  return settings.fahrenheit
    ? { value: String(Math.round(celsius * 1.8 + 32)), unit: '°F' }
    : { value: String(Math.round(celsius)), unit: '°C' };
}

export function latency(ms: number | null | undefined): string {
  if (ms == null) return '';
  if (ms < 1) return '<1';
  return ms < 10_000 ? String(Math.round(ms)) : `${number(ms / 1000)} s`;
}

export const join = (q: Quantity): string => (q.unit ? `${q.value} ${q.unit}` : q.value);

/* "40 s", "12 min", "3 h 20 min", "23 d 4 h": two parts at most. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m} min`;
  const h = Math.floor(m / 60);
  if (h < 24) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
  const d = Math.floor(h / 24);
  return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
}

/* The time that a clock on the wall shows, to be read with getUTC…(). The browser's own zone needs no Intl, whose first use
   costs a slow device 80 ms. */
function wall(t: number): Date {
  if (!settings.zone) return new Date(t - new Date(t).getTimezoneOffset() * 60_000);
  const p = Object.fromEntries(settings.zone.formatToParts(t).map((x) => [x.type, x.value]));
  return new Date(`${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}Z`);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec'];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (n: number): string => String(n).padStart(2, '0');

const hm = (d: Date): string => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
const dm = (d: Date): string => `${d.getUTCDate()} ${months[d.getUTCMonth()]}`;

export const clock = (t: number): string => hm(wall(t));
export function clockSeconds(t: number): string {
  const d = wall(t);
  return `${hm(d)}:${two(d.getUTCSeconds())}`;
}
export const clockMillis = (t: number): string => `${clockSeconds(t)}.${String(Math.floor(t) % 1000).padStart(3, '0')}`;
export const day = (t: number): string => dm(wall(t));
export function dayYear(t: number): string {
  const d = wall(t);
  return `${dm(d)} ${d.getUTCFullYear()}`;
}
export const exact = (t: number): string => `${dayYear(t)}, ${clockSeconds(t)}`;

/* When a clock on the wall shows this ("2026-11-24T10:30"), in the time zone that times are shown in. */
export function wallTime(text: string): number {
  const wanted = Date.parse(`${text}Z`);
  let t = wanted;
  for (let i = 0; i < 2; i++) t += wanted - wall(t).getTime(); // twice: the first guess may lie beyond a change of the clocks
  return t;
}

/* What wallTime() reads, as an input of date and time wants it. */
export const wallText = (t: number): string => wall(t).toISOString().slice(0, 16);

/* When a day of the calendar ("2026-11-24") begins. */
export const dayStart = (date: string): number => wallTime(`${date}T00:00:00`);

export function dayName(t: number, now: number): string {
  const name = dayYear(t);
  if (name === dayYear(now)) return 'Today';
  if (name === dayYear(now - 86_400_000)) return 'Yesterday';
  return now - t < 6 * 86_400_000 ? (weekdays[wall(t).getUTCDay()] ?? name) : name;
}

/* Relative up to an hour, then the clock, then the date. */
export function when(t: number, now: number): string {
  const age = now - t;
  if (age < 5000 && age > -60_000) return 'just now';
  if (age < 3_600_000) return `${duration(age)} ago`;
  if (dayYear(t) === dayYear(now)) return clock(t);
  return age < 300 * 86_400_000 ? `${day(t)}, ${clock(t)}` : dayYear(t);
}

/* A moment in the past: the clock, with its day when that is another one. */
export function moment(t: number, now: number): string {
  if (dayYear(t) === dayYear(now)) return clock(t);
  return `${now - t < 300 * 86_400_000 ? day(t) : dayYear(t)}, ${clock(t)}`;
}

/* How long something has been so: "for 12 min" under an hour, else "since" the clock or the date. */
export function lasting(t: number, now: number): string {
  const age = now - t;
  if (age < 3_600_000) return `for ${duration(age)}`;
  return `since ${dayYear(t) === dayYear(now) ? clock(t) : `${day(t)}, ${clock(t)}`}`;
}

export const count = (n: number, one: string, many = `${one}s`): string => `${integer(n)} ${n === 1 ? one : many}`;

export function initials(name: string): string {
  const parts = name.trim().split(/[\s._-]+/).filter(Boolean);
  const text = parts.length > 1 ? `${parts[0]?.[0] ?? ''}${parts[1]?.[0] ?? ''}` : name.trim().slice(0, 2);
  return text.toUpperCase();
}
