'use client';
import { memo } from 'react';
import type { NodeDetail } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { bytes, count, join, none, number, percent, rate } from '@/lib/format';

type Disk = NodeDetail['disks'][number];

const kind = (d: Disk): string => (d.rotational == null ? '' : d.rotational ? 'Hard disk' : 'SSD');

export const Disks = memo(function Disks({ list }: { list: Disk[] }) {
  if (!list.length) return null;
  return (
    <Card label="Activity of disks">
      <CardHead title="Activity of disks" note={count(list.length, 'disk')} />
      <div className="live overflow-x-auto px-4 py-1">
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Disk</th>
              <th scope="col" className="n max-m:hidden">
                Size
              </th>
              <th scope="col" className="n">
                Read
              </th>
              <th scope="col" className="n">
                Write
              </th>
              <th scope="col" className="n">
                Busy
              </th>
              <th scope="col" className="n max-m:hidden">
                Answers in
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((d) => (
              <Row key={d.name} disk={d} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
});

function Row({ disk: d }: { disk: Disk }) {
  return (
    <tr>
      <td className="w-full max-w-0 min-w-24">
        <span className="ell block">
          <b className="font-medium">{d.name}</b> <span className="text-fg-3">{[d.model, kind(d)].filter(Boolean).join(', ')}</span>
        </span>
      </td>
      <td className="n max-m:hidden">{join(bytes(d.size))}</td>
      <td className="n min-w-20">{join(rate(d.read))}</td>
      <td className="n min-w-20">{join(rate(d.write))}</td>
      <td className={`n min-w-14 ${(d.busy ?? 0) > 90 ? 'text-warn' : ''}`}>{join(percent(d.busy))}</td>
      <td className="n min-w-16 text-fg-2 max-m:hidden">{d.latency_ms == null ? none : `${number(d.latency_ms)} ms`}</td>
    </tr>
  );
}
