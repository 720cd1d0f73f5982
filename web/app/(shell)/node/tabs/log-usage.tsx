'use client';
import { Eraser, Scissors } from 'lucide-react';
import { useState } from 'react';
import { logUsageQuery } from '@/api/keys';
import type { LogUsage as Usage } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { useOffer } from '@/app/parts/jobs/offers';
import { lazyDialog } from '@/app/parts/lazy';
import { useOffline } from '@/app/parts/offline';
import { Time } from '@/app/parts/time';
import { Bar } from '@/components/bar';
import { Button } from '@/components/button';
import { Link } from '@/components/link';
import { bytes, count, join } from '@/lib/format';
import { serviceHref } from '@/lib/links';
import { ask } from '@/state/asking';
import { useMayThere } from '@/state/session';

const Vacuum = lazyDialog(() => import('./vacuum-dialog'));

type Journal = NonNullable<Usage['journal']>;
type Containers = NonNullable<Usage['containers']>;
type Log = Containers['items'][number];

const few = 8;

/* What the journal and Docker's logs of containers take, and where it is won back. */
export function LogUsage({ node }: { node: string }) {
  const query = useAsked(node, logUsageQuery(node));
  return (
    <Asked node={node} query={query} title="Space taken by logs" rows={3} note={(u) => join(bytes((u.journal?.bytes ?? 0) + (u.containers?.bytes ?? 0)))}>
      {(u) => (
        <>
          {u.journal ? <JournalRow node={node} journal={u.journal} /> : <Unknown text={u.journal_text} />}
          {u.containers ? <Logs node={node} containers={u.containers} /> : <Unknown text={u.containers_text} />}
        </>
      )}
    </Asked>
  );
}

const Unknown = ({ text }: { text: string | null }) => <p className="border-t border-line px-4 py-2.5 text-fg-2 first:border-0">{text}</p>;

function JournalRow({ node, journal: j }: { node: string; journal: Journal }) {
  const action = useOffer(node, 'journal.vacuum');
  const offline = useOffline();
  const [asking, setAsking] = useState(false);
  const held = action?.allowed === false ? { disabled: true, 'data-tip': action.why ?? undefined } : offline;
  return (
    <section aria-label="Journal" className="flex flex-wrap items-center gap-x-3 gap-y-1.5 px-4 py-2.5">
      <h3 className="font-medium">Journal</h3>
      <span className="num text-fg-2">{join(bytes(j.bytes))}</span>
      <span className="text-12 text-fg-3">
        {count(j.files, 'file')}
        {j.since && (
          <>
            , since <Time of={j.since} />
          </>
        )}
      </span>
      {action && (
        <span className="ml-auto">
          <Button size="sm" icon={Scissors} onClick={() => setAsking(true)} {...held}>
            Shorten…
          </Button>
        </span>
      )}
      {action?.allowed === false && <p className="w-full text-12 text-fg-3">{action.why}</p>}
      {asking && action && <Vacuum node={node} journal={j} action={action} onClose={() => setAsking(false)} />}
    </section>
  );
}

function Logs({ node, containers: c }: { node: string; containers: Containers }) {
  const [all, setAll] = useState(false);
  const shown = all ? c.items : c.items.slice(0, few);
  const largest = Math.max(1, ...c.items.map(sizeOf));
  const may = useMayThere('service:update', { node, labels: [] });
  const why = may && !c.items.some((l) => l.allowed) && c.items[0]?.why;
  if (!c.items.length) return <Unknown text="Docker keeps no log in a file of its own here: the containers log elsewhere." />;
  return (
    <section aria-label="Containers" className="border-t border-line first:border-0">
      <div className="flex flex-wrap items-center gap-x-3 px-4 pt-2.5">
        <h3 className="font-medium">Containers</h3>
        <span className="num text-fg-2">{join(bytes(c.bytes))}</span>
      </div>
      <ul className="py-1">
        {shown.map((l) => (
          <Row key={l.name} node={node} log={l} largest={largest} />
        ))}
      </ul>
      {c.items.length > few && (
        <div className="px-4 pb-2.5">
          <Button size="sm" look="ghost" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Show the biggest' : `Show all ${c.items.length}`}
          </Button>
        </div>
      )}
      {why && <p className="px-4 pb-2.5 text-12 text-fg-3">{why}</p>}
      {c.cut && <p className="px-4 pb-2.5 text-12 text-fg-3">The largest; there are more.</p>}
    </section>
  );
}

const sizeOf = (l: Log): number => l.bytes + l.older_bytes;

function Row({ node, log: l, largest }: { node: string; log: Log; largest: number }) {
  const may = useMayThere('service:update', { node, labels: [] });
  const offline = useOffline();
  const id = `${node}/${l.target}`;
  const held = l.allowed ? offline : { disabled: true, 'data-tip': l.why ?? undefined };
  return (
    <li aria-label={l.name} className="log-size">
      <span className="ell min-w-0">
        <Link href={serviceHref(id)} className="hover:underline" title={l.name}>
          {l.name}
        </Link>
        {l.older_bytes > 0 && <span className="text-12 text-fg-3"> {join(bytes(l.older_bytes))} of it put aside</span>}
      </span>
      <span className="max-m:hidden">
        <Bar part={(100 * sizeOf(l)) / largest} colour={1} />
      </span>
      <span className="num text-right whitespace-nowrap">{join(bytes(sizeOf(l)))}</span>
      {may && (
        <Button size="sm" icon={Eraser} aria-label={`Empty the log of ${l.name}`} onClick={() => ask({ ids: [id], kind: 'service', word: 'truncate-log' })} {...held}>
          Empty…
        </Button>
      )}
    </li>
  );
}
