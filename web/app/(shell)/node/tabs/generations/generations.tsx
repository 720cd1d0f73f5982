'use client';
import { Brush, Hammer, Undo2 } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { generationsQuery } from '@/api/keys';
import type { Generations as List, NodeFacts } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { lazyDialog, lazyPart } from '@/app/parts/lazy';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { isOver, previousOf } from '@/lib/generations';
import { count } from '@/lib/format';
import { useMay } from '@/state/session';
import { Progress } from './progress';
import { Rows } from './rows';

const SwitchDialog = lazyDialog(() => import('./switch-dialog'));
const RebuildDialog = lazyDialog(() => import('./rebuild-dialog'));
const CollectDialog = lazyDialog(() => import('./collect-dialog'));
const Difference = lazyPart(() => import('./difference'));

const watching = 2000; // ms, while a switch is under way

export type Wish = { switch: number } | 'rollback' | 'rebuild' | 'collect' | null;

/* The systems that this machine can be, and the way between them. */
export function Generations({ node }: { node: NodeFacts }) {
  const params = useSearchParams();
  const query = useAsked(node.id, { ...generationsQuery(node.id), refetchInterval: (q) => (q.state.data?.switch && !isOver(q.state.data.switch.phase) ? watching : false) });
  const [wish, setWish] = useState<Wish>(null);
  const from = params.get('from');
  const to = params.get('to');
  return (
    <>
      <Asked node={node.id} query={query} title="Generations" note={(g) => count(g.generations.length, 'generation')} rows={6}>
        {(list) => (
          <>
            <Actions list={list} wish={setWish} />
            {list.switch && <Progress list={list.generations} of={list.switch} />}
            <Rows node={node.id} list={list} wish={setWish} />
            <Dialogs node={node.id} list={list} wish={wish} close={() => setWish(null)} />
          </>
        )}
      </Asked>
      {query.data && from && to && <Difference node={node.id} list={query.data.generations} from={from} to={to} />}
    </>
  );
}

/* What the policy of the node refuses stands with its reason. */
const held = (why: string | null, offline: ReturnType<typeof useOffline>) => (why ? { disabled: true, 'data-tip': why } : offline);

function Actions({ list, wish }: { list: List; wish: (w: Wish) => void }) {
  const may = useMay('generation:switch');
  const offline = useOffline();
  const previous = previousOf(list.generations);
  if (!may) return null;
  const under = list.switch && !isOver(list.switch.phase) ? 'A switch is under way' : null;
  return (
    <div className="flex flex-wrap gap-2 border-b border-line px-4 py-2.5">
      {previous && (
        <Button icon={Undo2} onClick={() => wish('rollback')} {...held(under ?? list.why_not.rollback, offline)}>
          Roll back to {previous.number}…
        </Button>
      )}
      {list.flakes.length > 0 && (
        <Button icon={Hammer} onClick={() => wish('rebuild')} {...held(under, offline)}>
          Rebuild…
        </Button>
      )}
      <Button icon={Brush} onClick={() => wish('collect')} {...held(under ?? list.why_not.collect, offline)}>
        Clean up…
      </Button>
    </div>
  );
}

function Dialogs({ node, list, wish, close }: { node: string; list: List; wish: Wish; close: () => void }) {
  if (!wish) return null;
  if (wish === 'rebuild') return <RebuildDialog node={node} flakes={list.flakes} onClose={close} />;
  if (wish === 'collect') return <CollectDialog node={node} onClose={close} />;
  const to = wish === 'rollback' ? previousOf(list.generations) : list.generations.find((g) => g.number === wish.switch);
  return to ? <SwitchDialog node={node} to={to} verb={wish === 'rollback' ? 'generation.rollback' : 'generation.switch'} back={list.generations.find((g) => g.running)} onClose={close} /> : null;
}
