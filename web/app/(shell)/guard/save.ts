'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from '@/api/client';
import { guardQuery } from '@/api/keys';
import type { GuardRails, GuardRule } from '@/api/types';

/* The list is set as a whole, on top of the version that was read: what somebody else changed meanwhile is not lost. */
export const putRules = (guard: GuardRails, rules: GuardRule[]): Promise<GuardRails> => call<GuardRails>('/api/web/guard', { method: 'PUT', body: { rules, version: guard.version } });

export function useSaveRules(guard: GuardRails, then: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rules: GuardRule[]) => putRules(guard, rules),
    onSuccess: (next) => {
      client.setQueryData(guardQuery().queryKey, next);
      then();
    },
    onError: () => void client.invalidateQueries({ queryKey: guardQuery().queryKey }),
  });
}
