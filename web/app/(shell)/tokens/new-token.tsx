'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call } from '@/api/client';
import { permissionsQuery } from '@/api/keys';
import type { TokenSecret } from '@/api/types';
import { Button } from '@/components/button';
import { Checkbox } from '@/components/checkbox';
import { CopyButton } from '@/components/copy-button';
import { Dialog } from '@/components/dialog';
import { SelectField, TextField } from '@/components/field';
import { FormError } from '@/components/form-error';
import { useSession } from '@/state/session';

/* Names it, chooses what it may, then shows its secret this once. */
export default function NewToken({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<TokenSecret | null>(null);
  if (made) return <Secret made={made} onClose={onClose} />;
  return (
    <Dialog title="New API token" description="Give it no more than what it is for." onClose={onClose}>
      <Form onClose={onClose} onMade={setMade} />
    </Dialog>
  );
}

const lives = [
  { value: '7d', text: 'in 7 days' },
  { value: '30d', text: 'in 30 days' },
  { value: '90d', text: 'in 90 days' },
  { value: '365d', text: 'in a year' },
  { value: '', text: 'never' },
];

function Form({ onClose, onMade }: { onClose: () => void; onMade: (made: TokenSecret) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>([]);
  const [life, setLife] = useState('90d');
  const save = useMutation({
    mutationFn: () => call<TokenSecret>('/api/web/tokens', { method: 'POST', body: { name: name.trim(), scopes, expires_in: life || null } }),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ['tokens'] });
      onMade(made);
    },
  });
  const problem = save.error instanceof ApiError ? save.error.problem : null;
  const error = (field: string) => (problem?.field === field ? problem.detail : null);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} noValidate className="mt-3.5 grid gap-3.5">
      <div className="grid gap-3.5 m:grid-cols-2">
        <TextField label="Name" placeholder="backup script" value={name} onChange={(e) => setName(e.target.value)} error={error('name')} maxLength={64} autoComplete="off" autoFocus />
        <SelectField label="Expires" value={life} error={error('expires_in')} onChange={(e) => setLife(e.target.value)}>
          {lives.map((l) => (
            <option key={l.value} value={l.value}>
              {l.text}
            </option>
          ))}
        </SelectField>
      </div>
      <Scopes chosen={scopes} onChange={setScopes} error={error('scopes')} />
      {save.error && !(problem?.field && ['name', 'scopes', 'expires_in'].includes(problem.field)) && <FormError error={save.error} />}
      <div className="dialog-foot flex items-center justify-end gap-2">
        <Button look="ghost" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" look="primary" disabled={save.isPending || !scopes.length}>
          Make token
        </Button>
      </div>
    </form>
  );
}

interface ScopesProps {
  chosen: string[];
  onChange: (scopes: string[]) => void;
  error: string | null;
}

/* Only what the person may: a token never knows more than its maker. */
function Scopes({ chosen, onChange, error }: ScopesProps) {
  const mine = useSession()?.permissions ?? [];
  const all = useQuery(permissionsQuery()).data?.permissions.filter((p) => mine.includes(p.name)) ?? [];
  const readers = all.filter((p) => p.name.endsWith(':read')).map((p) => p.name);
  const toggle = (name: string, on: boolean) => onChange(on ? [...chosen, name] : chosen.filter((c) => c !== name));
  return (
    <fieldset>
      <legend className="mb-1 text-12 font-medium text-fg-2">May</legend>
      <div className="mb-1 flex gap-2">
        <Button size="sm" onClick={() => onChange(readers)}>
          Only read
        </Button>
        <Button size="sm" onClick={() => onChange(chosen.length === all.length ? [] : all.map((p) => p.name))}>
          {chosen.length === all.length ? 'Nothing' : 'All of mine'}
        </Button>
      </div>
      <div className="grid gap-x-6 m:grid-cols-2">
        {all.map((p) => (
          <Checkbox key={p.name} label={<code>{p.name}</code>} hint={p.description} checked={chosen.includes(p.name)} onChange={(on) => toggle(p.name, on)} />
        ))}
      </div>
      {error && (
        <p role="alert" className="mt-1 text-12 text-bad">
          {error}
        </p>
      )}
    </fieldset>
  );
}

const place = 'token-secret';

function Secret({ made, onClose }: { made: TokenSecret; onClose: () => void }) {
  return (
    <Dialog title={`${made.token.name} is ready`} description="Copy it now: it is shown this once, and Hydra keeps no copy that could be read." onClose={onClose}>
      <div className="mt-3.5 flex items-center gap-2">
        <output id={place} className="secret">
          {made.secret}
        </output>
        <CopyButton text={made.secret} look="primary" selectId={place} />
      </div>
      <p className="mt-2 text-12 text-fg-3">
        Use it as <code>HYDRA_TOKEN</code> or in the header <code>Authorization: Bearer …</code>
      </p>
      <div className="mt-4 flex justify-end">
        <Button onClick={onClose}>I have it</Button>
      </div>
    </Dialog>
  );
}
