'use client';
import { useQueryClient } from '@tanstack/react-query';
import { call } from '@/api/client';
import { sessionQuery } from '@/api/keys';
import type { Preferences, Session } from '@/api/types';
import { toast } from '@/state/ui';

/* Shown at once, kept on the server, taken back when that fails. */
export function usePreference(): (change: Partial<Preferences>) => void {
  const client = useQueryClient();
  const key = sessionQuery().queryKey;
  return (change) => {
    const before = client.getQueryData(key);
    if (!before) return;
    const preferences = { ...before.preferences, ...change };
    client.setQueryData(key, { ...before, preferences });
    call<Session>('/api/web/profile', { method: 'PUT', body: { preferences } }).catch((e: Error) => {
      client.setQueryData(key, before);
      toast(e.message, 'bad');
    });
  };
}
