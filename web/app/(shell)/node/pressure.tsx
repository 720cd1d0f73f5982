'use client';
import { memo } from 'react';
import type { NodeDetail } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { join, percent } from '@/lib/format';

type All = NodeDetail['pressure'];

const rows: { key: keyof All; name: string; wait: string }[] = [
  { key: 'cpu', name: 'CPU', wait: 'Something waits for a processor' },
  { key: 'memory', name: 'Memory', wait: 'Something waits for memory' },
  { key: 'io', name: 'Disks', wait: 'Something waits for a disk' },
];

/* How much of the time something had to wait; "all" means that nothing else ran meanwhile. */
export const Pressure = memo(function Pressure({ pressure }: { pressure: All }) {
  const known = rows.filter((r) => pressure[r.key]);
  if (!known.length) return null;
  return (
    <Card label="Pressure">
      <CardHead title="Pressure" note="time spent waiting" />
      <div className="live px-4 py-1">
        <table className="data">
          <thead>
            <tr>
              <th scope="col">For</th>
              <th scope="col" className="n">
                10 s
              </th>
              <th scope="col" className="n">
                60 s
              </th>
              <th scope="col" className="n" data-tip="Nothing at all could run">
                All, 10 s
              </th>
            </tr>
          </thead>
          <tbody>
            {known.map((r) => (
              <tr key={r.key} title={r.wait}>
                <th scope="row" className="font-regular text-fg">
                  {r.name}
                </th>
                <td className="n">{join(percent(pressure[r.key]?.some10))}</td>
                <td className="n text-fg-2">{join(percent(pressure[r.key]?.some60))}</td>
                <td className="n text-fg-2">{join(percent(pressure[r.key]?.full10))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
});
