'use client';
import { CircuitBoard, Ellipsis, Trash2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { lazy, Suspense, useState } from 'react';
import { call, idPath } from '@/api/client';
import type { NodeFacts } from '@/api/types';
import { ActionItems } from '@/app/parts/jobs/action-items';
import type { Offers } from '@/app/parts/jobs/offers';
import { IconButton } from '@/components/button';
import { Confirm } from '@/components/dialog';
import { DropdownMenu, MenuItem, MenuLine } from '@/components/menu';
import { count } from '@/lib/format';
import { nodeName } from '@/lib/states';
import { toast } from '@/state/ui';

interface Props {
  node: NodeFacts;
  offers: Offers;
  manage: boolean;
}

const BmcDialog = lazy(() => import('./bmc-dialog'));

/* Loaded with the first press of its button, so it opens at once. */
export default function More({ node: n, offers, manage }: Props) {
  const [open, setOpen] = useState(true);
  const [asking, setAsking] = useState<'remove' | 'bmc' | null>(null);
  const close = () => setAsking(null);
  return (
    <>
      <DropdownMenu open={open} onOpenChange={setOpen} align="end" trigger={<IconButton icon={Ellipsis} label="More actions" data-tip={open ? undefined : 'More actions'} />}>
        <ActionItems offers={offers} />
        {manage && offers.rest.length > 0 && <MenuLine />}
        {manage && (
          <MenuItem icon={CircuitBoard} onSelect={() => setTimeout(() => setAsking('bmc'))}>
            Management controller…
          </MenuItem>
        )}
        {manage && n.agent.kind === 'remote' && (
          <MenuItem icon={Trash2} danger onSelect={() => setAsking('remove')}>
            Remove node…
          </MenuItem>
        )}
      </DropdownMenu>
      {asking === 'remove' && <RemoveDialog node={n} onClose={close} />}
      {asking === 'bmc' && (
        <Suspense>
          <BmcDialog id={n.id} name={nodeName(n)} onClose={close} />
        </Suspense>
      )}
    </>
  );
}

function RemoveDialog({ node: n, onClose }: { node: NodeFacts; onClose: () => void }) {
  const router = useRouter();
  const run = async () => {
    await call(`/api/web/nodes/${idPath(n.id)}`, { method: 'DELETE' });
    toast(`Removed ${nodeName(n)}`);
    router.push('/nodes');
  };
  const { total } = n.services;
  return (
    <Confirm title={`Remove ${nodeName(n)}?`} verb={`Remove ${nodeName(n)}`} forGood run={run} onClose={onClose}>
      Its agent is cut off at once and let in no more{total > 0 && `, and its ${count(total, 'service')} ${total === 1 ? 'leaves' : 'leave'} the lists`}. Nothing is changed on the machine: what runs there runs on. To have it back,
      add it again with a new token.
    </Confirm>
  );
}
