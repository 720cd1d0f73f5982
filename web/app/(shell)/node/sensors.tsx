'use client';
import { memo } from 'react';
import type { NodeDetail } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { integer, join, number, temperature } from '@/lib/format';
import { groupBy } from '@/lib/group';

type Sensor = NodeDetail['sensors'][number];

const texts: Record<Sensor['kind'], (v: number | null) => string> = {
  temp: (v) => join(temperature(v)),
  fan: (v) => (v === 0 ? 'stands' : `${integer(v)} rpm`),
  power: (v) => `${number(v)} W`,
};

const near = 5; // °C below critical is worth a colour

function tone(s: Sensor): string {
  if (s.kind !== 'temp' || s.value == null || s.critical == null) return '';
  return s.value >= s.critical ? 'text-bad' : s.value > s.critical - near ? 'text-warn' : '';
}

export const Sensors = memo(function Sensors({ list }: { list: Sensor[] }) {
  const known = list.filter((s) => s.value != null);
  if (!known.length) return null;
  return (
    <Card label="Sensors">
      <CardHead title="Sensors" />
      <div className="live px-4 pt-1 pb-2.5">
        {groupBy(known, (s) => s.chip).map(([chip, sensors]) => (
          <section key={chip} aria-label={chip}>
            <h3 className="pt-2 pb-0.5 text-12 text-fg-3">{chip}</h3>
            <dl>
              {sensors.map((s, i) => (
                <div key={`${s.label} ${s.kind} ${i}`} className="num flex gap-3 py-0.5">
                  <dt className="ell flex-1">{s.label}</dt>
                  {s.kind === 'temp' && s.critical != null && <dd className="text-12 text-fg-3">critical {join(temperature(s.critical))}</dd>}
                  <dd className={`min-w-16 text-right ${tone(s)}`}>{texts[s.kind](s.value)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Card>
  );
});
