'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call } from '@/api/client';
import { usersQuery } from '@/api/keys';
import type { Role, User } from '@/api/types';
import { Button } from '@/components/button';
import { Dialog } from '@/components/dialog';
import { PasswordField, TextField, Toggle } from '@/components/field';
import { FormError } from '@/components/form-error';
import { RadioCards } from '@/components/radio-cards';
import { strength } from '@/lib/password';
import { roles, roleText, roleWord } from '@/lib/roles';
import { useSession } from '@/state/session';
import { toast } from '@/state/ui';

interface Form {
  name: string;
  display_name: string;
  password: string;
  role: Role;
  limits: string;
  disabled: boolean;
}

const options = roles.map((r) => ({ value: r, title: roleWord[r], text: roleText[r] }));

/* Adds somebody, or changes role and name of somebody. */
export default function UserDialog({ user, onClose }: { user?: User; onClose: () => void }) {
  const [form, setForm] = useState<Form>({ name: '', display_name: user?.display_name ?? '', password: '', role: user?.role ?? 'viewer', limits: user?.limits.replaceAll(',', ', ') ?? '', disabled: user?.disabled ?? false });
  const set = (change: Partial<Form>) => setForm((f) => ({ ...f, ...change }));
  const save = useSave(user, onClose);
  const problem = save.error instanceof ApiError ? save.error.problem : null;
  const error = (field: string) => (problem?.field === field ? problem.detail : null);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate(form);
  };
  return (
    <Dialog title={user ? `Edit ${user.name}` : 'Add a user'} onClose={onClose} width="sm">
      <form onSubmit={submit} noValidate className="mt-3.5 grid gap-3.5">
        {!user && <NewFields form={form} set={set} error={error} />}
        <TextField label="Shown as" placeholder={user?.name ?? (form.name || 'Optional')} value={form.display_name} onChange={(e) => set({ display_name: e.target.value })} error={error('display_name')} autoComplete="off" />
        <RadioCards label="Role" value={form.role} options={options} onChange={(role) => set({ role })} error={error('role')} />
        {form.role !== 'viewer' && <TextField label="Acts only on" hint="Empty: on everything. node:NAME, group:NAME or label:KEY=VALUE, separated by commas; * stands for anything" placeholder="node:gpu-*, group:Media" value={form.limits} onChange={(e) => set({ limits: e.target.value })} error={error('limits')} autoComplete="off" autoCapitalize="none" spellCheck={false} />}
        {form.role === 'admin' && form.limits.trim() && <p className="text-12 text-fg-2">An admin with limits changes no users, tokens or settings.</p>}
        {user && form.role !== user.role && <p className="text-12 text-fg-2">With the new role {user.name} is signed out everywhere and signs in again.</p>}
        {user && <Lock user={user} form={form} set={set} />}
        {save.error && !(problem?.field && ['name', 'password', 'display_name', 'role', 'limits'].includes(problem.field)) && <FormError error={save.error} />}
        <div className="dialog-foot flex justify-end gap-2">
          <Button look="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" look="primary" disabled={save.isPending}>
            {user ? 'Save' : 'Add user'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  form: Form;
  set: (change: Partial<Form>) => void;
  error: (field: string) => string | null;
}

function NewFields({ form, set, error }: FieldsProps) {
  return (
    <>
      <TextField label="User name" hint="For signing in; can’t be changed later" value={form.name} onChange={(e) => set({ name: e.target.value })} error={error('name')} autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus />
      <PasswordField label="First password" hint={strength(form.password, form.name).text} value={form.password} onChange={(e) => set({ password: e.target.value })} error={error('password')} autoComplete="new-password" />
    </>
  );
}

/* The row's button does it too; on a phone there is only this. */
function Lock({ user, form, set }: Omit<FieldsProps, 'error'> & { user: User }) {
  const self = useSession()?.user.id === user.id;
  if (self) return null;
  return <Toggle label="May sign in" hint="Off: signed out everywhere, tokens stop working" checked={!form.disabled} onChange={(on) => set({ disabled: !on })} />;
}

function useSave(user: User | undefined, onClose: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, password, display_name, role, limits, disabled }: Form) => {
      if (!user) return call('/api/web/users', { method: 'POST', body: { name: name.trim(), password, role, display_name: display_name.trim() || null, limits } });
      return call(`/api/web/users/${encodeURIComponent(user.id)}`, { method: 'PATCH', body: { role, display_name: display_name.trim(), limits, disabled } });
    },
    onSuccess: (_, form) => {
      void client.invalidateQueries({ queryKey: usersQuery().queryKey });
      toast(user ? `Saved ${user.name}` : `Added ${form.name}. Hand over the password in a safe way.`);
      onClose();
    },
  });
}
