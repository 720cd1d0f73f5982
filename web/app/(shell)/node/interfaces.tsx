'use client';
import { memo, useState } from 'react';
import type { NodeDetail } from '@/api/types';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { Shape } from '@/components/shape';
import { count, integer, join, none, number, rate } from '@/lib/format';

type Interface = NodeDetail['interfaces'][number];

/* Bridges and veth pairs of containers are many and say little: folded. */
export const Interfaces = memo(function Interfaces({ list, whole = false }: { list: Interface[]; whole?: boolean }) {
  const [all, setAll] = useState(false);
  const virtual = list.filter((i) => i.virtual).length;
  const foldable = virtual > 0 && virtual < list.length;
  const shown = all || !foldable ? list : list.filter((i) => !i.virtual);
  if (!list.length) return null;
  return (
    <Card label="Network interfaces">
      <CardHead title="Network interfaces" note={count(list.length - (foldable ? virtual : 0), 'interface')}>
        {foldable && (
          <Button look="ghost" size="sm" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Hide virtual' : `Show ${virtual} virtual`}
          </Button>
        )}
      </CardHead>
      <div className="live overflow-x-auto px-4 py-1">
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Interface</th>
              <th scope="col" className="max-m:hidden">
                Addresses
              </th>
              <th scope="col" className="n max-m:hidden">
                Speed
              </th>
              {whole && (
                <th scope="col" className="n max-m:hidden">
                  MTU
                </th>
              )}
              <th scope="col" className="n">
                In
              </th>
              <th scope="col" className="n">
                Out
              </th>
              <th scope="col" className="n max-m:hidden">
                Errors, drops
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((i) => (
              <Row key={i.name} face={i} whole={whole} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
});

function speed(i: Interface): string {
  if (!i.speed_mbit) return none;
  return i.speed_mbit >= 1000 ? `${number(i.speed_mbit / 1000)} Gbit/s` : `${i.speed_mbit} Mbit/s`;
}

function Row({ face: i, whole }: { face: Interface; whole: boolean }) {
  const errors = (i.rx_errors ?? 0) + (i.tx_errors ?? 0);
  return (
    <tr>
      <td className="whitespace-nowrap">
        <Shape shape={i.up ? 'ok' : 'stopped'} size="sm" label={i.up ? 'Up' : 'Down'} className="mr-2 inline" />
        <b className="font-medium">{i.name}</b>
      </td>
      <td className="w-full max-w-0 max-m:hidden">
        <span className="ell block font-mono text-12 text-fg-2" title={i.addresses.join(', ')}>
          {i.addresses.join(', ')}
        </span>
      </td>
      <td className="n text-fg-2 max-m:hidden">
        {speed(i)}
        {i.half_duplex && <span className="text-warn"> half duplex</span>}
      </td>
      {whole && <td className="n text-fg-3 max-m:hidden">{integer(i.mtu)}</td>}
      <td className="n min-w-20">{join(rate(i.rx))}</td>
      <td className="n min-w-20">{join(rate(i.tx))}</td>
      <td className={`n max-m:hidden ${errors ? 'text-warn' : 'text-fg-3'}`}>
        {integer(errors)}, {integer(i.drops ?? 0)}
      </td>
    </tr>
  );
}
