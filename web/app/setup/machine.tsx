'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { nodeQuery, nodesQuery, verdictQuery } from '@/api/keys';
import type { NodeFacts, Source } from '@/api/types';
import { Button } from '@/components/button';
import { Card } from '@/components/card';
import { Shape } from '@/components/shape';
import { SkeletonRows } from '@/components/states';
import { count, join, memory } from '@/lib/format';
import type { Look } from '@/lib/states';
import { startLive } from '@/state/live';
import { StepBox } from './step-box';

/* The stream starts here: the list fills by itself, and the overview opens with it. */
function useStream(): void {
  const client = useQueryClient();
  useEffect(() => {
    void startLive(client, () => location.assign('/login')).begin();
  }, [client]);
}

export function Machine({ done }: { done: () => void }) {
  useStream();
  const ids = useQuery(nodesQuery()).data;
  return (
    <StepBox title="This is what Hydra sees" lead="Nothing on the machine is changed. What could not be read says how to allow it; you can do that later.">
      <Card>{ids ? ids.map((id) => <NodeFound key={id} id={id} />) : <SkeletonRows rows={4} />}</Card>
      <div className="mt-[26px] flex justify-end">
        <Button look="primary" size="lg" disabled={!ids} onClick={done}>
          Continue
        </Button>
      </div>
    </StepBox>
  );
}

const facts = (n: NodeFacts): string =>
  [n.os, n.cpu_model, `${n.cpu_threads} threads`, `${join(memory(n.memory_total))} memory`, ...n.gpus.map((g) => g.name)].filter(Boolean).join(' · ');

function NodeFound({ id }: { id: string }) {
  const node = useQuery(nodeQuery(id)).data;
  const found = useQuery({ ...verdictQuery(), select: (v) => v.counts.total }).data ?? 0;
  if (!node) return null;
  return (
    <>
      <div className="found">
        <Shape shape="ok" label="Connected" />
        <div className="min-w-0">
          <b className="font-medium">{node.label}</b>
          <p className="text-12 text-fg-2">{facts(node)}</p>
        </div>
        <span className="text-12 whitespace-nowrap text-fg-2">{count(found, 'service')} found</span>
      </div>
      {node.sources.map((s) => (
        <SourceFound key={s.name} source={s} />
      ))}
    </>
  );
}

const looks: Record<Source['state'], Look> = {
  ok: { shape: 'ok', word: 'Read' },
  absent: { shape: 'stopped', word: 'Not installed' },
  denied: { shape: 'warn', word: 'No access' },
  failed: { shape: 'warn', word: 'Failed' },
};

function SourceFound({ source }: { source: Source }) {
  const look = looks[source.state];
  const note = [source.text, source.state === 'ok' ? null : source.hint].filter(Boolean).join(' ');
  return (
    <div className="found">
      <Shape shape={look.shape} />
      <div className="min-w-0">
        <span className="font-medium">{source.name}</span>
        {note && <p className="text-12 text-fg-2">{note}</p>}
      </div>
      <span className="text-12 whitespace-nowrap text-fg-3">{look.word}</span>
    </div>
  );
}
