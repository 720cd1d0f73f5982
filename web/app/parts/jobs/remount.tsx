'use client';
import { RefreshCw } from 'lucide-react';
import { usePartOffers } from '@/app/parts/jobs/offers';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { findAction } from '@/lib/actions';
import { ask } from '@/state/asking';

interface Props {
  node: string;
  mount: string;
  small?: boolean;
}

/* Beside a mount that hangs or is gone, for those who may; what the node's policy says against it is in its tip. */
export function Remount({ node, mount, small = true }: Props) {
  const part = { kind: 'mount', target: mount, name: mount } as const;
  const { offers } = usePartOffers(node, part);
  const offline = useOffline();
  const action = findAction(offers.rest, 'mount.remount');
  if (!action) return null;
  const held = !action.allowed ? { disabled: true, 'data-tip': action.why ?? undefined } : offers.busy ? { disabled: true, 'data-tip': offers.busy } : offline;
  return (
    <Button icon={RefreshCw} size={small ? 'sm' : 'md'} aria-label={`Remount ${mount}`} onClick={() => ask({ ids: [node], kind: 'node', word: 'mount.remount', part })} {...held}>
      Remount
    </Button>
  );
}
