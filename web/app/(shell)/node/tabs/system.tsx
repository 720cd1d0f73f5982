'use client';
import type { NodeFacts } from '@/api/types';
import { Generations } from './generations/generations';
import { KernelErrors } from './kernel-errors';
import { Packages } from './packages';
import { TimeSync } from './time-sync';

/* The system on it: what is installed, what its kernel complains about, whether its clock is right. */
export default function SystemTab({ node }: { node: NodeFacts }) {
  return (
    <div className="columns">
      <div className="stack">
        {node.os_id === 'nixos' ? <Generations node={node} /> : <Packages node={node.id} />}
        <KernelErrors node={node.id} />
      </div>
      <div className="stack">
        <TimeSync node={node.id} />
      </div>
    </div>
  );
}
