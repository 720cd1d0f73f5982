'use client';
import { useQuery } from '@tanstack/react-query';
import { Boxes, Plus } from 'lucide-react';
import { memo, useState } from 'react';
import { serviceQuery, servicesQuery, verdictQuery } from '@/api/keys';
import type { Service, ServiceRef } from '@/api/types';
import { ButtonLink } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { Segmented } from '@/components/field';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { Empty } from '@/components/states';
import { cx } from '@/lib/cx';
import { latency } from '@/lib/format';
import { groupBy } from '@/lib/group';
import { serviceHref, servicesHref } from '@/lib/links';
import { serviceLook } from '@/lib/states';
import { useEntity, whole } from '@/state/entity';
import { useMayAdd } from '@/state/session';

type Grouping = 'purpose' | 'node';
const perGroup = 14;

export function Services() {
  const refs = useQuery(servicesQuery()).data ?? [];
  const [grouping, setGrouping] = useState<Grouping>('purpose');
  const shown = refs.filter((r) => !r.hidden);
  const nodes = new Set(shown.map((r) => r.node)).size;
  const groups = groupBy(shown, (r) => (grouping === 'purpose' ? r.group : (r.node ?? 'Elsewhere')));
  return (
    <Card label="Services" className="scroll-mt-16">
      <CardHead title={<span id="services">Services</span>} note={<Tally />}>
        {nodes > 1 && (
          <Segmented
            label="Group services by"
            value={grouping}
            onChange={setGrouping}
            options={[
              { value: 'purpose', label: 'Purpose' },
              { value: 'node', label: 'Node' },
            ]}
          />
        )}
      </CardHead>
      {shown.length === 0 ? <NoServices /> : <Columns groups={groups} grouping={grouping} />}
    </Card>
  );
}

function Tally() {
  const counts = useQuery({ ...verdictQuery(), select: (v) => v.counts }).data;
  if (!counts) return null;
  const parts = [
    counts.healthy && `${counts.healthy} healthy`,
    counts.degraded && `${counts.degraded} degraded`,
    counts.down && `${counts.down} down`,
    counts.unknown && `${counts.unknown} unknown`,
    counts.unchecked && `${counts.unchecked} without a check`,
    counts.stopped && `${counts.stopped} stopped`,
  ];
  return parts.filter(Boolean).join(' · ');
}

function NoServices() {
  const may = useMayAdd();
  return (
    <Empty
      icon={Boxes}
      title="No services found yet"
      actions={
        may && (
          <ButtonLink href="/services?add" look="primary" icon={Plus}>
            Add a service
          </ButtonLink>
        )
      }
    >
      Containers, systemd units and listening programs appear here by themselves. What Hydra can't see, you can add by hand.
    </Empty>
  );
}

function Columns({ groups, grouping }: { groups: [string, ServiceRef[]][]; grouping: Grouping }) {
  return (
    <div className="service-columns" data-groups={Math.min(groups.length, 5)}>
      {groups.map(([name, list]) => (
        <section key={name} className="service-group" aria-label={name}>
          <h3 className="flex gap-1.5 px-2 pb-1.5 text-12 font-medium text-fg-3">
            {name}
            <span className="ml-auto font-regular">ms</span>
          </h3>
          {list.slice(0, perGroup).map((r) => (
            <ServiceRow key={r.id} id={r.id} />
          ))}
          {list.length > perGroup && (
            <Link href={servicesHref(grouping === 'purpose' ? { group: name } : { node: list[0]?.node ?? null })} className="service-row text-12 text-accent">
              {list.length - perGroup} more
            </Link>
          )}
        </section>
      ))}
    </div>
  );
}

function figure(s: Service): string {
  if (s.state === 'healthy') return latency(s.latency_ms);
  return serviceLook[s.state].word.toLowerCase();
}

/* Where the column is narrow the shape alone tells these; the name is worth more. */
const quiet = new Set<Service['state']>(['degraded', 'unknown', 'unchecked', 'working', 'stopped']);
const tones: Partial<Record<Service['state'], string>> = { down: 'text-bad', degraded: 'text-warn' };

const ServiceRow = memo(function ServiceRow({ id }: { id: string }) {
  const s = useEntity(serviceQuery(id), whole);
  if (!s) return null;
  const loud = s.state === 'down' || s.state === 'degraded';
  return (
    <Link href={serviceHref(id)} className="service-row" data-state={s.state} title={s.reason ?? undefined}>
      <Shape shape={serviceLook[s.state].shape} size={loud ? 'md' : 'xs'} label={serviceLook[s.state].word} />
      <span className="ell">{s.display}</span>
      <span className={cx('live num ml-auto text-11 whitespace-nowrap', tones[s.state] ?? 'text-fg-3', quiet.has(s.state) && 'word')}>{figure(s)}</span>
    </Link>
  );
});
