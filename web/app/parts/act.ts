'use client';
import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { toast } from '@/state/ui';

/* Something that changes what lists show: they are read again, a failure is told. */
export function useAct(...lists: QueryKey[]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (run: () => Promise<unknown>) => run(),
    onSuccess: () => Promise.all(lists.map((queryKey) => client.invalidateQueries({ queryKey }))),
    onError: (e) => toast(e.message, 'bad'),
  });
}
