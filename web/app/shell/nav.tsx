'use client';
import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { usePathname } from 'next/navigation';
import { verdictQuery } from '@/api/keys';
import type { Counts } from '@/api/types';
import { Kbd } from '@/components/chip';
import { Icon } from '@/components/icon';
import { Link } from '@/components/link';
import { Logo } from '@/components/logo';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { integer } from '@/lib/format';
import { useSession } from '@/state/session';
import { openOverlay } from '@/state/ui';
import { Connection } from './connection';
import { isCurrent, places, type Place } from './places';
import { UserButton } from './user-button';

/* Until the session is known, the places that every role has are drawn, so that nothing jumps. */
export function usePlaces(part: Place['part']): Place[] {
  const permissions = useSession()?.permissions;
  return places.filter((p) => p.part === part && (!p.needs || (permissions ? permissions.includes(p.needs) : part === 'main' && !p.some)));
}

export function Nav() {
  return (
    <aside aria-label="Main" className={cx('sticky top-0 flex h-dvh flex-col p-2.5', 'border-r border-line bg-sunken max-m:hidden')}>
      <Link href="/" className="mb-2.5 flex h-8 items-center gap-[9px] px-2 text-15">
        <Logo />
        <b className="tracking-tight">Hydra</b>
      </Link>
      <PaletteButton />
      <nav className="flex-1 overflow-auto">
        <Places part="main" />
        <hr className="mx-2.5 my-2 border-line" />
        <Places part="admin" />
      </nav>
      <div className="-mx-2.5 border-t border-line px-2.5 pt-2">
        <Connection />
        <UserButton />
      </div>
    </aside>
  );
}

function PaletteButton() {
  return (
    <button
      type="button"
      onClick={() => openOverlay('palette')}
      className={cx('pop mb-3 flex h-8 items-center gap-2 rounded-2 border pr-1.5 pl-[9px] text-left', 'border-line-strong bg-surface text-fg-3 hover:border-line-control')}
    >
      <Icon of={Search} size={14} />
      <span className="flex-1">Search or run…</span>
      <Kbd>Ctrl K</Kbd>
    </button>
  );
}

function Places({ part }: { part: Place['part'] }) {
  const path = usePathname();
  return usePlaces(part).map((p) => <NavLink key={p.href} place={p} current={isCurrent(p, path)} />);
}

function NavLink({ place, current }: { place: Place; current: boolean }) {
  return (
    <Link
      href={place.href}
      aria-current={current ? 'page' : undefined}
      className={cx(
        'pop mb-px flex h-8 items-center gap-2.5 rounded-2 pr-2 pl-[9px]',
        current ? 'bg-nav-on font-medium text-fg' : 'text-fg-2 hover:bg-surface',
      )}
    >
      <Icon of={place.icon} className={current ? 'text-accent' : 'text-fg-3'} />
      <span className="flex-1">{place.title}</span>
      {place.href === '/nodes' && <NodeCount />}
      {place.href === '/services' && <ServiceCount />}
    </Link>
  );
}

const useCounts = (): Counts | undefined => useQuery({ ...verdictQuery(), select: (v) => v.counts }).data;
const small = 'num min-w-[18px] text-right text-11 text-fg-3';

function NodeCount() {
  const counts = useCounts();
  return counts ? <span className={small}>{counts.nodes}</span> : null;
}

function ServiceCount() {
  const counts = useCounts();
  if (!counts) return null;
  return (
    <>
      {counts.down > 0 && (
        <span className="num flex items-center gap-1 text-11 font-semibold text-bad">
          <Shape shape="bad" size="sm" label="Down" />
          {counts.down}
        </span>
      )}
      <span className={small}>{integer(counts.total)}</span>
    </>
  );
}
