'use client';
import { ChevronsUpDown } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { Bone } from '@/components/states';
import { Icon } from '@/components/icon';
import { ahead } from '@/lib/ahead';
import { cx } from '@/lib/cx';
import { initials } from '@/lib/format';
import { useSession } from '@/state/session';

const load = () => import('./user-menu');
const UserMenu = lazy(load);
ahead(load);

export function Avatar({ name }: { name: string }) {
  return <span className="avatar">{initials(name)}</span>;
}

const roleWord = (role: string): string => role.charAt(0).toUpperCase() + role.slice(1);

/* The menu's code comes with the first touch, and the button stays where it is meanwhile. */
export function UserButton({ compact }: { compact?: boolean }) {
  const session = useSession();
  const [open, setOpen] = useState(false);
  const [wanted, setWanted] = useState(false);
  if (!session) return compact ? null : <Bone className="mx-2 my-4 h-3 w-24" />;
  const { display_name, name, role } = session.user;
  const shown = display_name || name;
  const button = (
    <button
      type="button"
      aria-haspopup="menu"
      aria-expanded={open}
      aria-label={`${shown}, ${roleWord(role)}: menu`}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => (setWanted(true), setOpen(true))}
      className={compact ? 'grid size-10 place-items-center rounded-full' : wide}
    >
      <Avatar name={shown} />
      {!compact && <Who name={shown} role={roleWord(role)} />}
    </button>
  );
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <UserMenu open={open} onOpenChange={setOpen} trigger={button} />
    </Suspense>
  );
}

const wide = cx('pop flex w-full items-center gap-[9px] rounded-2 px-2 py-1.5 text-left', 'hover:bg-surface');

function Who({ name, role }: { name: string; role: string }) {
  return (
    <>
      <span className="ell flex-1">
        <span className="ell block font-medium">{name}</span>
        <small className="block text-11 text-fg-3">{role}</small>
      </span>
      <Icon of={ChevronsUpDown} size={14} className="text-fg-3" />
    </>
  );
}
