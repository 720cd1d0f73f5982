'use client';
import { useQuery } from '@tanstack/react-query';
import { systemQuery } from '@/api/keys';
import type { System as SystemState } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { Chip } from '@/components/chip';
import { FactList, type Fact } from '@/components/fact-list';
import { Fetched } from '@/components/fetched';
import { Shape } from '@/components/shape';
import { bytes, duration, integer, join } from '@/lib/format';

const refresh = 10_000;

/* Hydra itself: whether its database answers, who listens, what to mend. */
export function System() {
  const system = useQuery({ ...systemQuery(), refetchInterval: refresh });
  return (
    <Fetched query={system} what="How Hydra is doing">
      {(s) => (
        <div className="stack">
          <Warnings list={s.warnings} />
          <Card label="System">
            <CardHead title="Hydra" note={`version ${s.version}, up ${duration(s.uptime_s * 1000)}`} />
            <Database of={s.database} />
            <Listeners list={s.listen} />
          </Card>
          <Numbers of={s} />
        </div>
      )}
    </Fetched>
  );
}

function Warnings({ list }: { list: SystemState['warnings'] }) {
  if (!list.length) return null;
  return (
    <Card label="Warnings" className="px-4 py-2.5">
      <ul className="grid gap-2.5">
        {list.map((w) => (
          <li key={w.key} className="flex items-start gap-2.5">
            <Shape shape="warn" label="Warning" className="mt-[5px]" />
            <span className="min-w-0 [overflow-wrap:anywhere]">
              {w.text}
              {w.hint && <span className="block text-12 text-fg-2">{w.hint}</span>}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Database({ of: d }: { of: SystemState['database'] }) {
  const well = d.state === 'ok';
  return (
    <div className="flex items-start gap-2.5 px-4 py-2.5">
      <Shape shape={well ? 'ok' : 'bad'} label={well ? 'Answers' : 'Failing'} size="sm" className="mt-1.5" />
      <div className="min-w-0">
        <p>
          Database <span className="font-mono text-12 text-fg-2 [overflow-wrap:anywhere]">{d.label}</span>
        </p>
        {!well && <p className="text-12 text-bad">{d.text ?? 'It does not answer. The live view keeps working; nothing can be changed.'}</p>}
      </div>
    </div>
  );
}

function Listeners({ list }: { list: SystemState['listen'] }) {
  return (
    <ul className="border-t border-line px-4 py-2">
      {list.map((l) => (
        <li key={l.address} className="flex flex-wrap items-center gap-2 py-1">
          Listens on <span className="font-mono text-12">{l.address}</span>
          <Chip tone={l.tls ? 'ok' : l.exposed ? 'warn' : 'plain'}>{l.tls ? 'Encrypted' : 'Not encrypted'}</Chip>
          <span className="text-12 text-fg-3">{l.exposed ? 'reached from the network' : 'this machine only'}</span>
        </li>
      ))}
    </ul>
  );
}

function Numbers({ of: s }: { of: SystemState }) {
  const facts: Fact[] = [
    { name: 'Open connections', value: integer(s.http.connections) },
    { name: 'Requests', value: integer(s.http.requests_total) },
    { name: 'Refused requests', value: String(integer(s.http.refused_total)) },
    { name: 'Live readers now', value: String(integer(s.streams.subscribers)) },
    { name: 'Events delivered', value: integer(s.streams.deliveries_total) },
    { name: 'Sent to readers', value: join(bytes(s.streams.bytes_total)) },
    { name: 'Readers that fell behind', value: String(integer(s.streams.stalled_total)) },
    { name: 'Snapshots sent anew', value: String(integer(s.streams.resyncs_total)) },
    { name: 'Streams ended with a session', value: String(integer(s.streams.revoked_total)) },
    { name: 'Streams ended by expiry', value: String(integer(s.streams.expired_total)) },
    { name: 'Events kept for resuming', value: `${integer(s.streams.entries)}, ${join(bytes(s.streams.ring_bytes))} of ${join(bytes(s.streams.ring_bytes_limit))}` },
    { name: 'Oldest of them', value: <span className="font-mono text-12">{s.streams.oldest_id ?? 'none'}</span> },
    { name: 'Last event', value: <span className="font-mono text-12">{s.streams.last_id}</span> },
  ];
  return (
    <Card label="Live connections">
      <CardHead title="Connections" note="since it started" />
      <div className="num">
        <FactList facts={facts} />
      </div>
    </Card>
  );
}
