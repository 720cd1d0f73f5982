'use client';
import { useMutation } from '@tanstack/react-query';
import { Ellipsis, Pencil, RefreshCw } from 'lucide-react';
import dynamic from 'next/dynamic';
import { lazy, Suspense, useMemo, useState } from 'react';
import { call, idPath } from '@/api/client';
import type { Service, ServiceDetail } from '@/api/types';
import { useOffline } from '@/app/parts/offline';
import { Button, IconButton } from '@/components/button';
import { useCommands, type Command } from '@/state/commands';
import { toast } from '@/state/ui';

const Editor = dynamic(() => import('@/app/parts/editor/editor'), { ssr: false });
const loadMore = () => import('./more');
const More = lazy(loadMore);

interface Props {
  service: Service;
  detail: ServiceDetail | undefined;
}

/* Drawn for those who may change services; others see none of it. */
export function Actions({ service: s, detail }: Props) {
  const offline = useOffline();
  const [editing, setEditing] = useState(false);
  const [wanted, setWanted] = useState(false);
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
  const trigger = <IconButton icon={Ellipsis} label="More actions" aria-haspopup="menu" onPointerEnter={() => void loadMore()} onFocus={() => void loadMore()} onClick={() => setWanted(true)} />;
  return (
    <>
      <Button icon={RefreshCw} disabled={check.isPending} onClick={() => check.mutate()} {...offline}>
        Check now
      </Button>
      <Button icon={Pencil} disabled={!detail} onClick={() => setEditing(true)} {...offline}>
        Edit
      </Button>
      <Suspense fallback={trigger}>{detail && wanted ? <More detail={detail} /> : trigger}</Suspense>
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
