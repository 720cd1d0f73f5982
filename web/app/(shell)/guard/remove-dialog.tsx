'use client';
import { useQueryClient } from '@tanstack/react-query';
import { guardQuery } from '@/api/keys';
import type { GuardRails } from '@/api/types';
import { Confirm } from '@/components/dialog';
import { whenText } from '@/lib/guard';
import { toast } from '@/state/ui';
import { putRules } from './save';

export default function RemoveDialog({ guard, index, onClose }: { guard: GuardRails; index: number; onClose: () => void }) {
  const client = useQueryClient();
  const rule = guard.rules[index];
  if (!rule) return null;
  const set = (next: GuardRails) => client.setQueryData(guardQuery().queryKey, next);
  const run = async () => {
    const next = await putRules(guard, guard.rules.toSpliced(index, 1));
    set(next);
    const undo = () => void putRules(next, guard.rules).then(set, (e: Error) => toast(e.message, 'bad'));
    toast('Removed the rule', 'ok', { label: 'Undo', run: undo });
  };
  return (
    <Confirm title="Remove this rule?" verb="Remove rule" run={run} onClose={onClose}>
      {rule.services.join(', ')} can then be stopped and restarted without insisting, also in these hours: {whenText(rule)}.
    </Confirm>
  );
}
