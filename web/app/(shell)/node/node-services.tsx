'use client';
import { useQuery } from '@tanstack/react-query';
import { memo, useMemo } from 'react';
import { serviceQuery } from '@/api/keys';
import { ButtonLink } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { count, join, memory, none, percent } from '@/lib/format';
import { serviceHref, servicesHref } from '@/lib/links';
import { isBad, isPlumbing } from '@/lib/services';
import { serviceLook } from '@/lib/states';
import { useServices } from '@/state/services';

const mostShown = 20;

/* What runs on it: what is not well first, then by name; plumbing that is well stays out. */
export const NodeServices = memo(function NodeServices({ node }: { node: string }) {
  const services = useServices();
  const mine = useMemo(() => (services ?? []).filter((s) => s.node === node && !s.hidden && !isPlumbing(s)), [services, node]);
  if (!mine.length) return null;
  const bad = mine.filter((s) => isBad(s.state)).length;
  const sorted = mine.toSorted((a, b) => Number(isBad(b.state)) - Number(isBad(a.state)) || a.display.localeCompare(b.display));
  return (
    <Card label="Services">
      <CardHead title="Services" note={bad ? `${bad} of ${mine.length} not well` : count(mine.length, 'service')}>
        <ButtonLink href={servicesHref({ node })} look="ghost" size="sm">
          All
        </ButtonLink>
      </CardHead>
      <ul className="p-2">
        {sorted.slice(0, mostShown).map((s) => (
          <Row key={s.id} id={s.id} />
        ))}
      </ul>
      {mine.length > mostShown && (
        <div className="flex justify-center border-t border-line py-1">
          <ButtonLink href={servicesHref({ node })} look="ghost" size="sm">
            All {count(mine.length, 'service')}
          </ButtonLink>
        </div>
      )}
    </Card>
  );
});

const Row = memo(function Row({ id }: { id: string }) {
  const s = useQuery(serviceQuery(id)).data;
  if (!s) return null;
  const look = serviceLook[s.state];
  return (
    <li>
      <Link href={serviceHref(id)} className="service-row" data-state={s.state}>
        <Shape shape={look.shape} size="sm" label={look.word} />
        <span className="ell flex-1">{s.display}</span>
        <span className="live num w-14 text-right text-12 whitespace-nowrap text-fg-2">{s.cpu == null ? none : join(percent(s.cpu))}</span>
        <span className="live num w-16 text-right text-12 whitespace-nowrap text-fg-2">{s.memory == null ? none : join(memory(s.memory))}</span>
      </Link>
    </li>
  );
});
