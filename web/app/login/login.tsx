'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Lock, LockOpen } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, call } from '@/api/client';
import { sessionQuery, welcomeQuery } from '@/api/keys';
import type { Session } from '@/api/types';
import { Deco } from '@/app/parts/deco';
import { Button } from '@/components/button';
import { PasswordField, TextField } from '@/components/field';
import { Icon } from '@/components/icon';
import { Logo } from '@/components/logo';
import { Mounted } from '@/components/mounted';
import { Shape } from '@/components/shape';
import { duration } from '@/lib/format';
import { safeNext } from '@/lib/links';
import { useClock } from '@/state/clock';

/* Says nothing about the cluster before sign-in. */
export function Login() {
  const welcome = useQuery(welcomeQuery()).data;
  return (
    <main className="auth">
      <Deco />
      <section className="auth-box">
        <div className="mb-[22px] flex items-center gap-[9px] text-15">
          <Logo />
          <b>Hydra</b>
        </div>
        <h1 className="text-20 font-semibold tracking-tight">Sign in</h1>
        <p className="mb-5 h-5 text-fg-2">
          <Mounted>{typeof location === 'undefined' ? '' : location.host}</Mounted>
        </p>
        {welcome?.setup_needed ? <NotSetUp /> : <Form />}
      </section>
      <Footer insecure={welcome?.insecure} />
    </main>
  );
}

function NotSetUp() {
  return (
    <div className="flex gap-2.5 text-fg-2">
      <Shape shape="info" label="Info" className="mt-1" />
      <p>
        <b className="block font-medium text-fg">Hydra has no users yet</b>
        Open the setup link that <code>hydrad</code> printed when it started. It stands in its log, too: <code>journalctl -u hydrad</code>
      </p>
    </div>
  );
}

function useSignIn() {
  const client = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: (body: { name: string; password: string }) => call<Session>('/api/web/login', { method: 'POST', body, quiet401: true }),
    onSuccess: (session) => {
      client.setQueryData(sessionQuery().queryKey, session);
      router.replace(safeNext(new URLSearchParams(location.search).get('next')));
    },
  });
}

function Form() {
  const signIn = useSignIn();
  const router = useRouter();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const wait = useWait(signIn.error);
  useEffect(() => router.prefetch('/'), [router]);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!wait) signIn.mutate({ name, password });
  };
  return (
    <form onSubmit={submit} className="grid gap-3.5">
      <TextField label="User name" size="lg" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus value={name} onChange={(e) => setName(e.target.value)} />
      <PasswordField label="Password" size="lg" name="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.target.value)} />
      <Trouble>{signIn.error && (wait ? `Too many attempts. Try again in ${wait}.` : signIn.error.message)}</Trouble>
      <Button type="submit" look="primary" size="lg" wide disabled={signIn.isPending || !!wait}>
        {signIn.isPending ? 'Signing in…' : 'Sign in'}
      </Button>
      <p className="text-12 leading-[19px] text-fg-3">
        Forgot it? Run <code className="code">hydrad reset-password {name || 'NAME'}</code> on the machine Hydra runs on.
      </p>
    </form>
  );
}

/* How long the server asks to wait, counted down; empty when it is over. */
function useWait(error: Error | null): string {
  const [until, setUntil] = useState(0);
  useEffect(() => {
    if (error instanceof ApiError && error.retryAfter) setUntil(Date.now() + error.retryAfter * 1000);
  }, [error]);
  return useClock((now) => (until > now ? duration(until - now + 999) : ''));
}

/* Mounted empty, so that it is read out when it comes. */
function Trouble({ children }: { children: ReactNode }) {
  return (
    <div role="alert">
      {children && (
        <p className="flex gap-2 text-bad">
          <Shape shape="bad" className="mt-1" />
          {children}
        </p>
      )}
    </div>
  );
}

function Footer({ insecure }: { insecure: boolean | undefined }) {
  return (
    <footer className="auth-foot">
      {insecure !== undefined && (
        <span>
          <Icon of={insecure ? LockOpen : Lock} size={13} />
          {insecure ? 'This connection is not encrypted' : location.protocol === 'https:' ? 'Encrypted connection' : 'Local connection'}
        </span>
      )}
    </footer>
  );
}
