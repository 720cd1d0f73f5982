'use client';
import { useQuery } from '@tanstack/react-query';
import { serviceQuery } from '@/api/keys';
import type { ServiceDetail } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { serviceHref } from '@/lib/links';
import { serviceLook } from '@/lib/states';

/* Above it what it needs, below it who needs it. */
export function Relations({ detail: d }: { detail: ServiceDetail }) {
  if (!d.depends_on.length && !d.needed_by.length) return null;
  const look = serviceLook[d.state];
  return (
    <Card label="Dependencies">
      <CardHead title="Dependencies" />
      <div className="px-3.5 pt-2.5 pb-3.5">
        <Others title={`${d.display} needs`} ids={d.depends_on} />
        {d.depends_on.length > 0 && <span className="relation-line" />}
        <div className="relation relation-self" aria-current="true">
          <Shape shape={look.shape} size="sm" label={look.word} />
          <b className="ell">{d.display}</b>
        </div>
        {d.needed_by.length > 0 && <span className="relation-line" />}
        <Others title="needed by" ids={d.needed_by} />
      </div>
    </Card>
  );
}

function Others({ title, ids }: { title: string; ids: string[] }) {
  if (!ids.length) return null;
  return (
    <>
      <p className="mb-1.5 text-12 text-fg-3">{title}</p>
      <ul className="grid gap-1.5">
        {ids.map((id) => (
          <li key={id}>
            <Other id={id} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Other({ id }: { id: string }) {
  const s = useQuery(serviceQuery(id)).data;
  const look = serviceLook[s?.state ?? 'unknown'];
  return (
    <Link href={serviceHref(id)} className="relation">
      <Shape shape={look.shape} size="sm" label={look.word} />
      <span className="ell font-medium">{s?.display ?? id}</span>
      <small className="ell text-12 text-fg-3">{s && s.state !== 'healthy' ? look.word.toLowerCase() : s?.node}</small>
    </Link>
  );
}
