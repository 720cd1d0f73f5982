'use client';
import { Keyboard, LogOut, SunMoon } from 'lucide-react';
import { useRouter } from 'next/navigation';
import type { ReactNode } from 'react';
import { DropdownMenu, MenuItem, MenuLine } from '@/components/menu';
import { openOverlay, shownTheme } from '@/state/ui';
import { signOut, useSetTheme } from './commands';
import { places } from './places';
import { usePlaces } from './nav';

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  trigger: ReactNode;
}

/* On a phone it also holds what the tab bar has no room for. */
export default function UserMenu({ open, onOpenChange, trigger }: Props) {
  const router = useRouter();
  const setTheme = useSetTheme();
  const own = usePlaces('own');
  const admin = usePlaces('admin');
  const settings = places.filter((p) => p.href === '/settings');
  const more = matchMedia('(max-width: 720px)').matches ? admin.filter((p) => p.href !== '/settings') : [];
  return (
    <DropdownMenu open={open} onOpenChange={onOpenChange} trigger={trigger}>
      {[...more, ...settings, ...own].map((p) => (
        <MenuItem key={p.href} icon={p.icon} onSelect={() => router.push(p.href)}>
          {p.title}
        </MenuItem>
      ))}
      <MenuLine />
      <MenuItem icon={SunMoon} keys="t" onSelect={() => setTheme(shownTheme() === 'dark' ? 'light' : 'dark')}>
        Switch theme
      </MenuItem>
      <MenuItem icon={Keyboard} keys="?" onSelect={() => openOverlay('keys')}>
        Keyboard
      </MenuItem>
      <MenuLine />
      <MenuItem icon={LogOut} onSelect={() => void signOut()}>
        Sign out
      </MenuItem>
    </DropdownMenu>
  );
}
