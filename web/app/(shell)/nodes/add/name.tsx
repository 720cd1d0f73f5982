'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call } from '@/api/client';
import type { EnrolmentInput, EnrolmentSecret } from '@/api/types';
import { enrolmentsQuery } from '@/api/keys';
import { Button } from '@/components/button';
import { Dialog } from '@/components/dialog';
import { SelectField, TextField } from '@/components/field';
import { FormError } from '@/components/form-error';
import { Shape } from '@/components/shape';

interface Props {
  name: string;
  onClose: () => void;
  onMade: (made: EnrolmentSecret) => void;
}

const lives = [
  { value: 900, text: 'for 15 minutes' },
  { value: 3600, text: 'for an hour' },
  { value: 86_400, text: 'for a day' },
];

const isTaken = (e: Error | null): boolean => e instanceof ApiError && e.status === 409 && e.problem.type.endsWith('/node-exists');

export function Name({ name: first, onClose, onMade }: Props) {
  const [name, setName] = useState(first);
  const [life, setLife] = useState(900);
  const make = useMaking(onMade);
  const taken = isTaken(make.error) ? make.variables?.node : undefined;
  const problem = make.error instanceof ApiError && !taken ? make.error.problem : null;
  const node = name.trim();
  const replacing = taken !== undefined && taken === node;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    make.mutate({ node, ttl_s: life, replace: replacing });
  };
  return (
    <Dialog title="Add a node" description="Hydra makes a token that lets one machine in. An agent there watches it and connects to Hydra, never the other way round." onClose={onClose}>
      <form onSubmit={submit} noValidate className="mt-3.5 grid gap-3.5">
        <div className="grid gap-3.5 m:grid-cols-[minmax(0,1fr)_180px]">
          <TextField label="Name" placeholder="tower" value={name} onChange={(e) => setName(e.target.value)} error={problem?.field === 'node' ? problem.detail : null} hint="What this machine is called here." maxLength={63} autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus />
          <SelectField label="The token counts" value={life} onChange={(e) => setLife(Number(e.target.value))}>
            {lives.map((l) => (
              <option key={l.value} value={l.value}>
                {l.text}
              </option>
            ))}
          </SelectField>
        </div>
        {replacing && <Taken node={node} />}
        {problem && problem.field !== 'node' && <FormError error={make.error as ApiError} />}
        <div className="dialog-foot flex items-center justify-end gap-2">
          <Button look="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" look="primary" disabled={make.isPending || !node}>
            {replacing ? `Replace ${node}` : 'Make token'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function useMaking(onMade: (made: EnrolmentSecret) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: EnrolmentInput) => call<EnrolmentSecret>('/api/web/enrolments', { method: 'POST', body }),
    onSuccess: async (made) => {
      // Known at once; the list that is asked for now says the same.
      client.setQueryData(enrolmentsQuery().queryKey, (list) => [made.enrolment, ...(list ?? []).filter((e) => e.id !== made.enrolment.id)]);
      void client.invalidateQueries({ queryKey: enrolmentsQuery().queryKey });
      onMade(made);
    },
  });
}

/* What taking the place of a node means. */
function Taken({ node }: { node: string }) {
  return (
    <div role="alert" className="flex items-start gap-2.5 rounded-2 bg-warn-bg px-3 py-2">
      <Shape shape="warn" label="Warning" className="mt-[5px]" />
      <p>
        <b className="font-medium">There is a node {node} already.</b> Replace it if this is the same machine set up anew, or one that takes its place. Its services, settings and history stay under the
        name; the agent that is {node} now is let in no more once the new one has come. Otherwise choose another name.
      </p>
    </div>
  );
}
