'use client';
import { useQuery } from '@tanstack/react-query';
import { serviceQuery } from '@/api/keys';
import { Link } from '@/components/link';
import { serviceHref } from '@/lib/links';

/* A service's name as a link inside text and tables. */
export function ServiceName({ id }: { id: string }) {
  const name = useQuery({ ...serviceQuery(id), select: (s) => s.display }).data;
  return (
    <Link href={serviceHref(id)} className="hover:text-accent hover:underline">
      {name ?? id.split('/').at(-1)}
    </Link>
  );
}
