'use client';
// A page that not every role may see: nothing until the rights are known, then the page or who can give access.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { permissionsQuery } from '@/api/keys';
import { NoPermission } from '@/components/states';
import { roles, roleWord } from '@/lib/roles';
import { useMayKnown, useSession } from '@/state/session';

interface Props {
  permission: string;
  what: string; // "see the audit log"
  children: ReactNode;
}

export function Gate({ permission, what, children }: Props) {
  const may = useMayKnown(permission);
  const user = useSession()?.user;
  if (may === undefined || !user) return null;
  if (!may) return <Denied what={what} permission={permission} who={`${user.display_name || user.name}, ${roleWord[user.role]}`} />;
  return children;
}

/* Which roles hold it, as the server says; the page stands without that, too. */
function Denied(props: { what: string; permission: string; who: string }) {
  const all = useQuery(permissionsQuery()).data?.roles ?? [];
  const holders = roles.filter((r) => all.some((x) => x.name === r && x.permissions.includes(props.permission)));
  return <NoPermission {...props} roles={holders.map((r) => roleWord[r])} />;
}
