'use client';
import dynamic from 'next/dynamic';
import type { Service } from '@/api/types';
import { useMay } from '@/state/session';

const LogCard = dynamic(() => import('@/app/parts/logs/card'), { ssr: false });

/* What the service itself says, for those who may read it. Services added by hand keep no log that Hydra could read. */
export function ServiceLog({ service: s }: { service: Service }) {
  const may = useMay('logs:read');
  return may && s.node && s.kind !== 'manual' ? <LogCard service={s.id} name={s.display} /> : null;
}
