'use client';
import type { ServiceDetail } from '@/api/types';
import { lazyPart } from '@/app/parts/lazy';
import { useMayThere } from '@/state/session';

const LogCard = lazyPart(() => import('@/app/parts/logs/card'));

/* What the service itself says, for those who may read it. Nobody keeps what other processes write, and services added by
   hand have no log that Hydra could read. */
const haveLogs = ['container', 'unit'];

export function ServiceLog({ service: s }: { service: ServiceDetail }) {
  const may = useMayThere('logs:read', s);
  return may && s.node && haveLogs.includes(s.kind) ? <LogCard service={s.id} name={s.display} /> : null;
}
