'use client';
import { useQuery } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { usersQuery } from '@/api/keys';
import type { User } from '@/api/types';
import { Gate } from '@/app/parts/gate';
import { lazyDialog } from '@/app/parts/lazy';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { Card, PageHead } from '@/components/card';
import { Fetched } from '@/components/fetched';
import { useMay } from '@/state/session';
import { Roles } from './roles';
import { UserRow } from './user-row';

const UserDialog = lazyDialog(() => import('./user-dialog'));
const PasswordDialog = lazyDialog(() => import('./password-dialog'));
const RemoveDialog = lazyDialog(() => import('./remove-dialog'));

export type Asking = { what: 'add' } | { what: 'edit' | 'password' | 'remove'; user: User } | null;

export function Users() {
  return (
    <Gate permission="users:read" what="see who has access">
      <Screen />
    </Gate>
  );
}

function Screen() {
  const users = useQuery(usersQuery());
  const may = useMay('users:write');
  const offline = useOffline();
  const [asking, setAsking] = useState<Asking>(null);
  return (
    <>
      <PageHead title="Users" note="Who may sign in, and as what">
        {may && (
          <Button look="primary" icon={UserPlus} onClick={() => setAsking({ what: 'add' })} {...offline}>
            Add user
          </Button>
        )}
      </PageHead>
      <Fetched query={users} what="The users">
        {(list) => <List users={list} may={may} ask={setAsking} />}
      </Fetched>
      <Roles />
      <Dialogs asking={asking} onClose={() => setAsking(null)} />
    </>
  );
}

function List({ users, may, ask }: { users: User[]; may: boolean; ask: (a: Asking) => void }) {
  return (
    <Card label="Users" className="overflow-x-auto px-4 py-1">
      <table className="data data-tall">
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">Role</th>
            <th scope="col" className="max-m:hidden">
              Last sign-in
            </th>
            <th scope="col" className="max-m:hidden">
              Created
            </th>
            {may && (
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {users.map((u) => (
            <UserRow key={u.id} user={u} may={may} ask={ask} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Dialogs({ asking, onClose }: { asking: Asking; onClose: () => void }) {
  if (!asking) return null;
  if (asking.what === 'add') return <UserDialog onClose={onClose} />;
  if (asking.what === 'edit') return <UserDialog user={asking.user} onClose={onClose} />;
  if (asking.what === 'password') return <PasswordDialog user={asking.user} onClose={onClose} />;
  return <RemoveDialog user={asking.user} onClose={onClose} />;
}
