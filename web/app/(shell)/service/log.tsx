'use client';
import dynamic from 'next/dynamic';
import type { Service } from '@/api/types';
import { useMay } from '@/state/session';

const LogCard = dynamic(() => import('@/app/parts/logs/card'), { ssr: false });

/* What the service itself says, for those who may read it. Nobody keeps what other processes write, and services added by
   hand have no log that Hydra could read. */
const haveLogs = ['container', 'unit'];

export function ServiceLog({ service: s }: { service: Service }) {
  const may = useMay('logs:read');
  return may && s.node && haveLogs.includes(s.kind) ? <LogCard service={s.id} name={s.display} /> : null;
}
