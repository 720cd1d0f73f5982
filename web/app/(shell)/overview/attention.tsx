'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { ArrowRight, Lightbulb, RefreshCw, Search } from 'lucide-react';
import { useEffect, useState } from 'react';
import { call, idPath } from '@/api/client';
import { attentionQuery, serviceQuery } from '@/api/keys';
import type { Attention } from '@/api/types';
import { Remount } from '@/app/parts/jobs/remount';
import { useOffline } from '@/app/parts/offline';
import { Button, ButtonLink } from '@/components/button';
import { Icon } from '@/components/icon';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { Card, SectionHead } from '@/components/card';
import { cx } from '@/lib/cx';
import { exact, lasting } from '@/lib/format';
import { nodeHref, serviceHref } from '@/lib/links';
import { serviceLook, severityLook } from '@/lib/states';
import { useClock } from '@/state/clock';
import { useMayThere, useSession } from '@/state/session';
import { toast } from '@/state/ui';

const folded = 4; // rows before the rest is folded away: nodes and services stay in sight
const linger = 5000; // the list keeps its height so long after the last problem went

export function AttentionList() {
  const now = useQuery(attentionQuery()).data ?? [];
  const { list, over } = useLingering(now);
  const [all, setAll] = useState(false);
  if (!list.length) return null;
  const shown = all || list.length <= folded + 1 ? list : list.slice(0, folded);
  const first = shown[0];
  const enlarged = first && first.severity !== 'info' ? first.id : null;
  return (
    <section aria-label="Needs attention">
      <Head list={now} />
      <Card className="overflow-hidden">
        <ul>
          {shown.map((a) => (
            <Row key={a.id} item={a} large={a.id === enlarged && !over} over={over} />
          ))}
        </ul>
        {(all || shown.length < list.length) && <Fold all={all} more={list.length - shown.length} onChange={setAll} />}
      </Card>
    </section>
  );
}

function Fold({ all, more, onChange }: { all: boolean; more: number; onChange: (all: boolean) => void }) {
  return (
    <button type="button" aria-expanded={all} onClick={() => onChange(!all)} className="pop w-full border-t border-line px-4 py-2 text-center text-12 text-fg-2 hover:bg-surface-2">
      {all ? 'Show fewer' : `Show ${more} more`}
    </button>
  );
}

function useLingering(now: Attention[]): { list: Attention[]; over: boolean } {
  const [last, setLast] = useState(now);
  useEffect(() => {
    if (now.length) return setLast(now);
    const timer = setTimeout(() => setLast(now), linger);
    return () => clearTimeout(timer);
  }, [now]);
  return now.length ? { list: now, over: false } : { list: last, over: true };
}

function Head({ list }: { list: Attention[] }) {
  const of = (s: Attention['severity']) => list.filter((a) => a.severity === s).length;
  const [bad, warn, info] = [of('bad'), of('warn'), of('info')];
  const parts = [bad && `${bad} critical`, warn && `${warn} to look at`, info && (bad + warn ? `${info} to plan` : `${info} ${info === 1 ? 'thing' : 'things'} to plan`)];
  return <SectionHead title={bad + warn ? 'Needs attention' : 'Nothing needs you now'} note={parts.filter(Boolean).join(' · ')} />;
}

interface RowProps {
  item: Attention;
  large: boolean;
  over: boolean;
}

function Row({ item, large, over }: RowProps) {
  const look = over ? severityLook.ok : severityLook[item.severity];
  return (
    <li className={cx('attention', large && 'attention-large')} data-severity={item.severity}>
      <Shape shape={look.shape} label={over ? 'Over' : look.word} size="lg" className={large ? 'mt-1' : ''} />
      <div className="min-w-0">
        <h3 className={large ? 'text-15 font-semibold' : 'font-medium'}>{item.title}</h3>
        <p className="text-12 leading-[18px] text-fg-2">{item.text}</p>
        <Breaks ids={item.breaks} />
        {large && item.cause && <Reason icon={Search} lead="Probable cause:" text={item.cause} />}
        {large && item.hint && <Reason icon={Lightbulb} text={item.hint} />}
      </div>
      <Actions item={item} primary={large} />
    </li>
  );
}

function Reason({ icon, lead, text }: { icon: typeof Search; lead?: string; text: string }) {
  return (
    <p className="mt-2 flex items-start gap-2 text-12 leading-[18px] text-fg-2">
      <Icon of={icon} size={14} className="mt-0.5 text-fg-3" />
      <span>
        {lead} {text}
      </span>
    </p>
  );
}

const shownBreaks = 8;

function Breaks({ ids }: { ids: string[] }) {
  if (!ids.length) return null;
  return (
    <div className="mt-2 flex flex-wrap items-center gap-1.5 text-12 text-fg-2">
      Breaks
      <Icon of={ArrowRight} size={13} className="text-fg-3" />
      {ids.slice(0, shownBreaks).map((id) => (
        <BrokenTag key={id} id={id} />
      ))}
      {ids.length > shownBreaks && <span className="text-fg-3">and {ids.length - shownBreaks} more</span>}
    </div>
  );
}

function BrokenTag({ id }: { id: string }) {
  const service = useQuery(serviceQuery(id)).data;
  const look = serviceLook[service?.state ?? 'unknown'];
  return (
    <Link href={serviceHref(id)} className="tag">
      <Shape shape={look.shape} size="sm" label={look.word} />
      {service?.display ?? id}
    </Link>
  );
}

function Actions({ item, primary }: { item: Attention; primary: boolean }) {
  const href = item.service ? serviceHref(item.service) : item.node ? nodeHref(item.node) : null;
  return (
    <div className="attention-actions">
      <Since time={item.since} />
      {item.mount && item.node && <Remount node={item.node} mount={item.mount} small={!primary} />}
      {item.actions.includes('check') && item.service && <CheckNow id={item.service} small={!primary} />}
      {item.actions.includes('open') && href && (
        <ButtonLink href={href} look={primary ? 'primary' : 'plain'} size={primary ? 'md' : 'sm'}>
          {item.service ? 'Open service' : 'Open node'}
        </ButtonLink>
      )}
    </div>
  );
}

function Since({ time }: { time: string }) {
  const t = Date.parse(time);
  const text = useClock((now) => lasting(t, now));
  return (
    <time dateTime={time} title={exact(t)} className="mr-1.5 text-12 whitespace-nowrap text-fg-3 max-m:hidden">
      {text}
    </time>
  );
}

function CheckNow({ id, small }: { id: string; small: boolean }) {
  const service = useQuery(serviceQuery(id)).data;
  const may = useMayThere('services:write', { node: service?.node ?? null, group: service?.group });
  const limits = useSession()?.limits;
  const check = useMutation({
    mutationFn: () => call<void>(`/api/web/services-check/${idPath(id)}`, { method: 'POST' }),
    onError: (e) => toast(e.message, 'bad'),
  });
  const offline = useOffline();
  if (may === false || limits === undefined) return null; // where a label decides, the server says it
  return (
    <Button icon={RefreshCw} size={small ? 'sm' : 'md'} disabled={check.isPending} onClick={() => check.mutate()} {...offline}>
      Check now
    </Button>
  );
}
