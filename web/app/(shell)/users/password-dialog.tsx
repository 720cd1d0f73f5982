'use client';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call } from '@/api/client';
import type { User } from '@/api/types';
import { Button } from '@/components/button';
import { Dialog } from '@/components/dialog';
import { PasswordField } from '@/components/field';
import { FormError } from '@/components/form-error';
import { strength } from '@/lib/password';
import { toast } from '@/state/ui';

export default function PasswordDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword] = useState('');
  const save = useMutation({
    mutationFn: () => call(`/api/web/users/${encodeURIComponent(user.id)}`, { method: 'PATCH', body: { password } }),
    onSuccess: () => {
      toast(`${user.name} has a new password`);
      onClose();
    },
  });
  const problem = save.error instanceof ApiError ? save.error.problem : null;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title={`Set a password for ${user.name}`} description="It counts at once and ends the sessions that are open now." onClose={onClose} width="sm">
      <form onSubmit={submit} noValidate className="mt-3.5 grid gap-3.5">
        <PasswordField
          label="New password"
          hint={strength(password, user.name).text}
          value={password}
          onChange={(e) => setPassword(e.target.value)}
          error={problem?.field ? problem.detail : null}
          autoComplete="new-password"
          autoFocus
        />
        {save.error && !problem?.field && <FormError error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button look="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" look="primary" disabled={save.isPending || !password}>
            Set password
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
