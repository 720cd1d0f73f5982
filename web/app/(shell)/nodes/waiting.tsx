'use client';
import { useQuery } from '@tanstack/react-query';
import { call } from '@/api/client';
import type { Enrolment } from '@/api/types';
import { enrolmentsQuery } from '@/api/keys';
import { useAct } from '@/app/parts/act';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { Shape } from '@/components/shape';
import { countdown } from '@/lib/enrolment';
import { when } from '@/lib/format';
import { useClock } from '@/state/clock';
import { toast } from '@/state/ui';

const remembered = 86_400_000; // an expired token is worth a line for a day

/* Tokens that no machine has used yet. Not drawn when there are none. */
export default function Waiting({ renew }: { renew: (node: string) => void }) {
  const { data, error, refetch } = useQuery(enrolmentsQuery());
  const open = (data ?? []).filter((e) => e.state !== 'used' && Date.parse(e.expires) > Date.now() - remembered);
  if (error)
    return (
      <p role="alert" className="mb-3.5 flex flex-wrap items-center gap-2.5 text-fg-2">
        <Shape shape="warn" label="Warning" />
        The tokens that wait for machines could not be read: {error.message}
        <Button size="sm" onClick={() => void refetch()}>
          Try again
        </Button>
      </p>
    );
  if (!open.length) return null;
  return (
    <div className="mb-3.5">
      <Card label="Waiting for machines">
        <CardHead title="Waiting for machines" note="nobody has used these tokens yet" />
        <ul>
          {open.map((e) => (
            <Row key={e.id} of={e} renew={() => renew(e.node)} />
          ))}
        </ul>
      </Card>
    </div>
  );
}

function Row({ of: e, renew }: { of: Enrolment; renew: () => void }) {
  const end = Date.parse(e.expires);
  const left = useClock((now) => (end > now ? `${countdown(end - now)} left` : `ran out ${when(end, now)}`));
  const over = left.startsWith('ran out');
  return (
    <li className="flex flex-wrap items-center gap-x-2.5 gap-y-1 border-t border-line px-4 py-2 first:border-t-0">
      <Shape shape={over ? 'stopped' : 'working'} label={over ? 'Expired' : 'Waiting'} />
      <div className="min-w-0 flex-1 basis-48">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <b className="font-medium">{e.node}</b>
          <span className="num text-12 text-fg-3">
            {left}
            {e.created_by && ` · by ${e.created_by}`}
          </span>
        </p>
        {e.trouble && (
          <p className="text-12 text-warn [overflow-wrap:anywhere]">
            A machine was refused: {e.trouble}
          </p>
        )}
      </div>
      <Buttons of={e} over={over} renew={renew} />
    </li>
  );
}

function Buttons({ of: e, over, renew }: { of: Enrolment; over: boolean; renew: () => void }) {
  const offline = useOffline();
  const act = useAct(enrolmentsQuery().queryKey);
  const drop = () =>
    act.mutate(() => call(`/api/web/enrolments/${encodeURIComponent(e.id)}`, { method: 'DELETE' }), {
      onSuccess: () => over || toast(`The token for ${e.node} lets nobody in any more`),
    });
  return (
    <span className="flex gap-2">
      {over && (
        <Button size="sm" onClick={renew} {...offline}>
          New token
        </Button>
      )}
      <Button size="sm" look="ghost" disabled={act.isPending} aria-label={over ? `Forget ${e.node}` : `Cancel ${e.node}`} onClick={drop} {...offline}>
        {over ? 'Forget' : 'Cancel'}
      </Button>
    </span>
  );
}
