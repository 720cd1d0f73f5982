// Where one can go: the navigation, the tab bar, the palette and the `g` keys are made from this list.
import { Boxes, History, KeyRound, LayoutDashboard, ListChecks, MonitorSmartphone, ScrollText, Server, Settings, ShieldAlert, ShieldCheck, Users, type LucideIcon } from 'lucide-react';

export interface Place {
  href: string;
  title: string;
  icon: LucideIcon;
  keys?: string;
  needs?: string; // a permission; without it the place is not drawn
  part: 'main' | 'admin' | 'own'; // own: in the user's menu
  some?: true; // not every role may: not drawn before the session is known
  also?: string[]; // pages that belong to it
}

export const places: Place[] = [
  { href: '/', title: 'Overview', icon: LayoutDashboard, keys: 'g o', part: 'main' },
  { href: '/nodes', title: 'Nodes', icon: Server, keys: 'g n', needs: 'nodes:read', part: 'main', also: ['/node'] },
  { href: '/services', title: 'Services', icon: Boxes, keys: 'g s', needs: 'services:read', part: 'main', also: ['/service'] },
  { href: '/events', title: 'Events', icon: History, keys: 'g e', needs: 'events:read', part: 'main' },
  { href: '/logs', title: 'Logs', icon: ScrollText, keys: 'g l', needs: 'logs:read', part: 'main', some: true },
  { href: '/jobs', title: 'Jobs', icon: ListChecks, keys: 'g j', needs: 'services:read', part: 'admin' },
  { href: '/settings', title: 'Settings', icon: Settings, keys: 'g p', part: 'admin' },
  { href: '/guard', title: 'Guard rails', icon: ShieldAlert, keys: 'g r', needs: 'services:read', part: 'admin' },
  { href: '/users', title: 'Users', icon: Users, keys: 'g u', needs: 'users:read', part: 'admin' },
  { href: '/audit', title: 'Audit log', icon: ShieldCheck, keys: 'g a', needs: 'audit:read', part: 'admin' },
  { href: '/sessions', title: 'Sessions', icon: MonitorSmartphone, part: 'own' },
  { href: '/tokens', title: 'API tokens', icon: KeyRound, keys: 'g k', needs: 'tokens:write', part: 'own' },
];

export const isCurrent = (place: Place, path: string): boolean => place.href === path || !!place.also?.includes(path);
