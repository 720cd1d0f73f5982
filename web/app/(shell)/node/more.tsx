'use client';
import { Ellipsis, Trash2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
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
  remove: boolean;
}

/* Loaded with the first press of its button, so it opens at once. */
export default function More({ node: n, offers, remove }: Props) {
  const [open, setOpen] = useState(true);
  const [asking, setAsking] = useState(false);
  return (
    <>
      <DropdownMenu open={open} onOpenChange={setOpen} align="end" trigger={<IconButton icon={Ellipsis} label="More actions" data-tip={open ? undefined : 'More actions'} />}>
        <ActionItems offers={offers} />
        {remove && offers.rest.length > 0 && <MenuLine />}
        {remove && (
          <MenuItem icon={Trash2} danger onSelect={() => setAsking(true)}>
            Remove node…
          </MenuItem>
        )}
      </DropdownMenu>
      {asking && <RemoveDialog node={n} onClose={() => setAsking(false)} />}
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
