'use client';
import { useState } from 'react';
import { StartForm, useStart } from '@/app/parts/jobs/ask';
import { useOffer } from '@/app/parts/jobs/offers';
import { Dialog } from '@/components/dialog';
import { SelectField } from '@/components/field';

/* From a flake that the node's own policy names, and from no other. */
export default function RebuildDialog({ node, flakes, onClose }: { node: string; flakes: string[]; onClose: () => void }) {
  const [flake, setFlake] = useState(flakes[0] ?? '');
  const guard = useOffer(node, 'machine.reboot')?.guard; // what protects a node or a service on it stands against this, too
  const start = useStart((force) => ({ verb: 'generation.rebuild', node, argument: flake, ...(force && { force }) }), null, onClose);
  return (
    <Dialog title={`Rebuild ${node}?`} description="The node builds the flake, then switches to it, and returns to what runs now by itself unless Hydra finds it well. Building can take long; what runs goes on meanwhile." width="md" onClose={onClose}>
      <StartForm verb="Rebuild" forGood={false} guard={guard} start={start} ready={!!flake} onCancel={onClose}>
        <SelectField label="Flake" hint="Those that the policy of the node names" value={flake} onChange={(e) => setFlake(e.target.value)}>
          {flakes.map((f) => (
            <option key={f} value={f}>
              {f}
            </option>
          ))}
        </SelectField>
      </StartForm>
    </Dialog>
  );
}
