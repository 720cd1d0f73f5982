// How a disk is, in words. Pure.
import type { Look } from './states';

export type DiskHealth = 'ok' | 'warning' | 'failing' | 'unknown';

export const diskLook: Record<DiskHealth, Look> = {
  ok: { shape: 'ok', word: 'Well' },
  warning: { shape: 'warn', word: 'Look after it' },
  failing: { shape: 'bad', word: 'Failing' },
  unknown: { shape: 'unknown', word: 'Not known' },
};

export const diskKind: Record<'hdd' | 'ssd' | 'virtual', string> = { hdd: 'Hard disk', ssd: 'SSD', virtual: 'Virtual' };

const rank: DiskHealth[] = ['failing', 'warning', 'unknown', 'ok'];

/* What needs to be seen first. */
export const byHealth = <D extends { health: DiskHealth; device: string }>(disks: D[]): D[] =>
  disks.toSorted((a, b) => rank.indexOf(a.health) - rank.indexOf(b.health) || a.device.localeCompare(b.device, 'en', { numeric: true }));

const yearHours = 24 * 365.25;

/* Hours of running as people think of them: "3.2 years". */
export function ageText(hours: number | null): string {
  if (hours === null) return '';
  if (hours < 24 * 60) return `${Math.round(hours / 24)} d`;
  return hours < yearHours ? `${Math.round(hours / 730)} months` : `${(hours / yearHours).toFixed(1)} years`;
}
