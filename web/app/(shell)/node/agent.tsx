'use client';
import { CircleArrowUp } from 'lucide-react';
import type { NodeFacts } from '@/api/types';
import { useOffer } from '@/app/parts/jobs/offers';
import { useOffline } from '@/app/parts/offline';
import { Time } from '@/app/parts/time';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { FactList, type Fact } from '@/components/fact-list';
import { Shape } from '@/components/shape';
import { dayYear, duration, exact } from '@/lib/format';
import { ask } from '@/state/asking';
import { useClock } from '@/state/clock';

/* What speaks for this machine, and how long it may. */
export function Agent({ node: n }: { node: NodeFacts }) {
  const a = n.agent;
  const facts: Fact[] = [
    { name: 'Runs', value: a.kind === 'built-in' ? 'inside hydrad, on this machine' : 'on the machine, reports over the network' },
    { name: 'Version', value: <Version node={n} />, long: !!a.upgrade_obstacle },
    { name: 'Came from', value: a.address && <span className="font-mono text-12">{a.address}</span> },
    { name: 'Linked', value: a.connected && <Time of={a.connected} /> },
    { name: 'Last heard', value: n.state !== 'online' && <Time of={n.seen} /> },
    { name: 'Enrolled', value: a.enrolled && <span title={exact(Date.parse(a.enrolled))}>{dayYear(Date.parse(a.enrolled))}</span> },
    { name: 'Certificate', value: a.certificate_expires && <Certificate until={Date.parse(a.certificate_expires)} /> },
  ];
  return (
    <Card label="Agent">
      <CardHead title="Agent" />
      <FactList facts={facts} />
    </Card>
  );
}

/* With a newer one that the hub has for it, or why that has to come another way. */
function Version({ node: n }: { node: NodeFacts }) {
  const a = n.agent;
  const upgrade = useOffer(n.id, 'agent.upgrade');
  const offline = useOffline();
  const held = upgrade?.allowed === false ? { disabled: true, 'data-tip': upgrade.why ?? undefined } : offline;
  return (
    <>
      {a.version}
      {a.upgrade && <span className="text-fg-3"> · {a.upgrade} is there</span>}
      {upgrade && a.upgrade && !a.upgrade_obstacle && (
        <span className="mt-1 block">
          <Button size="sm" icon={CircleArrowUp} onClick={() => ask({ ids: [n.id], kind: 'node', word: 'agent.upgrade' })} {...held}>
            Upgrade…
          </Button>
        </span>
      )}
      {a.upgrade_obstacle && <span className="block text-12 text-fg-2">{a.upgrade_obstacle}</span>}
    </>
  );
}

/* It renews itself while the agent is linked; one that ran out needs a new token. */
function Certificate({ until }: { until: number }) {
  const left = useClock((now) => (until <= now ? '' : `renews itself, ends in ${duration(until - now)}`));
  return (
    <span title={exact(until)} className="inline-flex items-center gap-1.5">
      {!left && <Shape shape="warn" size="sm" label="Warning" />}
      {left || 'ran out: add it again'}
    </span>
  );
}
