'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Command as Cmdk } from 'cmdk';
import { Boxes, CornerDownLeft, RotateCw, Search, Server, type LucideIcon } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState, type ReactNode } from 'react';
import { nodeQuery, nodesQuery, servicesQuery } from '@/api/keys';
import type { NodeFacts } from '@/api/types';
import { Kbd } from '@/components/chip';
import { Dialog } from '@/components/dialog';
import { Icon } from '@/components/icon';
import { isManaged, titled, wishOf } from '@/lib/actions';
import { cx } from '@/lib/cx';
import { nodeHref, serviceHref } from '@/lib/links';
import { nodeName } from '@/lib/states';
import { score } from '@/lib/match';
import { ask, type Asking } from '@/state/asking';
import { allCommands, useRegistry } from '@/state/commands';
import { useMay } from '@/state/session';
import { openOverlay } from '@/state/ui';
import { keyParts } from './keys';
import { places } from './places';

interface Entry {
  id: string;
  title: string;
  note?: string;
  icon: LucideIcon;
  keys?: string;
  run: () => void;
}

const limit = 12; // of services: the rest comes with more letters

function useEntries(query: string): { title: string; entries: Entry[] }[] {
  const router = useRouter();
  const services = useQuery(servicesQuery()).data ?? [];
  const nodes = useQuery(nodesQuery()).data ?? [];
  const commands = allCommands(useRegistry((s) => s.sets)).filter((c) => !c.hidden);
  const iconOf = (id: string) => places.find((p) => id === `go ${p.href}`)?.icon ?? CornerDownLeft;
  const groups = [
    { title: 'Do', entries: useWishes(query) },
    { title: 'On this page', entries: commands.filter((c) => c.group === 'On this page').map((c) => ({ ...c, icon: CornerDownLeft })) },
    { title: 'Services', entries: services.map((s) => ({ id: s.id, title: s.display, note: s.node ?? s.group, icon: Boxes, run: () => router.push(serviceHref(s.id)) })) },
    { title: 'Nodes', entries: nodes.map((n) => ({ id: `node ${n}`, title: n, icon: Server, run: () => router.push(nodeHref(n)) })) },
    { title: 'Go to', entries: commands.filter((c) => c.group === 'Go to').map((c) => ({ ...c, icon: iconOf(c.id) })) },
    { title: 'Actions', entries: commands.filter((c) => c.group === 'Actions' || c.group === 'Appearance').map((c) => ({ ...c, icon: CornerDownLeft })) },
  ];
  return groups.map((g) => ({ ...g, entries: g.title === 'Do' ? g.entries : best(query, g.entries, g.title === 'Services' && !query ? 5 : limit) })).filter((g) => g.entries.length);
}

/* "restart plex": the verb first. Asks before it does anything. */
function useWishes(query: string): Entry[] {
  const router = useRouter();
  const client = useQueryClient();
  const refs = useQuery(servicesQuery()).data ?? [];
  const nodes = useQuery(nodesQuery()).data ?? [];
  const mayServices = useMay('service:restart');
  const mayNodes = useMay('node:reboot');
  const ofService = mayServices ? wishOf(query, 'service') : null;
  const ofNode = mayNodes ? wishOf(query, 'node') : null;
  const entry = (kind: Asking['kind'], word: string, id: string, name: string, note?: string): Entry => ({
    id: `do ${word} ${id}`,
    title: `${titled(word)} ${name}…`,
    note,
    icon: RotateCw,
    run: () => {
      router.push(kind === 'node' ? nodeHref(id) : serviceHref(id));
      ask({ ids: [id], kind, word });
    },
  });
  const services = ofService ? refs.filter((r) => r.node && isManaged(r.kind)).map((r) => ({ title: r.display, entry: () => entry('service', ofService.word, r.id, r.display, r.node ?? undefined) })) : [];
  const machines = ofNode ? nodes.map((id) => ({ title: id, entry: () => entry('node', ofNode.word, id, nameOf(client.getQueryData(nodeQuery(id).queryKey)) ?? id) })) : [];
  return [...byName(services, ofService?.rest), ...byName(machines, ofNode?.rest)];
}

const nameOf = (n: NodeFacts | undefined): string | undefined => n && nodeName(n);
const wishes = 6;

function byName(list: { title: string; entry: () => Entry }[], name = ''): Entry[] {
  const ranked = list.map((e) => ({ e, s: name ? score(name, e.title) : 1 })).filter((r) => r.s > 0);
  return ranked
    .sort((a, b) => b.s - a.s)
    .slice(0, wishes)
    .map((r) => r.e.entry());
}

function best(query: string, entries: Entry[], most: number): Entry[] {
  if (!query.trim()) return entries.slice(0, most);
  const ranked = entries.map((e) => ({ e, s: score(query, `${e.title} ${e.note ?? ''}`) })).filter((r) => r.s > 0);
  return ranked.sort((a, b) => b.s - a.s).slice(0, most).map((r) => r.e);
}

export default function Palette() {
  const [query, setQuery] = useState('');
  const groups = useEntries(query);
  const close = () => openOverlay(null);
  return (
    <Dialog title="Search or run a command" hideTitle top width="lg" onClose={close}>
      <Cmdk label="Search or run a command" shouldFilter={false} loop>
        <div className="flex h-[50px] items-center gap-2.5 border-b border-line px-4">
          <Icon of={Search} className="text-fg-3" />
          <Cmdk.Input value={query} onValueChange={setQuery} placeholder="Search or run a command" className={input} />
          <Kbd>Esc</Kbd>
        </div>
        <Cmdk.List className="max-h-[calc(72vh-88px)] overflow-auto p-1.5">
          <Cmdk.Empty className="px-2.5 py-6 text-center text-fg-2">Nothing is called “{query}”</Cmdk.Empty>
          {groups.map((g) => (
            <Cmdk.Group key={g.title} heading={<Heading>{g.title}</Heading>}>
              {g.entries.map((e) => (
                <Row key={e.id} entry={e} close={close} />
              ))}
            </Cmdk.Group>
          ))}
        </Cmdk.List>
      </Cmdk>
      <footer className="flex gap-4 pointer-coarse:hidden border-t border-line px-4 py-[9px] text-11 text-fg-3">
        <span>
          <Kbd>↑</Kbd> <Kbd>↓</Kbd> choose
        </span>
        <span>
          <Kbd>↵</Kbd> run
        </span>
      </footer>
    </Dialog>
  );
}

const input = 'h-full flex-1 border-0 bg-transparent text-15 outline-0 focus-visible:outline-0';

function Heading({ children }: { children: ReactNode }) {
  return <small className="block px-2.5 pt-2 pb-1 text-11 text-fg-3">{children}</small>;
}

function Row({ entry, close }: { entry: Entry; close: () => void }) {
  const run = () => {
    close();
    entry.run();
  };
  return (
    <Cmdk.Item
      value={entry.id}
      onSelect={run}
      className={cx('group flex h-9 items-center gap-2.5 rounded-2 px-2.5 max-m:h-11', 'data-[selected=true]:bg-surface-3')}
    >
      <Icon of={entry.icon} className="text-fg-3 group-data-[selected=true]:text-accent" />
      <span className="ell">{entry.title}</span>
      {entry.note && <small className="ell ml-auto text-12 text-fg-3">{entry.note}</small>}
      {entry.keys && (
        <span className={cx('flex gap-1', !entry.note && 'ml-auto')}>
          {keyParts(entry.keys).map((k) => (
            <Kbd key={k}>{k}</Kbd>
          ))}
        </span>
      )}
    </Cmdk.Item>
  );
}
