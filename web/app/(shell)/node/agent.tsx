'use client';
import type { NodeFacts } from '@/api/types';
import { Time } from '@/app/parts/time';
import { Card, CardHead } from '@/components/card';
import { FactList, type Fact } from '@/components/fact-list';
import { Shape } from '@/components/shape';
import { dayYear, duration, exact } from '@/lib/format';
import { useClock } from '@/state/clock';

/* What speaks for this machine, and how long it may. */
export function Agent({ node: n }: { node: NodeFacts }) {
  const a = n.agent;
  const facts: Fact[] = [
    { name: 'Runs', value: a.kind === 'built-in' ? 'inside hydrad, on this machine' : 'on the machine, reports over the network' },
    { name: 'Version', value: a.version },
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
