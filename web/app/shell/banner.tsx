'use client';
import { Button } from '@/components/button';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { clockSeconds, duration } from '@/lib/format';
import { useClock } from '@/state/clock';
import { useConnection } from '@/state/connection';
import { useSession } from '@/state/session';
import type { StreamStatus } from '@/stream/protocol';
import { Mounted } from '@/components/mounted';

/* Never silently old numbers: after three seconds without the stream the page says so, and from when its numbers are. */
export function Banner() {
  const stale = useConnection((s) => s.stale && s.lastData !== null); // without data there is nothing to warn of
  return (
    <Mounted>
      {stale && <StaleBanner />}
      <InsecureBanner />
      <DemoBanner />
    </Mounted>
  );
}

function next(status: StreamStatus): (now: number) => string {
  if (status.state === 'waiting') return (now) => ` Trying again in ${duration(Math.max(1000, status.until - now))}.`;
  if (status.state === 'ended') return () => ' Your role may not follow events.';
  return () => ' Connecting…';
}

function StaleBanner() {
  const { status, lastData, retry } = useConnection();
  const silent = 'since' in status ? status.since : lastData;
  const age = useClock((now) => (silent ? duration(now - silent) : ''));
  const plan = useClock(next(status));
  return (
    <div role="status" className={cx(bar, 'bg-warn-bg shadow-[inset_0_0_0_1px_var(--warn-line)]')}>
      <Shape shape="warn" label="Warning" />
      <p>
        <b>No live data{age && ` for ${age}`}.</b> {lastData && `What you see is from ${clockSeconds(lastData)}.`}
        {plan}
      </p>
      <span className="ml-auto">
        <Button size="sm" onClick={retry}>
          Try now
        </Button>
      </span>
    </div>
  );
}

const bar = 'mb-3.5 flex items-center gap-3 rounded-3 py-2 pr-2.5 pl-4';

function InsecureBanner() {
  const session = useSession();
  if (!session?.insecure) return null;
  return (
    <div role="status" className={cx(bar, 'bg-info-bg shadow-[inset_0_0_0_1px_var(--info-line)]')}>
      <Shape shape="info" label="Info" />
      <p>
        <b>This connection is not encrypted.</b> Others on the network can read along, also passwords. Put Hydra behind HTTPS, or reach it through SSH or a VPN.
      </p>
    </div>
  );
}

function DemoBanner() {
  const session = useSession();
  if (!session?.demo) return null;
  return (
    <div role="note" className={cx(bar, 'bg-info-bg shadow-[inset_0_0_0_1px_var(--info-line)]')}>
      <Shape shape="info" label="Info" />
      <p>
        <b>A demonstration.</b> These nodes are simulated, a day of theirs takes ten minutes, and actions touch nothing real.
      </p>
    </div>
  );
}
