'use client';
// A page that not every role may see: nothing until the rights are known, then the page or who can give access.
import type { ReactNode } from 'react';
import { NoPermission } from '@/components/states';
import { roleWord } from '@/lib/roles';
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
  if (!may) return <NoPermission what={what} permission={permission} who={`${user.display_name || user.name}, ${roleWord[user.role]}`} />;
  return children;
}
