'use client';
import { useQuery } from '@tanstack/react-query';
import { Pencil, Trash2 } from 'lucide-react';
import { nodesQuery, servicesQuery } from '@/api/keys';
import type { GuardRails, GuardRule } from '@/api/types';
import { useOffline } from '@/app/parts/offline';
import { IconButton } from '@/components/button';
import { Card } from '@/components/card';
import { Shape } from '@/components/shape';
import { count } from '@/lib/format';
import { holdsAt, protects, wallTimeIn, whenText } from '@/lib/guard';
import { useClock } from '@/state/clock';

export interface Write {
  edit: (index: number) => void;
  remove: (index: number) => void;
}

export function Rules({ guard: g, write }: { guard: GuardRails; write: Write | null }) {
  return (
    <Card label="Rules" className="overflow-x-auto px-4 py-1">
      <table className="data data-tall">
        <thead>
          <tr>
            <th scope="col">Protected</th>
            <th scope="col" className="max-m:hidden">
              When
            </th>
            {write && (
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {g.rules.map((r, i) => (
            <Row key={i} rule={r} zone={g.time_zone ?? 'UTC'} index={i} write={write} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Row({ rule: r, zone, index, write }: { rule: GuardRule; zone: string; index: number; write: Write | null }) {
  const offline = useOffline();
  return (
    <tr>
      <td className="w-full">
        <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          {r.services.map((s) => (
            <code key={s} className="[overflow-wrap:anywhere]">
              {s}
            </code>
          ))}
        </span>
        <Reach rule={r} />
        <span className="m:hidden">
          {whenText(r)}
          <Holds rule={r} zone={zone} />
        </span>
      </td>
      <td className="whitespace-nowrap max-m:hidden">
        {whenText(r)}
        <Holds rule={r} zone={zone} />
      </td>
      {write && (
        <td>
          <span className="flex justify-end">
            <IconButton small icon={Pencil} label={`Edit the rule for ${r.services[0]}`} onClick={() => write.edit(index)} {...offline} />
            <IconButton small icon={Trash2} label={`Remove the rule for ${r.services[0]}`} onClick={() => write.remove(index)} {...offline} />
          </span>
        </td>
      )}
    </tr>
  );
}

const named = 3;

/* Which of what is there now it is about. */
export function Reach({ rule }: { rule: Pick<GuardRule, 'services'> }) {
  const services = useQuery(servicesQuery()).data ?? [];
  const nodes = useQuery(nodesQuery()).data ?? [];
  const machines = nodes.filter((n) => protects(rule, n));
  const found = services.filter((s) => protects(rule, s.id));
  const names = [...machines.map((n) => `the machine ${n}`), ...found.map((s) => s.display)];
  if (!names.length) return <small className="block text-12 text-warn">Nothing that is known now</small>;
  const rest = names.length - named;
  return (
    <small className="block text-12 text-fg-3">
      {found.length > named && `${count(found.length, 'service')}: `}
      {names.slice(0, named).join(', ')}
      {rest > 0 && ` and ${rest} more`}
    </small>
  );
}

function Holds({ rule, zone }: { rule: GuardRule; zone: string }) {
  const holds = useClock((t) => {
    const now = wallTimeIn(zone, t);
    return now ? String(holdsAt(rule, now)) : '';
  });
  if (!holds) return null;
  const on = holds === 'true';
  return (
    <small className="flex items-center gap-1.5 text-12 text-fg-3">
      <Shape shape={on ? 'info' : 'stopped'} size="sm" />
      {on ? 'Holds now' : 'Not now'}
    </small>
  );
}
