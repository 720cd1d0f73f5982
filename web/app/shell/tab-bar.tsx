'use client';
import { useQuery } from '@tanstack/react-query';
import { usePathname } from 'next/navigation';
import { verdictQuery } from '@/api/keys';
import { Icon } from '@/components/icon';
import { Link } from '@/components/link';
import { cx } from '@/lib/cx';
import { usePlaces } from './nav';
import { isCurrent, type Place } from './places';

export function TabBar() {
  const path = usePathname();
  const down = useQuery({ ...verdictQuery(), select: (v) => v.counts.down > 0 }).data ?? false;
  const settings = usePlaces('admin').filter((p) => p.href === '/settings');
  return (
    <nav aria-label="Main" className="tabbar">
      {[...usePlaces('main'), ...settings].map((p) => (
        <Tab key={p.href} place={p} current={isCurrent(p, path)} alarm={down && p.href === '/services'} />
      ))}
    </nav>
  );
}

function Tab({ place, current, alarm }: { place: Place; current: boolean; alarm: boolean }) {
  return (
    <Link
      href={place.href}
      aria-current={current ? 'page' : undefined}
      className={cx('relative flex h-[54px] flex-col items-center justify-center gap-[3px]', 'text-10 font-medium', current ? 'text-accent' : 'text-fg-3')}
    >
      <Icon of={place.icon} size={19} />
      {place.title}
      {alarm && <span className="tab-alarm" role="img" aria-label="Something is down" />}
    </Link>
  );
}
