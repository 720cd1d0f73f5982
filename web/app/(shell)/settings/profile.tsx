'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call } from '@/api/client';
import { sessionQuery } from '@/api/keys';
import type { Session } from '@/api/types';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { TextField } from '@/components/field';
import { roleWord } from '@/lib/roles';
import { toast } from '@/state/ui';

export function Profile({ session }: { session: Session }) {
  const client = useQueryClient();
  const offline = useOffline();
  const { user } = session;
  const [name, setName] = useState(user.display_name);
  const save = useMutation({
    mutationFn: () => call<Session>('/api/web/profile', { method: 'PUT', body: { display_name: name.trim() } }),
    onSuccess: (next) => {
      client.setQueryData(sessionQuery().queryKey, next);
      toast('Saved your name');
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Card label="You">
      <CardHead title="You" note={`${user.name}, ${roleWord[user.role]}`} />
      <form onSubmit={submit} className="flex flex-wrap items-start gap-2.5 p-4">
        <span className="min-w-48 flex-1">
          <TextField label="Shown as" value={name} onChange={(e) => setName(e.target.value)} error={save.error instanceof ApiError ? save.error.message : null} maxLength={64} autoComplete="name" />
        </span>
        <span className="pt-[23px]">
          <Button type="submit" disabled={save.isPending || name.trim() === user.display_name} {...offline}>
            Save
          </Button>
        </span>
      </form>
    </Card>
  );
}
