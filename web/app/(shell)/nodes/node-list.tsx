'use client';
import { useQuery } from '@tanstack/react-query';
import { Plus, Server } from 'lucide-react';
import { usePathname, useSearchParams } from 'next/navigation';
import { useMemo, useState } from 'react';
import { nodesQuery, verdictQuery } from '@/api/keys';
import { lazyDialog, lazyPart } from '@/app/parts/lazy';
import { NodeCard } from '@/app/parts/node-card';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { PageHead } from '@/components/card';
import { Empty, SkeletonRows } from '@/components/states';
import { count } from '@/lib/format';
import { useCommands, type Command } from '@/state/commands';
import { useMayAnywhere } from '@/state/session';

const AddNode = lazyDialog(() => import('./add/add-node'));
const Waiting = lazyPart(() => import('./waiting'));

export function NodeList() {
  const ids = useQuery(nodesQuery()).data;
  const adding = useAdding();
  if (!ids) return <SkeletonRows rows={8} />;
  return (
    <>
      {ids.length ? <Nodes ids={ids} adding={adding} /> : <Nothing adding={adding} />}
      {adding.shown !== null && <AddNode name={adding.shown} onClose={adding.close} />}
    </>
  );
}

type Adding = ReturnType<typeof useAdding>;

/* `/nodes?add` opens the dialog; the palette and the key `n` do so too. */
function useAdding() {
  const may = useMayAnywhere('nodes:write');
  const path = usePathname();
  const params = useSearchParams();
  const [opened, setOpened] = useState<string | null>(null);
  const commands = useMemo((): Command[] => (may ? [{ id: 'add-node', title: 'Add a node', group: 'Actions', keys: 'n', hidden: true, run: () => setOpened('') }] : []), [may]);
  useCommands(commands);
  const close = () => {
    setOpened(null);
    if (params.has('add')) history.replaceState(null, '', path);
  };
  return { may, shown: may ? (opened ?? params.get('add')) : null, open: setOpened, close };
}

function Nodes({ ids, adding }: { ids: string[]; adding: Adding }) {
  const online = useQuery({ ...verdictQuery(), select: (v) => v.counts.nodes_online }).data ?? 0;
  return (
    <>
      <PageHead title="Nodes" note={`${count(online, 'node')} of ${ids.length} online`}>
        <AddButton adding={adding} />
      </PageHead>
      {adding.may && <Waiting renew={adding.open} />}
      <div className="node-grid">
        {ids.map((id) => (
          <NodeCard key={id} id={id} />
        ))}
      </div>
    </>
  );
}

function Nothing({ adding }: { adding: Adding }) {
  return (
    <>
      <Empty icon={Server} title="No nodes yet" level="h1" actions={<AddButton adding={adding} />}>
        The machine that hydrad runs on appears here as soon as it has been read. Other machines report through an agent.
      </Empty>
      {adding.may && <Waiting renew={adding.open} />}
    </>
  );
}

function AddButton({ adding }: { adding: Adding }) {
  const offline = useOffline();
  if (!adding.may) return null;
  return (
    <Button look="primary" icon={Plus} onClick={() => adding.open('')} {...offline}>
      Add node
    </Button>
  );
}
