'use client';
import { ChevronRight, ExternalLink } from 'lucide-react';
import { memo } from 'react';
import { serviceQuery } from '@/api/keys';
import type { Service } from '@/api/types';
import { Chip } from '@/components/chip';
import { Icon } from '@/components/icon';
import { Link } from '@/components/link';
import { ServiceIcon } from '@/components/service-icon';
import { Shape } from '@/components/shape';
import { isManaged } from '@/lib/actions';
import { cx } from '@/lib/cx';
import { count, duration, exact, join, latency, memory, none, percent } from '@/lib/format';
import { serviceHref } from '@/lib/links';
import { kindWord, type Fold, type Open } from '@/lib/services';
import { serviceLook } from '@/lib/states';
import { useClock } from '@/state/clock';
import { useEntity, whole } from '@/state/entity';
import { useOutside } from '@/state/session';
import { Box } from './pick';

export const Row = memo(function Row({ id, index, pick }: { id: string; index: number; pick: boolean }) {
  const s = useEntity(serviceQuery(id), whole);
  if (!s) return null;
  return (
    <div role="row" aria-rowindex={index} data-id={id} data-state={s.state} className="svc svc-row">
      <Name service={s} pick={pick && isManaged(s.kind) && s.node !== null} />
      <span role="cell" className="svc-where ell text-fg-2">
        {s.node ?? 'Elsewhere'} <span className="text-fg-3">· {s.kind === 'container' ? s.engine : kindWord[s.kind]}</span>
      </span>
      <span role="cell" className="svc-ports num ell text-fg-3">
        {s.ports.slice(0, 3).join(', ')}
        {s.ports.length > 3 && ` +${s.ports.length - 3}`}
      </span>
      <Numbers service={s} />
      <StateCell service={s} />
    </div>
  );
});

/* The link covers its row; what stands above it has its own. */
function Name({ service: s, pick }: { service: Service; pick: boolean }) {
  const look = serviceLook[s.state];
  const why = useOutside('service:restart', s);
  return (
    <span role="cell" className="flex min-w-0 items-center gap-2.5">
      <span className="svc-pick">
        {pick && <Box id={s.id} name={s.display} why={why} />}
        <Shape shape={look.shape} label={look.word} size={s.state === 'healthy' ? 'sm' : 'md'} />
      </span>
      <Link href={serviceHref(s.id)} className="svc-link flex min-w-0 items-center gap-2 font-medium">
        <ServiceIcon icon={s.icon} name={s.display} />
        <span className="ell">{s.display}</span>
      </Link>
      {s.hidden && <Chip>Hidden</Chip>}
      {s.looping && <Chip tone="bad">Restart loop</Chip>}
      {s.reason && <span className="ell min-w-0 flex-1 text-12 text-fg-3 max-m:hidden">{s.reason}</span>}
      {s.url && <OpenLink service={s} />}
    </span>
  );
}

function OpenLink({ service: s }: { service: Service }) {
  return (
    <a href={s.url ?? ''} target="_blank" rel="noreferrer" aria-label={`Open ${s.display} in a new tab`} data-tip={s.url} className="svc-open">
      <Icon of={ExternalLink} size={13} />
    </a>
  );
}

function Numbers({ service: s }: { service: Service }) {
  const ms = latency(s.latency_ms);
  const cell = 'live svc-number num';
  return (
    <>
      <span role="cell" className={cell}>
        {ms ? (ms.endsWith('s') ? ms : `${ms} ms`) : <None />}
      </span>
      <span role="cell" className={cx(cell, 'svc-cpu')}>
        {s.cpu == null ? <None /> : join(percent(s.cpu))}
      </span>
      <span role="cell" className={cx(cell, 'svc-memory')}>
        {s.memory == null ? <None /> : join(memory(s.memory))}
      </span>
    </>
  );
}

const None = () => <span className="text-fg-3">{none}</span>;

const tones: Partial<Record<Service['state'], string>> = { down: 'text-bad font-medium', degraded: 'text-warn font-medium' };

function StateCell({ service: s }: { service: Service }) {
  const t = Date.parse(s.since);
  const text = useClock((now) => duration(now - t));
  return (
    <span role="cell" className="svc-state num ell" title={`since ${exact(t)}`}>
      <span className={tones[s.state] ?? 'text-fg-2'}>{serviceLook[s.state].word}</span> <span className="text-fg-3">{text}</span>
    </span>
  );
}

const foldText: Record<keyof Open, (n: number) => string> = {
  system: (n) => `${count(n, 'system service')} that ${n === 1 ? 'is' : 'are'} well`,
  hidden: (n) => `${count(n, 'hidden service')}`,
};

export function Unfold({ fold, index, onFold }: { fold: Fold; index: number; onFold: (key: keyof Open) => void }) {
  return (
    <div role="row" aria-rowindex={index} className="svc-head">
      <span role="cell">
        <button type="button" aria-expanded={fold.open} onClick={() => onFold(fold.key)} className="pop inline-flex h-7 items-center gap-1.5 rounded-2 font-medium text-fg-2 hover:text-fg">
          <Icon of={ChevronRight} size={14} className={cx('fold-arrow', fold.open && 'fold-open')} />
          {fold.open ? '' : 'Show '}
          {foldText[fold.key](fold.total)}
        </button>
      </span>
    </div>
  );
}
