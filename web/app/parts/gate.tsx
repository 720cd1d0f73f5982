'use client';
// A page that not every role may see: nothing until the rights are known, then the page or who can give access.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { permissionsQuery } from '@/api/keys';
import { NoPermission, OutsideLimits } from '@/components/states';
import { mayThere, type Spot } from '@/lib/limits';
import { roles, roleWord } from '@/lib/roles';
import { useSession } from '@/state/session';

interface Props {
  permission: string;
  what: string; // "see the audit log"
  spot?: Spot; // where: limits count
  level?: 'h1' | 'h3'; // of a part of a page: h3
  children: ReactNode;
}

export function Gate({ permission, what, spot, level, children }: Props) {
  const session = useSession();
  if (!session) return null;
  const { user, permissions, limits } = session;
  const who = `${user.display_name || user.name}, ${roleWord[user.role]}`;
  if (!permissions.includes(permission)) return <Denied what={what} permission={permission} who={who} level={level} />;
  if (spot && mayThere(session, permission, spot) === false) return <OutsideLimits what={what} limits={limits} level={level} />;
  return children;
}

/* Which roles hold it, as the server says; the page stands without that, too. */
function Denied(props: { what: string; permission: string; who: string; level?: 'h1' | 'h3' }) {
  const all = useQuery(permissionsQuery()).data?.roles ?? [];
  const holders = roles.filter((r) => all.some((x) => x.name === r && x.permissions.includes(props.permission)));
  return <NoPermission {...props} roles={holders.map((r) => roleWord[r])} />;
}
