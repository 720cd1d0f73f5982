'use client';
import { useMemo, useSyncExternalStore } from 'react';
import { Card } from '@/components/card';
import { means, sum, valueText, type ChartSpec } from '@/lib/charts';
import { clockSeconds } from '@/lib/format';
import type { NodeSeries } from '@/stream/series';

const step = 30_000;
const every = 10; // samples: a table that changes each second can't be read

/* All lines of all charts as means of half a minute, newest first. */
export function ChartTable({ node, specs }: { node: NodeSeries; specs: ChartSpec[] }) {
  const turn = useSyncExternalStore(node.subscribe, () => Math.floor(node.version / every));
  const lines = useMemo(
    () => specs.flatMap((s) => s.lines.map((l) => ({ spec: s, name: `${s.title}: ${l.name}`, rows: means(node.time(), sum(l.columns.map((c) => node.column(c))), step) }))),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the turn stands for the samples
    [node, specs, turn],
  );
  const times = lines[0]?.rows.map(([t]) => t) ?? [];
  return (
    <Card className="max-h-[480px] overflow-auto px-4 py-1.5" label="Means of 30 s">
      <table className="data" tabIndex={0}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map((l) => (
              <th key={l.name} scope="col" className="n">
                {l.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((t, i) => (
            <tr key={t}>
              <th scope="row" className="num font-regular">
                {clockSeconds(t)}
              </th>
              {lines.map((l) => (
                <td key={l.name} className="n">
                  {valueText(l.spec.unit, l.rows[i]?.[1] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
