'use client';
import { ExternalLink } from 'lucide-react';
import type { Service, ServiceDetail } from '@/api/types';
import { ButtonLink } from '@/components/button';
import { Chip, type Tone } from '@/components/chip';
import { Link } from '@/components/link';
import { ServiceIcon } from '@/components/service-icon';
import { Shape } from '@/components/shape';
import { exact, lasting } from '@/lib/format';
import { nodeHref } from '@/lib/links';
import { kindWord } from '@/lib/services';
import { serviceLook } from '@/lib/states';
import { useClock } from '@/state/clock';
import { Actions } from './actions';

const tones: Record<Service['state'], Tone> = { healthy: 'ok', degraded: 'warn', down: 'bad', unknown: 'plain', unchecked: 'plain', working: 'accent', stopped: 'plain' };

export function Head({ service: s, detail }: { service: Service; detail: ServiceDetail | undefined }) {
  const look = serviceLook[s.state];
  return (
    <header className="mb-4 flex flex-wrap items-start gap-3.5">
      <div className="min-w-0 flex-1 basis-72">
        <h1 className="flex flex-wrap items-center gap-3 text-20 font-semibold tracking-tight">
          <Shape shape={look.shape} size="lg" label={look.word} />
          <ServiceIcon icon={s.icon} name={s.display} />
          <span className="min-w-0 [overflow-wrap:anywhere]">{s.display}</span>
          <StateChip service={s} />
          {s.hidden && <Chip>Hidden</Chip>}
        </h1>
        <Line service={s} detail={detail} />
      </div>
      <div className="flex flex-wrap items-center gap-2">
        {s.url && (
          <ButtonLink href={s.url} external icon={ExternalLink}>
            Open
          </ButtonLink>
        )}
        <Actions service={s} detail={detail} />
      </div>
    </header>
  );
}

function StateChip({ service: s }: { service: Service }) {
  const t = Date.parse(s.since);
  const text = useClock((now) => lasting(t, now));
  return (
    <span title={`since ${exact(t)}`} className="flex">
      <Chip tone={tones[s.state]}>
        {serviceLook[s.state].word} {text}
      </Chip>
    </span>
  );
}

function Line({ service: s, detail }: { service: Service; detail: ServiceDetail | undefined }) {
  return (
    <p className="mt-[3px] text-fg-2 [overflow-wrap:anywhere]">
      {detail?.description && <span>{detail.description} · </span>}
      {s.kind === 'container' ? `${s.engine === 'podman' ? 'Podman' : 'Docker'} container` : kindWord[s.kind]}
      {s.kind !== 'manual' && s.name !== s.display && <code className="ml-1.5">{s.name}</code>}
      {s.node && (
        <>
          {' on '}
          <Link href={nodeHref(s.node)} className="hover:text-accent hover:underline">
            {s.node}
          </Link>
        </>
      )}
      {detail?.run_text && detail.run_text !== 'running' && s.state !== 'unknown' && ` · ${detail.run_text}`}
    </p>
  );
}
