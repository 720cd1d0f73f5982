'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Radar } from 'lucide-react';
import { askServiceReach, nodeQuery } from '@/api/keys';
import type { ReachSide, ServiceDetail } from '@/api/types';
import { Button } from '@/components/button';
import { FormError } from '@/components/form-error';
import { Shape } from '@/components/shape';
import { resultShape, resultWord, tripsText } from '@/lib/network';
import { nodeName } from '@/lib/states';
import { useMayThere } from '@/state/session';

/* Does it take connections here and there, and what does the difference mean? */
export function Reachability({ service }: { service: ServiceDetail }) {
  const may = useMayThere('node:reach', service);
  const asked = useMutation({ mutationFn: () => askServiceReach(service.id) });
  if (!may) return null;
  return (
    <div className="border-t border-line px-4 py-2.5">
      <div className="flex flex-wrap items-center gap-2.5">
        <p className="min-w-0 flex-1 basis-60 text-fg-2">{asked.data?.text ?? 'Does it answer on its own node, and from another?'}</p>
        <Button size="sm" icon={Radar} disabled={asked.isPending} onClick={() => asked.mutate()}>
          {asked.isPending ? 'Asking…' : asked.data ? 'Ask again' : 'Ask both'}
        </Button>
      </div>
      {asked.error && <FormError error={asked.error} />}
      {asked.data && (
        <ul aria-label="Asked from" className="mt-1.5">
          <Side side={asked.data.itself} />
          {asked.data.other && <Side side={asked.data.other} />}
        </ul>
      )}
    </div>
  );
}

function Side({ side: { node, reach, error } }: { side: ReachSide }) {
  const name = useQuery({ ...nodeQuery(node), select: nodeName }).data ?? node;
  return (
    <li className="flex flex-wrap items-center gap-x-2.5 py-0.5">
      <Shape shape={reach ? resultShape[reach.result] : 'unknown'} size="sm" />
      <b className="font-medium">{name}</b>
      <span className="text-fg-2">{reach ? resultWord[reach.result] : error}</span>
      {reach && <span className="num text-12 text-fg-3">{tripsText(reach)}</span>}
    </li>
  );
}
