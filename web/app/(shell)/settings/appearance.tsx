'use client';
import { useMemo, type ReactNode } from 'react';
import type { Session } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { PlainSelect, Segmented } from '@/components/field';
import { clockSeconds } from '@/lib/format';
import { useClock } from '@/state/clock';
import { applyTheme, type Theme } from '@/state/ui';
import { usePreference } from './preferences';

const themes: { value: Theme; label: string }[] = [
  { value: 'dark', label: 'Dark' },
  { value: 'light', label: 'Light' },
  { value: 'system', label: 'As the system' },
];
const degrees: { value: 'celsius' | 'fahrenheit'; label: string }[] = [
  { value: 'celsius', label: '°C' },
  { value: 'fahrenheit', label: '°F' },
];

export function Appearance({ session }: { session: Session }) {
  const set = usePreference();
  const { theme, temperature, time_zone } = session.preferences;
  const setTheme = (t: Theme) => {
    applyTheme(t);
    set({ theme: t });
  };
  return (
    <Card label="Appearance">
      <CardHead title="Appearance" note="follows you to other browsers" />
      <div className="px-4 py-1.5">
        <Line name="Theme">
          <Segmented label="Theme" value={theme} options={themes} onChange={setTheme} />
        </Line>
        <Line name="Temperatures">
          <Segmented label="Temperatures" value={temperature} options={degrees} onChange={(t) => set({ temperature: t })} />
        </Line>
        <Line name="Time zone">
          <ZoneSelect value={time_zone} onChange={(z) => set({ time_zone: z })} />
        </Line>
      </div>
    </Card>
  );
}

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-1.5 py-1.5">
      <span className="text-fg-2">{name}</span>
      {children}
    </div>
  );
}

function ZoneSelect({ value, onChange }: { value: string | null; onChange: (zone: string | null) => void }) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = useMemo(() => Intl.supportedValuesOf('timeZone'), []);
  const now = useClock((t) => clockSeconds(t).slice(0, 5));
  return (
    <span className="flex min-w-0 items-center gap-2.5">
      <span className="num text-12 whitespace-nowrap text-fg-3">now {now}</span>
      <PlainSelect label="Time zone" value={value ?? ''} onChange={(e) => onChange(e.target.value || null)}>
        <option value="">As this browser: {own}</option>
        {zones.map((z) => (
          <option key={z} value={z}>
            {z.replaceAll('_', ' ')}
          </option>
        ))}
      </PlainSelect>
    </span>
  );
}
