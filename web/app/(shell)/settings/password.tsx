'use client';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call } from '@/api/client';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { PasswordField } from '@/components/field';
import { FormError } from '@/components/form-error';
import { strength } from '@/lib/password';
import { useSession } from '@/state/session';
import { toast } from '@/state/ui';

const empty = { current: '', next: '' };

export function Password() {
  const name = useSession()?.user.name ?? '';
  const offline = useOffline();
  const [form, setForm] = useState(empty);
  const save = useMutation({
    mutationFn: () => call<void>('/api/web/password', { method: 'PUT', body: { current: form.current, new: form.next }, quiet401: true }),
    onSuccess: () => {
      setForm(empty);
      toast('Your password is changed. Other browsers are signed out.');
    },
  });
  const problem = save.error instanceof ApiError ? save.error.problem : null;
  const error = (field: string) => (problem?.field === field ? problem.detail : null);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Card label="Password">
      <CardHead title="Password" />
      <form onSubmit={submit} noValidate className="grid gap-3.5 p-4">
        <input type="text" name="username" value={name} readOnly autoComplete="username" hidden />
        <div className="grid gap-3.5 m:grid-cols-2">
          <PasswordField label="Now" value={form.current} onChange={(e) => setForm({ ...form, current: e.target.value })} error={error('current')} autoComplete="current-password" />
          <PasswordField
            label="New"
            hint={strength(form.next, name).text}
            value={form.next}
            onChange={(e) => setForm({ ...form, next: e.target.value })}
            error={error('new') ?? error('password')}
            autoComplete="new-password"
          />
        </div>
        {save.error && !error('current') && !error('new') && !error('password') && <FormError error={save.error} />}
        <div className="flex items-center justify-end gap-3">
          <span className="text-12 text-fg-3">Ends your other sessions</span>
          <Button type="submit" disabled={save.isPending || !form.current || !form.next} {...offline}>
            Change password
          </Button>
        </div>
      </form>
    </Card>
  );
}
