'use client';
import { useQuery } from '@tanstack/react-query';
import { Server } from 'lucide-react';
import { nodesQuery, verdictQuery } from '@/api/keys';
import { NodeCard } from '@/app/parts/node-card';
import { PageHead } from '@/components/card';
import { Empty, SkeletonRows } from '@/components/states';
import { count } from '@/lib/format';

export function NodeList() {
  const ids = useQuery(nodesQuery()).data;
  const online = useQuery({ ...verdictQuery(), select: (v) => v.counts.nodes_online }).data ?? 0;
  if (!ids) return <SkeletonRows rows={8} />;
  if (!ids.length)
    return (
      <Empty icon={Server} title="No nodes yet" level="h1">
        The machine that hydrad runs on appears here as soon as it has been read.
      </Empty>
    );
  return (
    <>
      <PageHead title="Nodes" note={`${count(online, 'node')} of ${ids.length} online`} />
      <div className="node-grid">
        {ids.map((id) => (
          <NodeCard key={id} id={id} />
        ))}
      </div>
    </>
  );
}
