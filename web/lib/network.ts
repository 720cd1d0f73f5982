// Who listens, and what one machine reaches of another: words and order. Pure.
import type { Ports, Reach } from '@/api/types';
import { number } from './format';
import { matches } from './match';
import type { Shape } from './states';

export type Port = Ports['ports'][number];
export type Trips = Pick<Reach, 'sent' | 'answered' | 'min_ms' | 'avg_ms' | 'max_ms'>;
type Result = Reach['result'];

/* A number is a port, whole; words may be in anything. */
export const fitsPort = (p: Port, wanted: string): boolean => (/^\d+$/.test(wanted.trim()) ? p.port === Number(wanted) || p.pid === Number(wanted) : matches(wanted, p.name, p.user, p.service, p.address, p.protocol, String(p.port)));

/* The same socket for IPv4 and IPv6 is one line. */
export interface PortLine extends Port {
  addresses: string[];
}
export function linesOf(ports: Port[]): PortLine[] {
  const lines = new Map<string, PortLine>();
  for (const p of ports) {
    const key = `${p.port} ${p.protocol} ${p.pid ?? ''} ${p.service ?? ''} ${p.scope}`;
    const line = lines.get(key);
    if (line) line.addresses.push(p.address);
    else lines.set(key, { ...p, addresses: [p.address] });
  }
  return [...lines.values()];
}

const everywhere = new Set(['0.0.0.0', '::']);
export const whence = (p: PortLine): string => (p.scope === 'loopback' ? 'Loopback only' : p.addresses.some((a) => everywhere.has(a)) ? 'All addresses' : p.addresses.join(', '));

export const resultWord: Record<Result, string> = { reached: 'Reached', refused: 'Refused', 'timed-out': 'No answer', unreachable: 'Unreachable', 'not-resolved': 'Unknown name' };
export const resultShape: Record<Result, Shape> = { reached: 'ok', refused: 'warn', 'timed-out': 'bad', unreachable: 'bad', 'not-resolved': 'bad' };

export const tripText = (ms: number | null): string => (ms === null ? '' : ms < 10 ? `${number(ms)} ms` : `${Math.round(ms)} ms`);

/* "3 of 3, 0.4 ms (0.3 to 0.6)" */
export function tripsText(a: Trips): string {
  if (!a.sent) return '';
  const times = a.avg_ms === null ? '' : `, ${tripText(a.avg_ms)}${a.answered > 1 ? ` (${tripText(a.min_ms)} to ${tripText(a.max_ms)})` : ''}`;
  return `${a.answered} of ${a.sent}${times}`;
}

/* What was typed so far: nothing, or a port that can be asked. */
export const mayBePort = (text: string): boolean => text === '' || (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535);
