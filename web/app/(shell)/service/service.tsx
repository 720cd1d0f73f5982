'use client';
import { useQuery } from '@tanstack/react-query';
import { SearchX } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { ApiError } from '@/api/client';
import { serviceDetailQuery, serviceQuery, servicesQuery } from '@/api/keys';
import type { ServiceDetail } from '@/api/types';
import { Crumb } from '@/app/parts/crumb';
import { Doing } from '@/app/parts/jobs/doing';
import { Gate } from '@/app/parts/gate';
import { ButtonLink } from '@/components/button';
import { Card } from '@/components/card';
import { Empty, ErrorState, SkeletonRows } from '@/components/states';
import { Checks } from './checks';
import { Facts } from './facts';
import { ServiceFeed } from './feed';
import { Head } from './head';
import { Health } from './health';
import { Labels } from './labels';
import { ServiceLog } from './log';
import { Numbers } from './numbers';
import { Ports } from './ports';
import { Relations } from './relations';
import { Warnings } from './warnings';
import { Why } from './why';

const refresh = 5000; // evidence of checks; the state itself comes with the stream

/* Does it work, since when, why not, and who needs it? */
export function Page() {
  const id = useSearchParams().get('id') ?? '';
  return (
    <Gate permission="services:read" what="see services">
      <Service key={id} id={id} />
    </Gate>
  );
}

function Service({ id }: { id: string }) {
  const row = useQuery(serviceQuery(id)).data;
  const { data, error, refetch } = useQuery({ ...serviceDetailQuery(id), refetchInterval: refresh });
  const listed = useQuery({ ...servicesQuery(), select: (refs) => refs.some((r) => r.id === id) }).data;
  const gone = (error instanceof ApiError && error.status === 404) || (data && listed === false);
  if (gone) return <Gone id={id} />;
  const shown = data ?? row;
  if (!shown) return error ? <Failed error={error} retry={() => void refetch()} /> : <SkeletonRows rows={12} />;
  return (
    <>
      <Crumb name={shown.display} note={shown.node ? `on ${shown.node}` : undefined} />
      <Head service={shown} detail={data} />
      <Doing of={{ service: id }} />
      {data ? <Body detail={data} /> : error ? <Failed error={error} retry={() => void refetch()} /> : <Card><SkeletonRows rows={12} /></Card>}
    </>
  );
}

function Body({ detail }: { detail: ServiceDetail }) {
  return (
    <div className="columns">
      <div className="stack">
        <Why detail={detail} />
        <Warnings detail={detail} />
        <Health detail={detail} />
        <Numbers detail={detail} />
        <ServiceLog service={detail} />
        <Checks detail={detail} />
        <Ports detail={detail} />
        <Labels detail={detail} />
      </div>
      <div className="stack">
        <Relations detail={detail} />
        <Facts detail={detail} />
        <ServiceFeed detail={detail} />
      </div>
    </div>
  );
}

function Failed({ error, retry }: { error: Error; retry: () => void }) {
  const requestId = error instanceof ApiError ? error.problem.request_id : undefined;
  return <ErrorState title="The service could not be read" detail={error.message} requestId={requestId} retry={retry} />;
}

function Gone({ id }: { id: string }) {
  const action = (
    <ButtonLink href="/services" look="primary">
      All services
    </ButtonLink>
  );
  return (
    <Empty icon={SearchX} title="There is no such service" level="h1" actions={action}>
      {id ? `${id} has been removed, or is not seen by its node any more.` : 'The address names no service.'}
    </Empty>
  );
}
