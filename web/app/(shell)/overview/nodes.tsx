'use client';
import { useQuery } from '@tanstack/react-query';
import { nodesQuery } from '@/api/keys';
import { NodeCard } from '@/app/parts/node-card';
import { SectionHead } from '@/components/card';

export function Nodes() {
  const ids = useQuery(nodesQuery()).data ?? [];
  const single = ids.length === 1;
  return (
    <section aria-label="Nodes" className="mt-[22px]">
      <SectionHead title={single ? 'Node' : 'Nodes'} note="last 15 min" />
      <div className={single ? '' : 'node-grid'}>
        {ids.map((id) => (
          <NodeCard key={id} id={id} wide={single} />
        ))}
      </div>
    </section>
  );
}
