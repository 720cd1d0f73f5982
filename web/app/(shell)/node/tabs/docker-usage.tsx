'use client';
import { Brush, ChevronRight } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { dockerUsageQuery } from '@/api/keys';
import type { DockerUsage as Usage } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { useOffer } from '@/app/parts/jobs/offers';
import { lazyDialog } from '@/app/parts/lazy';
import { useOffline } from '@/app/parts/offline';
import { Time } from '@/app/parts/time';
import { Bar } from '@/components/bar';
import { Button } from '@/components/button';
import { Chip } from '@/components/chip';
import { Icon } from '@/components/icon';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { bytes, integer, join } from '@/lib/format';

const Prune = lazyDialog(() => import('./prune-dialog'));

type Engine = Usage['engines'][number];

/* What Docker keeps, and what of it nobody uses. */
export function DockerUsage({ node }: { node: string }) {
  const query = useAsked(node, { ...dockerUsageQuery(node), staleTime: 600_000 });
  return (
    <Asked node={node} query={query} title="Space taken by containers" wait="The engine counts it now. Where volumes are large this can take minutes.">
      {(usage) => (
        <>
          {usage.engines.map((e) => (
            <EngineUsage key={e.engine} node={node} engine={e} />
          ))}
          {usage.troubles.map((t) => (
            <p key={t.engine} className="flex items-start gap-2.5 border-t border-line px-4 py-2.5">
              <Shape shape="warn" label="Warning" className="mt-[5px]" />
              {t.engine}: {t.text}
            </p>
          ))}
        </>
      )}
    </Asked>
  );
}

function EngineUsage({ node, engine: e }: { node: string; engine: Engine }) {
  const prune = useOffer(node, 'docker.prune');
  const offline = useOffline();
  const [asking, setAsking] = useState(false);
  const all = e.images.bytes + e.containers.bytes + e.volumes.bytes + e.build_cache.bytes;
  const free = e.images.reclaimable_bytes + e.containers.reclaimable_bytes + e.volumes.reclaimable_bytes + e.build_cache.reclaimable_bytes;
  const held = prune?.allowed === false ? { disabled: true, 'data-tip': prune.why ?? undefined } : offline;
  return (
    <section aria-label={e.engine} className="border-t border-line first:border-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 px-4 py-2.5">
        <h3 className="font-medium">{e.engine}</h3>
        <span className="text-12 text-fg-3">{e.version}</span>
        <span className="num text-fg-2">
          {join(bytes(all))}, {free > 0 ? `${join(bytes(free))} of it used by nothing` : 'all of it used'}
        </span>
        {prune && (
          <span className="ml-auto">
            <Button size="sm" icon={Brush} onClick={() => setAsking(true)} {...held}>
              Clean up…
            </Button>
          </span>
        )}
      </div>
      <Part title="Images" part={e.images} all={all}>
        {e.images.items.map((i) => (
          <Line key={i.id} name={i.tags[0] ?? i.id} mono bytes={i.bytes} used={i.in_use} created={i.created} more={i.tags.length ? i.tags.slice(1).join(', ') : 'no name any more'} />
        ))}
      </Part>
      <Part title="Containers" part={e.containers} all={all}>
        {e.containers.items.map((c) => (
          <Line key={c.id} name={c.name ?? c.id} bytes={c.bytes} used={c.in_use} created={c.created} more={c.state} />
        ))}
      </Part>
      <Part title="Volumes" part={e.volumes} all={all}>
        {e.volumes.items.map((v) => (
          <Line key={v.name} name={v.name} mono={v.anonymous} bytes={v.bytes} used={v.in_use} created={v.created} more={v.anonymous ? 'without a name of its own' : ''} />
        ))}
      </Part>
      <Part title="Build cache" part={e.build_cache} all={all}>
        {e.build_cache.items.map((c) => (
          <Line key={c.id} name={c.description || c.id} mono bytes={c.bytes} used={c.in_use} created={c.created} more={c.type} />
        ))}
      </Part>
      {asking && prune && <Prune node={node} engine={e} action={prune} onClose={() => setAsking(false)} />}
    </section>
  );
}

interface PartProps {
  title: string;
  part: { count: number; in_use: number; bytes: number; reclaimable_bytes: number; cut: boolean };
  all: number;
  children: ReactNode;
}

function Part({ title, part: p, all, children }: PartProps) {
  const [open, setOpen] = useState(false);
  if (!p.count) return null;
  return (
    <div className="border-t border-line">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="usage-row">
        <Icon of={ChevronRight} size={14} className={cx('fold-arrow text-fg-3', open && 'fold-open')} />
        <span>
          {title} <span className="num text-fg-3">{integer(p.count)}</span>
        </span>
        <span className="max-m:hidden">
          <Bar part={all ? (100 * p.bytes) / all : 0} colour={1} />
        </span>
        <span className="num text-right whitespace-nowrap">{join(bytes(p.bytes))}</span>
        <span className="num text-right whitespace-nowrap text-fg-3">{p.reclaimable_bytes > 0 ? `${join(bytes(p.reclaimable_bytes))} unused` : ''}</span>
      </button>
      {open && (
        <ul className="pb-2 pl-[38px] pr-4">
          {children}
          {p.cut && <li className="py-1 text-12 text-fg-3">The largest; there are more.</li>}
        </ul>
      )}
    </div>
  );
}

interface LineProps {
  name: string;
  mono?: boolean;
  bytes: number;
  used: boolean;
  created: string | null;
  more: string;
}

function Line({ name, mono, bytes: n, used, created, more }: LineProps) {
  return (
    <li className="flex min-h-7 flex-wrap items-center gap-x-3 py-0.5">
      <span className={cx('ell min-w-0 flex-1 basis-40', mono && 'font-mono text-12')} title={name}>
        {name} {more && <span className="font-sans text-12 text-fg-3">{more}</span>}
      </span>
      {!used && <Chip>Unused</Chip>}
      <span className="text-12 text-fg-3 max-m:hidden">{created && <Time of={created} />}</span>
      <span className="num min-w-18 text-right whitespace-nowrap">{join(bytes(n))}</span>
    </li>
  );
}

