'use client';
import type { ReactNode } from 'react';
import type { Enrolment, NodeFacts } from '@/api/types';
import { Shape } from '@/components/shape';
import type { Joined } from '@/lib/enrolment';
import { cx } from '@/lib/cx';
import { count, duration } from '@/lib/format';
import { useClock } from '@/state/clock';

interface Props {
  stage: Joined;
  token: Enrolment | undefined;
  name: string;
  node: NodeFacts | undefined;
}

const order: Joined[] = ['waiting', 'enrolled', 'reporting'];

/* How far the machine has come. Spoken as it changes. */
export function Way({ stage, token, name, node }: Props) {
  if (stage === 'expired') return <Over title="The token ran out before a machine used it." text="Nothing was added. A new token is a new line to run there." />;
  if (stage === 'withdrawn') return <Over title="The token was taken back." text="It was cancelled elsewhere, and lets nobody in." />;
  const at = order.indexOf(stage);
  const address = node?.agent.address;
  return (
    <div className={cx('mt-2 mb-3', at === 0 && 'border-t border-line pt-2')}>
      {at === 0 && token?.trouble && <Trouble token={token} />}
      <ol aria-live="polite" aria-label={`How far ${name} has come`} className="way">
        <Step of={0} at={at} now="Waiting for the agent" done="The agent has come" />
        <Step of={1} at={at} now={`Enrolled as ${name}${address ? ` from ${address}` : ''}, waiting for its first report`} done={`Enrolled as ${name}${address ? ` from ${address}` : ''}`} later="Enrolled" />
        <Step of={2} at={at + (stage === 'reporting' ? 1 : 0)} now="" done={node ? <>Reporting: {reportOf(node)}</> : 'Reporting'} later="Reporting" />
      </ol>
    </div>
  );
}

const reportOf = (n: NodeFacts): string => [n.os, n.cpu_threads > 0 && count(n.cpu_threads, 'thread'), n.services.total > 0 && count(n.services.total, 'service')].filter(Boolean).join(', ');

function Step({ of, at, now, done, later }: { of: number; at: number; now: string; done: ReactNode; later?: string }) {
  const step = at > of ? 'done' : at === of ? 'now' : 'later';
  return (
    <li data-step={step} aria-current={step === 'now' ? 'step' : undefined}>
      <Shape shape={step === 'done' ? 'ok' : step === 'now' ? 'working' : 'unchecked'} label={step === 'done' ? 'Done' : step === 'now' ? 'Working' : 'Later'} />
      <span>{step === 'done' ? done : step === 'now' ? now : later}</span>
    </li>
  );
}

function Trouble({ token }: { token: Enrolment }) {
  const t = Date.parse(token.trouble_at ?? token.created);
  const age = useClock((now) => duration(now - t));
  return (
    <div role="alert" className="mb-1 flex items-start gap-2.5 rounded-2 bg-warn-bg px-3 py-2">
      <Shape shape="warn" label="Warning" className="mt-[5px]" />
      <p className="min-w-0 [overflow-wrap:anywhere]">
        <b className="font-medium">A machine was refused {age} ago.</b> {token.trouble} The token still counts.
      </p>
    </div>
  );
}

function Over({ title, text }: { title: string; text: string }) {
  return (
    <div role="status" className="mt-3 mb-4 flex items-start gap-2.5">
      <Shape shape="stopped" className="mt-[5px]" />
      <p>
        <b className="font-medium">{title}</b> <span className="text-fg-2">{text}</span>
      </p>
    </div>
  );
}
