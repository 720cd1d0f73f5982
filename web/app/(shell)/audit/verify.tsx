'use client';
import { useMutation } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { call } from '@/api/client';
import type { AuditVerdict } from '@/api/types';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { Shape } from '@/components/shape';
import { integer } from '@/lib/format';
import { toast } from '@/state/ui';

/* Computes the chain anew from the first entry on. */
export function Verify() {
  const offline = useOffline();
  const verify = useMutation({ mutationFn: () => call<AuditVerdict>('/api/web/audit/verify'), onError: (e) => toast(e.message, 'bad') });
  return (
    <>
      <span role="status" className="num text-12 empty:absolute">
        {verify.data && <Result of={verify.data} />}
      </span>
      <Button icon={ShieldCheck} disabled={verify.isPending} onClick={() => verify.mutate()} {...offline}>
        {verify.isPending ? 'Verifying…' : 'Verify'}
      </Button>
    </>
  );
}

function Result({ of: v }: { of: AuditVerdict }) {
  if (v.ok)
    return (
      <span className="inline-flex items-center gap-1.5 text-fg-2">
        <Shape shape="ok" size="sm" />
        Whole: {integer(v.entries)} entries, none changed
      </span>
    );
  return (
    <span className="inline-flex items-center gap-1.5 text-bad">
      <Shape shape="bad" size="sm" />
      Broken at entry {v.first_bad}: it or its neighbour was changed outside Hydra
    </span>
  );
}
