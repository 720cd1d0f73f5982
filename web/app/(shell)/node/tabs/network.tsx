'use client';
import type { NodeDetail } from '@/api/types';
import { useMayThere } from '@/state/session';
import { Interfaces } from '../interfaces';
import { Ports } from './ports';
import { ReachFrom } from './reach';

/* Its cables, who listens on it, and what it reaches of others. */
export default function NetworkTab({ detail: d }: { detail: NodeDetail }) {
  const spot = { node: d.id, labels: [] };
  const mayLook = useMayThere('processes:read', spot);
  const mayReach = useMayThere('node:reach', spot);
  return (
    <div className="stack">
      {mayReach && <ReachFrom node={d.id} />}
      <Interfaces list={d.interfaces} whole />
      {mayLook && <Ports node={d.id} />}
    </div>
  );
}
