'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call } from '@/api/client';
import { sessionQuery } from '@/api/keys';
import type { Session } from '@/api/types';
import { Button } from '@/components/button';
import { PasswordField, TextField } from '@/components/field';
import { Shape } from '@/components/shape';
import { strength, type Strength } from '@/lib/password';
import { StepBox } from './step-box';

const shapes = { short: 'unchecked', weak: 'warn', fair: 'ok', strong: 'ok' } as const;

export function You({ secret, done }: { secret: string; done: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const make = useMutation({
    mutationFn: () => call<Session>('/api/web/setup', { method: 'POST', body: { secret, name, password }, quiet401: true }),
    onSuccess: (session) => {
      client.setQueryData(sessionQuery().queryKey, session);
      done();
    },
  });
  const hint = strength(password, name);
  const field = make.error instanceof ApiError ? make.error.problem.field : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    make.mutate();
  };
  const errorOf = (f: string) => (field === f ? make.error?.message : null);
  return (
    <StepBox narrow title="Who looks after this cluster?" lead="You become the administrator. Others can be added later.">
      <form onSubmit={submit} className="grid gap-[18px]">
        <TextField label="User name" size="lg" autoComplete="username" autoCapitalize="none" spellCheck={false} required value={name} onChange={(e) => setName(e.target.value)} error={errorOf('name')} />
        <PasswordField label="Password" size="lg" autoComplete="new-password" required value={password} onChange={(e) => setPassword(e.target.value)} error={errorOf('password')} hint={<Hint {...hint} />} />
        <div role="alert">{make.error && !field && <p className="text-bad">{make.error.message}</p>}</div>
        <div className="flex justify-end">
          <Button type="submit" look="primary" size="lg" disabled={make.isPending || !name || hint.level === 'short'}>
            Continue
          </Button>
        </div>
      </form>
    </StepBox>
  );
}

function Hint({ level, text }: Strength) {
  return (
    <span className="flex items-center gap-1.5">
      <Shape shape={shapes[level]} size="sm" />
      {text}
    </span>
  );
}
