'use client';
import { Boxes, Plus, SearchX } from 'lucide-react';
import { usePathname, useRouter, useSearchParams } from 'next/navigation';
import { useDeferredValue, useMemo, useState } from 'react';
import type { Service } from '@/api/types';
import { Gate } from '@/app/parts/gate';
import { lazyDialog } from '@/app/parts/lazy';
import { Button } from '@/components/button';
import { PageHead } from '@/components/card';
import { Empty, ErrorState, SkeletonRows } from '@/components/states';
import { count } from '@/lib/format';
import { serviceHref } from '@/lib/links';
import { nearest } from '@/lib/match';
import { arrange, isFiltered, kindWord, noFilter, type Open, type ServiceKind } from '@/lib/services';
import { serviceLook, type ServiceState } from '@/lib/states';
import { useCommands } from '@/state/commands';
import { useConnection } from '@/state/connection';
import { useServices } from '@/state/services';
import { useMayAdd } from '@/state/session';
import { List } from './list';
import { PickBar } from './pick';
import { Toolbar } from './toolbar';
import { useView, type View } from './view';

const Editor = lazyDialog(() => import('@/app/parts/editor/editor'));

/* Everything that runs, found by searching, filtering and grouping. */
export function Services() {
  return (
    <Gate permission="services:read" what="see services">
      <Screen />
    </Gate>
  );
}

function Screen() {
  const services = useServices();
  const failure = useConnection((s) => s.failure);
  const retry = useConnection((s) => s.retry);
  const add = useAdding();
  if (!services && failure)
    return <ErrorState title="The services could not be read" detail={failure.problem.detail} requestId={failure.problem.request_id} retry={retry} />;
  if (!services) return <SkeletonRows rows={14} />;
  return (
    <>
      <PageHead title="Services" note={<Summary services={services} />}>
        {add.may && (
          <Button look="primary" icon={Plus} onClick={add.open}>
            Add service
          </Button>
        )}
      </PageHead>
      {services.length ? <Found services={services} /> : <NoServices add={add.may ? add.open : null} />}
      {add.shown && <Editor onClose={add.close} onSaved={add.saved} />}
    </>
  );
}

/* `/services?add` opens the editor; the palette and the key `n` do so too. */
function useAdding() {
  const may = useMayAdd();
  const router = useRouter();
  const path = usePathname();
  const params = useSearchParams();
  const [opened, setOpened] = useState(false);
  const commands = useMemo(
    () => (may ? [{ id: 'add-service', title: 'Add a service', group: 'Actions' as const, keys: 'n', run: () => setOpened(true) }] : []),
    [may],
  );
  useCommands(commands);
  const close = () => {
    setOpened(false);
    if (params.has('add')) history.replaceState(null, '', path);
  };
  return { may, shown: may && (opened || params.has('add')), open: () => setOpened(true), close, saved: (id: string) => router.push(serviceHref(id)) };
}

function Summary({ services }: { services: Service[] }) {
  const shown = services.filter((s) => !s.hidden);
  const nodes = new Set(shown.flatMap((s) => s.node ?? []));
  const hidden = services.length - shown.length;
  return [`${count(shown.length, 'service')} on ${count(nodes.size, 'node')}`, hidden && `${hidden} hidden`].filter(Boolean).join(' · ');
}

function headTitle(by: View['by'], key: string): string {
  if (by === 'state') return serviceLook[key as ServiceState].word;
  return by === 'kind' ? kindWord[key as ServiceKind] : key;
}

function Found({ services }: { services: Service[] }) {
  const [view, setView] = useView();
  const [open, setOpen] = useState<Open>({ system: false, hidden: false });
  const shown = useDeferredValue(view);
  const lines = useMemo(
    () => arrange(services, shown, { grouping: shown.by, sort: shown.sort, open, title: (key) => headTitle(shown.by, key) }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the view is made anew at every render; its words decide
    [services, JSON.stringify(shown), open],
  );
  return (
    <>
      <Toolbar services={services} view={view} onChange={setView} />
      {lines.length ? (
        <List lines={lines} sort={view.sort} onSort={(sort) => setView({ sort })} onFold={(k) => setOpen((o) => ({ ...o, [k]: !o[k] }))} />
      ) : (
        <NoMatch services={services} view={view} onChange={setView} />
      )}
      <PickBar />
    </>
  );
}

function NoMatch({ services, view, onChange }: { services: Service[]; view: View; onChange: (v: Partial<View>) => void }) {
  const near = view.text ? nearest(view.text, [...new Set(services.map((s) => s.display))]) : null;
  const title = view.text ? `No service matches “${view.text}”` : 'No service matches the filter';
  return (
    <Empty icon={SearchX} title={title} actions={isFiltered(view) && <Button onClick={() => onChange(noFilter)}>Clear the filter</Button>}>
      {near && (
        <>
          Did you mean{' '}
          <button type="button" className="font-medium text-accent hover:underline" onClick={() => onChange({ ...noFilter, text: near })}>
            {near}
          </button>
          ?{' '}
        </>
      )}
      {count(services.length, 'service')} {services.length === 1 ? 'is' : 'are'} kept back by the filter.
    </Empty>
  );
}

function NoServices({ add }: { add: (() => void) | null }) {
  const action = add && (
    <Button look="plain" icon={Plus} onClick={add}>
      Add a service
    </Button>
  );
  return (
    <Empty icon={Boxes} title="No services found yet" actions={action}>
      Containers, systemd units and listening programs appear here by themselves. What Hydra can&rsquo;t see, you can add by hand.
    </Empty>
  );
}
