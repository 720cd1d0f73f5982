'use client';
import { useQuery } from '@tanstack/react-query';
import { serviceQuery } from '@/api/keys';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { serviceHref } from '@/lib/links';
import { serviceLook } from '@/lib/states';

/* Another service, with its state, as a link. */
export function ServiceTag({ id }: { id: string }) {
  const s = useQuery(serviceQuery(id)).data;
  const look = serviceLook[s?.state ?? 'unknown'];
  return (
    <Link href={serviceHref(id)} className="tag">
      <Shape shape={look.shape} size="sm" label={look.word} />
      {s?.display ?? id}
    </Link>
  );
}
