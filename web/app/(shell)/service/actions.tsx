'use client';
import { useMutation } from '@tanstack/react-query';
import { Ellipsis, Pencil, RefreshCw } from 'lucide-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { call, idPath } from '@/api/client';
import type { Service, ServiceDetail } from '@/api/types';
import { actionIcon, useOffers, type Offers } from '@/app/parts/jobs/offers';
import { lazyDialog } from '@/app/parts/lazy';
import { useOffline } from '@/app/parts/offline';
import { Button, IconButton } from '@/components/button';
import { isManaged, isNextStep } from '@/lib/actions';
import { ahead } from '@/lib/ahead';
import { useCommands, type Command } from '@/state/commands';
import { useMayThere } from '@/state/session';
import { toast } from '@/state/ui';

const Editor = lazyDialog(() => import('@/app/parts/editor/editor'));
const loadMore = () => import('./more');
const More = lazy(loadMore);
ahead(loadMore);

interface Props {
  service: Service;
  detail: ServiceDetail | undefined;
}

/* What this role may do to it: run it, check it, edit it. Others see none of it. */
export function Actions({ service: s, detail }: Props) {
  const write = useMayThere('services:write', { node: s.node, group: s.group, labels: detail?.labels }) ?? false;
  const offers = useOffers('service', s.id, s.display, { looping: s.looping, managed: isManaged(s.kind) && s.node !== null });
  return (
    <>
      <First offers={offers} />
      {write && <Edits service={s} detail={detail} />}
      {(write || offers.rest.length > 0) && <MoreButton detail={detail} offers={offers} write={write} />}
    </>
  );
}

function First({ offers: { first, busy, run } }: { offers: Offers }) {
  const offline = useOffline();
  if (!first) return null;
  const held = busy ? { disabled: true, 'data-tip': busy } : offline;
  return (
    <Button look={isNextStep(first) ? 'primary' : 'plain'} icon={actionIcon(first)} onClick={() => run(first)} {...held}>
      {first.label}
    </Button>
  );
}

function MoreButton({ detail, offers, write }: { detail: ServiceDetail | undefined; offers: Offers; write: boolean }) {
  const [wanted, setWanted] = useState(false);
  const trigger = <IconButton icon={Ellipsis} label="More actions" aria-haspopup="menu" onPointerEnter={() => void loadMore()} onFocus={() => void loadMore()} onClick={() => setWanted(true)} />;
  return <Suspense fallback={trigger}>{detail && wanted ? <More detail={detail} offers={offers} write={write} /> : trigger}</Suspense>;
}

function Edits({ service: s, detail }: Props) {
  const offline = useOffline();
  const [editing, setEditing] = useState(false);
  const check = useCheck(s);
  const checkNow = check.mutate;
  useCommands(
    useMemo((): Command[] => {
      return [
        { id: 'check-now', title: `Check ${s.display} now`, group: 'On this page', keys: 'c', run: () => checkNow() },
        { id: 'edit-service', title: `Edit ${s.display}`, group: 'On this page', keys: 'e', run: () => setEditing(true) },
      ];
    }, [s.display, checkNow]),
  );
  return (
    <>
      <Button icon={RefreshCw} disabled={check.isPending} onClick={() => check.mutate()} {...offline}>
        Check now
      </Button>
      <Button icon={Pencil} disabled={!detail} onClick={() => setEditing(true)} {...offline}>
        Edit
      </Button>
      {editing && detail && <Editor of={detail} onClose={() => setEditing(false)} />}
    </>
  );
}

function useCheck(s: Service) {
  return useMutation({
    mutationFn: () => call<void>(`/api/web/services-check/${idPath(s.id)}`, { method: 'POST' }),
    onSuccess: () => toast(`Checking ${s.display}; what it finds appears here`, 'info'),
    onError: (e) => toast(e.message, 'bad'),
  });
}
