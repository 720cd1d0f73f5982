'use client';
import { useQuery } from '@tanstack/react-query';
import { Server } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { useEffect } from 'react';
import { ApiError } from '@/api/client';
import { nodeDetailQuery, nodeQuery, nodesQuery } from '@/api/keys';
import type { NodeDetail, NodeFacts } from '@/api/types';
import { Crumb } from '@/app/parts/crumb';
import { Doing } from '@/app/parts/jobs/doing';
import { Gate } from '@/app/parts/gate';
import { lazyPart } from '@/app/parts/lazy';
import { ButtonLink } from '@/components/button';
import { Card } from '@/components/card';
import { Empty, ErrorState, SkeletonRows } from '@/components/states';
import { cx } from '@/lib/cx';
import { tabOf, type NodeTab } from '@/lib/node-tabs';
import { nodeName } from '@/lib/states';
import { live } from '@/state/live';
import { useMayThere } from '@/state/session';
import { Agent } from './agent';
import { Facts } from './facts';
import { NodeFeed } from './feed';
import { Filesystems } from './filesystems';
import { Gpus } from './gpus';
import { Head } from './head';
import { Interfaces } from './interfaces';
import { NodeServices } from './node-services';
import { Pressure } from './pressure';
import { Processes } from './processes';
import { Sensors } from './sensors';
import { TabNav } from './tab-nav';

const ChartsWait = () => (
  <div className="h-[420px]">
    <SkeletonRows rows={8} />
  </div>
);
const TabWait = () => (
  <Card>
    <SkeletonRows rows={10} />
  </Card>
);
const ProcessesTab = lazyPart(() => import('./tabs/processes'), TabWait);
const StorageTab = lazyPart(() => import('./tabs/storage'), TabWait);
const NetworkTab = lazyPart(() => import('./tabs/network'), TabWait);
const SystemTab = lazyPart(() => import('./tabs/system'), TabWait);
const AgentTab = lazyPart(() => import('./tabs/agent'), TabWait);
const Charts = lazyPart(() => import('./charts'), ChartsWait);

/* How is this machine, and what is it doing? Without an id: the first one. */
export function Page() {
  const params = useSearchParams();
  const wanted = params.get('id');
  const first = useQuery(nodesQuery()).data?.[0];
  const id = wanted ?? first;
  return (
    <Gate permission="nodes:read" what="see nodes">
      {id ? <Node key={id} id={id} tab={tabOf(params.get('tab'))} /> : <SkeletonRows rows={12} />}
    </Gate>
  );
}

function Node({ id, tab }: { id: string; tab: NodeTab }) {
  const row = useQuery(nodeQuery(id)).data;
  const { data, error, refetch } = useQuery(nodeDetailQuery(id));
  useEffect(() => live()?.watch(id), [id]);
  const reports = data?.facts === null && !!row?.os; // its first report came while the page was open
  useEffect(() => {
    if (reports) void refetch();
  }, [reports, refetch]);
  const listed = useQuery({ ...nodesQuery(), select: (ids) => ids.includes(id) }).data;
  if ((error instanceof ApiError && error.status === 404) || (data && listed === false)) return <Gone id={id} />;
  const shown = data ?? row;
  if (!shown) return error ? <Failed error={error} retry={() => void refetch()} /> : <SkeletonRows rows={12} />;
  return (
    <>
      <Crumb name={nodeName(shown)} />
      <Head node={shown} />
      <Doing of={{ node: id }} />
      {shown.os && <TabNav node={id} current={tab} />}
      {data ? <Body detail={data} row={row} tab={tab} /> : error ? <Failed error={error} retry={() => void refetch()} /> : <Card><SkeletonRows rows={12} /></Card>}
    </>
  );
}

function Body({ detail: d, row, tab }: { detail: NodeDetail; row: NodeFacts | undefined; tab: NodeTab }) {
  const node = row ?? d;
  if (!d.facts) return <Silent node={node} />;
  return (
    <div className={cx(d.state === 'away' && tab === 'overview' && 'grayscale')}>
      {tab === 'overview' && <Overview detail={d} facts={d.facts} />}
      {tab === 'processes' && <ProcessesTab node={d.id} />}
      {tab === 'storage' && <StorageTab detail={d} />}
      {tab === 'network' && <NetworkTab detail={d} />}
      {tab === 'system' && <SystemTab node={node} />}
      {tab === 'agent' && <AgentTab node={node} detail={d} />}
    </div>
  );
}

/* Each card takes its own part of the detail, so a tick draws only what changed. */
function Overview({ detail: d, facts }: { detail: NodeDetail; facts: NonNullable<NodeDetail['facts']> }) {
  const mayProcesses = useMayThere('processes:read', { node: d.id, labels: [] });
  return (
    <div className="columns">
      <div className="stack">
        <Charts detail={d} />
        <Gpus gpus={d.gpus_detail} />
        {mayProcesses && <Processes node={d.id} />}
        <Filesystems node={d.id} list={d.filesystems} />
        <Interfaces list={d.interfaces} />
      </div>
      <div className="stack">
        <Facts facts={facts} />
        <NodeServices node={d.id} />
        <Pressure pressure={d.pressure} />
        <Sensors list={d.sensors} />
        <NodeFeed node={d.id} />
      </div>
    </div>
  );
}

/* Let in, and not a word yet. */
function Silent({ node }: { node: NodeFacts }) {
  return (
    <div className="stack">
      <Card>
        <Empty icon={Server} title="It has not reported yet">
          Its agent was let in. What it sees appears here as soon as it runs and reaches Hydra.
        </Empty>
      </Card>
      <Agent node={node} />
    </div>
  );
}

function Failed({ error, retry }: { error: Error; retry: () => void }) {
  const requestId = error instanceof ApiError ? error.problem.request_id : undefined;
  return <ErrorState title="The node could not be read" detail={error.message} requestId={requestId} retry={retry} />;
}

function Gone({ id }: { id: string }) {
  const action = (
    <ButtonLink href="/nodes" look="primary">
      All nodes
    </ButtonLink>
  );
  return (
    <Empty icon={Server} title="There is no such node" level="h1" actions={action}>
      {id} has been removed, or never was.
    </Empty>
  );
}
