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
          <b className="font-medium">{node.name}</b>
          <p className="text-12 text-fg-2">{facts(node)}</p>
        </div>
        <span className="text-12 whitespace-nowrap text-fg-2">{count(found, 'service')} found</span>
      </div>
      <Sources sources={node.sources} />
    </>
  );
}

const looks: Record<Source['state'], Look> = {
  ok: { shape: 'ok', word: 'Read' },
  absent: { shape: 'stopped', word: 'Not there' },
  denied: { shape: 'warn', word: 'No access' },
  failed: { shape: 'warn', word: 'Failed' },
};

/* "collector/cpu" is one of many ways to get numbers: they are told apart only when one fails. */
const isCollector = (s: Source): boolean => s.name.startsWith('collector/');
const plainName = (s: Source): string => s.name.replace('collector/', '');

function Sources({ sources }: { sources: Source[] }) {
  const well = sources.filter((s) => isCollector(s) && s.state === 'ok');
  const missing = sources.filter((s) => isCollector(s) && s.state === 'absent');
  const single = sources.filter((s) => !isCollector(s) || s.state === 'denied' || s.state === 'failed');
  return (
    <>
      {single.map((s) => (
        <Found key={s.name} look={looks[s.state]} name={plainName(s)} note={s.text} hint={s.state === 'ok' ? null : s.hint} />
      ))}
      {well.length > 0 && <Found look={looks.ok} name="Numbers" note={well.map(plainName).join(', ')} />}
      {missing.length > 0 && <Found look={looks.absent} name="No such hardware" note={missing.map(plainName).join(', ')} />}
    </>
  );
}

function Found({ look, name, note, hint }: { look: Look; name: string; note: string | null; hint?: string | null }) {
  return (
    <div className="found">
      <Shape shape={look.shape} />
      <div className="min-w-0">
        <span className="font-medium">{name}</span>
        {note && <p className="text-12 text-fg-2">{note}</p>}
        {hint && (
          <p className="mt-1 text-12 text-fg-2">
            To change that: <code className="code">{hint}</code>
          </p>
        )}
      </div>
      <span className="text-12 whitespace-nowrap text-fg-3">{look.word}</span>
    </div>
  );
}
