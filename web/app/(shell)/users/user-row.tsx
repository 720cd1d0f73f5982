'use client';
import { KeyRound, Pencil, Trash2 } from 'lucide-react';
import { call } from '@/api/client';
import { usersQuery } from '@/api/keys';
import type { User } from '@/api/types';
import { useAct } from '@/app/parts/act';
import { useOffline } from '@/app/parts/offline';
import { Time } from '@/app/parts/time';
import { Button, IconButton } from '@/components/button';
import { Chip } from '@/components/chip';
import { roleWord } from '@/lib/roles';
import { useSession } from '@/state/session';
import { toast } from '@/state/ui';
import type { Asking } from './users';

interface Props {
  user: User;
  may: boolean;
  ask: (a: Asking) => void;
}

export function UserRow({ user: u, may, ask }: Props) {
  const self = useSession()?.user.id === u.id;
  return (
    <tr className={u.disabled ? 'text-fg-3' : ''}>
      <td>
        <span className="flex flex-wrap items-center gap-x-2.5 gap-y-0.5">
          <span className="font-medium">{u.display_name || u.name}</span>
          {u.display_name && u.display_name !== u.name && <span className="text-fg-3">{u.name}</span>}
          {self && <Chip tone="accent">You</Chip>}
          {u.disabled && <Chip>Disabled</Chip>}
        </span>
      </td>
      <td>
        {roleWord[u.role]}
        {u.limits && <span className="block font-mono text-12 text-fg-3 [overflow-wrap:anywhere]">{u.limits.replaceAll(',', ', ')}</span>}
      </td>
      <td className="max-m:hidden">
        <Time of={u.last_login} />
      </td>
      <td className="text-fg-2 max-m:hidden">
        <Time of={u.created} />
      </td>
      {may && (
        <td>
          <Actions user={u} self={self} ask={ask} />
        </td>
      )}
    </tr>
  );
}

/* Nobody disables or removes the own account here: it would lock the door from outside. */
function Actions({ user: u, self, ask }: { user: User; self: boolean; ask: (a: Asking) => void }) {
  const offline = useOffline();
  const act = useAct(usersQuery().queryKey);
  const set = (disabled: boolean) => call(`/api/web/users/${encodeURIComponent(u.id)}`, { method: 'PATCH', body: { disabled } });
  const flip = () =>
    act.mutate(() =>
      set(!u.disabled).then(() => {
        const undo = { label: 'Undo', run: () => act.mutate(() => set(u.disabled)) };
        toast(u.disabled ? `${u.name} may sign in again` : `${u.name} is disabled and signed out everywhere`, 'ok', undo);
      }),
    );
  return (
    <span className="flex justify-end gap-1">
      {!self && (
        <span className="max-m:hidden">
          <Button look="ghost" size="sm" disabled={act.isPending} onClick={flip} {...offline}>
            {u.disabled ? 'Enable' : 'Disable'}
          </Button>
        </span>
      )}
      <IconButton small icon={Pencil} label={`Edit ${u.name}`} onClick={() => ask({ what: 'edit', user: u })} {...offline} />
      <IconButton small icon={KeyRound} label={`Set a password for ${u.name}`} onClick={() => ask({ what: 'password', user: u })} {...offline} />
      {!self && <IconButton small icon={Trash2} label={`Remove ${u.name}`} onClick={() => ask({ what: 'remove', user: u })} {...offline} />}
    </span>
  );
}
