'use client';
import { useQueryClient } from '@tanstack/react-query';
import { call } from '@/api/client';
import { usersQuery } from '@/api/keys';
import type { User } from '@/api/types';
import { Confirm } from '@/components/dialog';
import { toast } from '@/state/ui';

export default function RemoveDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const client = useQueryClient();
  const run = async () => {
    await call(`/api/web/users/${encodeURIComponent(user.id)}`, { method: 'DELETE' });
    await client.invalidateQueries({ queryKey: usersQuery().queryKey });
    toast(`Removed ${user.name}`);
  };
  return (
    <Confirm title={`Remove ${user.name}?`} verb="Remove for good" forGood run={run} onClose={onClose}>
      {user.name} is signed out everywhere, and all API tokens of {user.name} stop working. What {user.name} did stays in the audit log. This can&rsquo;t be undone; to lock somebody out for a
      while, disable the account instead.
    </Confirm>
  );
}
