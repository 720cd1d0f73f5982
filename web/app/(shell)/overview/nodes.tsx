'use client';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { nodesQuery } from '@/api/keys';
import { NodeCard } from '@/app/parts/node-card';
import { ButtonLink } from '@/components/button';
import { SectionHead } from '@/components/card';
import { useMayAnywhere } from '@/state/session';

export function Nodes() {
  const ids = useQuery(nodesQuery()).data ?? [];
  const single = ids.length === 1;
  const may = useMayAnywhere('nodes:write');
  return (
    <section aria-label="Nodes" className="mt-[22px]">
      <SectionHead title={single ? 'Node' : 'Nodes'} note="last 15 min">
        {single && may && (
          <ButtonLink href="/nodes?add" look="ghost" size="sm" icon={Plus}>
            Add node
          </ButtonLink>
        )}
      </SectionHead>
      <div className={single ? '' : 'node-grid'}>
        {ids.map((id) => (
          <NodeCard key={id} id={id} wide={single} />
        ))}
      </div>
    </section>
  );
}
