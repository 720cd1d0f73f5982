'use client';
import { useQuery } from '@tanstack/react-query';
import { Copy, Lightbulb } from 'lucide-react';
import type { ReactNode } from 'react';
import { nodeQuery, serviceQuery } from '@/api/keys';
import type { ServiceDetail } from '@/api/types';
import { ServiceTag } from '@/app/parts/service-tag';
import { Button } from '@/components/button';
import { Card } from '@/components/card';
import { Icon } from '@/components/icon';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { count, duration, when } from '@/lib/format';
import { serviceLook } from '@/lib/states';
import { useClock } from '@/state/clock';
import { copyText } from '@/state/copy';

const runWord: Record<string, string> = {
  running: 'ran',
  starting: 'was starting',
  stopping: 'was stopping',
  stopped: 'was stopped',
  failed: 'had failed',
  restarting: 'was in a restart loop',
  paused: 'was paused',
};
const wellEnough = new Set<ServiceDetail['state']>(['healthy', 'unchecked', 'working', 'stopped']);

/* Why it is not well: the sentence, what the engine says, the cause, the last error. */
export function Why({ detail: d }: { detail: ServiceDetail }) {
  if (wellEnough.has(d.state) && !d.looping) return null;
  const tone = d.state === 'down' || d.looping ? 'why-bad' : d.state === 'degraded' ? 'why-warn' : '';
  return (
    <Card label="Why" className={cx('why', tone)}>
      <h2 className="flex items-start gap-2.5 text-15 font-semibold">
        <Shape shape={serviceLook[d.state].shape} size="lg" className="mt-[3px]" />
        <span className="[overflow-wrap:anywhere]">{titleOf(d)}</span>
      </h2>
      <div className="mt-1 grid gap-1.5 pl-[25px] text-fg-2">
        <Cause id={d.caused_by} />
        {fresh(d.why, d.reason) && <p>{d.why}</p>}
        <Exit detail={d} />
        {d.state === 'unknown' && <Unknown detail={d} />}
        {d.looping && <Loop detail={d} />}
        {d.last_error && fresh(d.last_error, d.reason) && <LastError text={d.last_error} />}
      </div>
    </Card>
  );
}

/* What a check or the engine found begins small, because it follows a colon elsewhere; a service's name stays as it is. */
function titleOf(d: ServiceDetail): string {
  if (!d.reason) return `${d.display} is ${serviceLook[d.state].word.toLowerCase()}`;
  const found = d.why === d.reason || d.checks.some((c) => c.text === d.reason);
  return found ? d.reason.charAt(0).toUpperCase() + d.reason.slice(1) : d.reason;
}

/* How it was when its node was heard last; of a silent engine, and of what is checked from afar, there is no such moment. */
function Unknown({ detail: d }: { detail: ServiceDetail }) {
  const node = useQuery(nodeQuery(d.node ?? '')).data;
  const silent = node && node.state !== 'online' ? Date.parse(node.seen) : 0;
  const age = useClock((now) => (silent ? duration(now - silent) : ''));
  if (!silent) return <p>Unknown is not down: Hydra has not heard from it, and says nothing more.</p>;
  return (
    <p>
      Unknown is not down. Last seen {age} ago: it {runWord[d.run] ?? 'was known'}
      {d.run_text && d.run_text !== d.run && ` (${d.run_text})`}.
    </p>
  );
}

/* Engine and judge often say the same; once is enough. */
const fresh = (text: string | null, said: string | null): boolean => !!text && !said?.toLowerCase().includes(text.trim().toLowerCase());

function Cause({ id }: { id: string | null }) {
  const cause = useQuery(serviceQuery(id ?? '')).data;
  if (!id) return null;
  return (
    <p className="flex flex-wrap items-center gap-1.5">
      Because <ServiceTag id={id} /> {cause ? `is ${serviceLook[cause.state].word.toLowerCase()}` : 'is not well'}: not counted as a problem of its own.
    </p>
  );
}

function Exit({ detail: d }: { detail: ServiceDetail }) {
  const t = d.ended ? Date.parse(d.ended) : 0;
  const text = useClock((now) => (t ? when(t, now) : ''));
  if (!d.oom_killed && !fresh(d.exit_meaning, d.reason)) return null;
  return (
    <p>
      {d.exit_meaning ? d.exit_meaning.charAt(0).toUpperCase() + d.exit_meaning.slice(1) : 'Killed because memory ran out'}
      {text && <span className="text-fg-3"> · {text}</span>}
    </p>
  );
}

function Hint({ children }: { children: ReactNode }) {
  return (
    <p className="flex items-start gap-2">
      <Icon of={Lightbulb} size={14} className="mt-[3px] text-fg-3" />
      <span>{children}</span>
    </p>
  );
}

function Loop({ detail: d }: { detail: ServiceDetail }) {
  return (
    <Hint>
      It is in a restart loop, {count(d.restarts_10min, 'restart')} in 10 min. Read its last error first: another start would end the same way.
    </Hint>
  );
}

function LastError({ text }: { text: string }) {
  return (
    <div className="mt-1 min-w-0">
      <div className="mb-1 flex items-center gap-2 text-12 text-fg-3">
        Last error
        <span className="ml-auto">
          <Button look="ghost" size="sm" icon={Copy} onClick={() => void copyText(text, 'Last error')}>
            Copy
          </Button>
        </span>
      </div>
      <pre tabIndex={0} aria-label="Last error" className="error-text">
        {text}
      </pre>
    </div>
  );
}
