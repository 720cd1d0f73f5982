'use client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { garbageQuery } from '@/api/keys';
import type { Garbage } from '@/api/types';
import { StartForm, useStart } from '@/app/parts/jobs/ask';
import { Dialog } from '@/components/dialog';
import { SelectField } from '@/components/field';
import { FormError } from '@/components/form-error';
import { Bone } from '@/components/states';
import { bytes, count, join } from '@/lib/format';

const ages = [7, 14, 30, 90];

/* What goes for good, and what that wins, before it goes. */
export default function CollectDialog({ node, onClose }: { node: string; onClose: () => void }) {
  const [days, setDays] = useState(30);
  const garbage = useQuery(garbageQuery(node, days));
  const start = useStart((force) => ({ verb: 'generation.collect', node, argument: String(days), ...(force && { force }) }), null, onClose);
  const won = garbage.data ? join(bytes(garbage.data.bytes)) : '';
  return (
    <Dialog title={`Clean up the generations of ${node}?`} description="Old generations are removed for good, and with them what nothing else needs. The current, the booted and the running one never go." width="md" onClose={onClose}>
      <StartForm verb={won ? `Delete, win ${won}` : 'Delete'} forGood start={start} ready={!!garbage.data} onCancel={onClose}>
        <SelectField label="Those older than" value={String(days)} onChange={(e) => setDays(Number(e.target.value))}>
          {ages.map((d) => (
            <option key={d} value={d}>
              {d} days
            </option>
          ))}
        </SelectField>
        <Preview data={garbage.data} error={garbage.error} />
      </StartForm>
    </Dialog>
  );
}

function Preview({ data: g, error }: { data: Garbage | undefined; error: Error | null }) {
  if (error) return <FormError error={error} />;
  if (!g)
    return (
      <div role="progressbar" aria-busy="true" aria-label="Asking what it wins" className="grid gap-2">
        <Bone className="w-3/5" />
        <p className="text-12 text-fg-3">The node looks what would go. On a large store this takes minutes.</p>
      </div>
    );
  const gone = g.generations.length ? `${count(g.generations.length, 'generation')} (${g.generations.join(', ')})` : 'No generation';
  return (
    <p role="status" className="rounded-2 bg-sunken px-3 py-2.5 [overflow-wrap:anywhere]">
      {gone} and {count(g.paths, 'path')} of the store {g.generations.length + g.paths === 1 ? 'goes' : 'go'}: {join(bytes(g.bytes))} at least.
    </p>
  );
}
