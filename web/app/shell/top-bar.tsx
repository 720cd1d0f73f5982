'use client';
import { Search, SunMoon } from 'lucide-react';
import { usePathname } from 'next/navigation';
import { IconButton } from '@/components/button';
import { Link } from '@/components/link';
import { Logo } from '@/components/logo';
import { openOverlay, shownTheme } from '@/state/ui';
import { useSetTheme } from './commands';
import { Connection } from './connection';
import { JobsSign } from './jobs-sign';
import { isCurrent, places } from './places';
import { UserButton } from './user-button';

export function TopBar() {
  const setTheme = useSetTheme();
  return (
    <header className="topbar flex items-center gap-2 px-6 max-m:gap-1.5 max-m:px-3">
      <Link href="/" aria-label="Hydra, overview" className="m:hidden">
        <Logo size={22} />
      </Link>
      <Crumb />
      <span className="flex-1" />
      <JobsSign />
      <span className="m:hidden">
        <Connection compact />
      </span>
      <span className="m:hidden">
        <IconButton icon={Search} label="Search" onClick={() => openOverlay('palette')} />
      </span>
      <span className="max-m:hidden">
        <IconButton icon={SunMoon} label="Switch theme" onClick={() => setTheme(shownTheme() === 'dark' ? 'light' : 'dark')} />
      </span>
      <span className="m:hidden">
        <UserButton compact />
      </span>
    </header>
  );
}

/* The place, and on a detail page the way back to its list. The detail's own name is the page's title. */
function Crumb() {
  const path = usePathname();
  const place = places.find((p) => isCurrent(p, path));
  if (!place) return null;
  const detail = place.href !== path;
  return (
    <nav aria-label="Breadcrumb" className="flex min-w-0 items-center gap-2">
      {detail ? (
        <Link href={place.href} className="text-fg-3 hover:text-fg">
          {place.title}
        </Link>
      ) : (
        <span className="font-medium">{place.title}</span>
      )}
      <span id="crumb" className="ell font-medium" />
    </nav>
  );
}
