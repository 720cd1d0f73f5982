'use client';
import { useQueryClient } from '@tanstack/react-query';
import { call } from '@/api/client';
import type { Token } from '@/api/types';
import { Confirm } from '@/components/dialog';
import { toast } from '@/state/ui';

export default function RevokeDialog({ token, onClose }: { token: Token; onClose: () => void }) {
  const client = useQueryClient();
  const run = async () => {
    await call(`/api/web/tokens/${encodeURIComponent(token.id)}`, { method: 'DELETE' });
    await client.invalidateQueries({ queryKey: ['tokens'] });
    toast(`Revoked ${token.name}`);
  };
  return (
    <Confirm title={`Revoke ${token.name}?`} verb="Revoke for good" forGood run={run} onClose={onClose}>
      What uses it is refused from now on, open streams end within a second. This can&rsquo;t be undone; a new token can be made at any time.
    </Confirm>
  );
}
