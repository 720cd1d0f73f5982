'use client';
import { useQuery } from '@tanstack/react-query';
import { Check, Link2Off } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import { ApiError, call } from '@/api/client';
import { welcomeQuery } from '@/api/keys';
import { ButtonLink } from '@/components/button';
import { Icon } from '@/components/icon';
import { Logo } from '@/components/logo';
import { useMounted } from '@/components/mounted';
import { Bone, Empty, ErrorState } from '@/components/states';
import { Machine } from './machine';
import { You } from './you';
import { WhatRuns } from './what-runs';

const steps = ['You', 'This machine', 'What runs there'];

/* From the link's query or hash, read once and taken out of the address bar: it is a password. */
function takeSecret(): string | null {
  const hash = location.hash.slice(1);
  const secret = new URLSearchParams(location.search).get('secret') ?? (hash.replace(/^secret=/, '') || null);
  if (secret) history.replaceState(null, '', '/setup');
  return secret;
}

type Stage = { at: 'checking' } | { at: 'refused'; error: Error | null } | { at: 'step'; step: number; secret: string };

function useStage(): [Stage, (step: number) => void] {
  const mounted = useMounted();
  const [stage, setStage] = useState<Stage>({ at: 'checking' });
  useEffect(() => {
    if (!mounted) return;
    const secret = takeSecret();
    if (!secret) return setStage((s) => (s.at === 'checking' ? { at: 'refused', error: null } : s));
    call<void>('/api/web/setup/check', { method: 'POST', body: { secret }, quiet401: true }).then(
      () => setStage({ at: 'step', step: 0, secret }),
      (error: Error) => setStage({ at: 'refused', error }),
    );
  }, [mounted]);
  return [stage, (step) => setStage((s) => (s.at === 'step' ? { ...s, step } : s))];
}

export function Setup() {
  const [stage, go] = useStage();
  const router = useRouter();
  const step = stage.at === 'step' ? stage.step : 0;
  return (
    <main className="min-h-dvh">
      <Head step={step} />
      {stage.at === 'checking' && <Bone className="mx-auto mt-20 h-6 w-80 max-w-[80vw]" />}
      {stage.at === 'refused' && <Refused error={stage.error} />}
      {stage.at === 'step' && step === 0 && <You secret={stage.secret} done={() => go(1)} />}
      {stage.at === 'step' && step === 1 && <Machine done={() => go(2)} />}
      {stage.at === 'step' && step === 2 && <WhatRuns back={() => go(1)} done={() => router.replace('/')} />}
    </main>
  );
}

function Head({ step }: { step: number }) {
  return (
    <header className="setup-head">
      <span className="flex items-center gap-[9px] text-15">
        <Logo />
        <b className="max-m:hidden">Hydra</b>
      </span>
      <ol className="flex gap-[26px] max-m:gap-[18px]">
        {steps.map((name, i) => (
          <li key={name} className="step" aria-current={i === step ? 'step' : undefined} data-done={i < step ? '' : undefined}>
            <span className="step-dot">{i < step ? <Icon of={Check} size={12} /> : i + 1}</span>
            <span className="step-name">{name}</span>
          </li>
        ))}
      </ol>
      <small className="text-right text-12 text-fg-3 max-m:hidden">about a minute</small>
    </header>
  );
}

/* No secret, a wrong one, or nothing left to set up. */
function Refused({ error }: { error: Error | null }) {
  const welcome = useQuery(welcomeQuery()).data;
  if (error instanceof ApiError && error.status === 0) return <Unreachable error={error} />;
  if (welcome && !welcome.setup_needed)
    return (
      <Empty icon={Check} title="Hydra is already set up" level="h1" actions={<ButtonLink href="/login" look="primary">Sign in</ButtonLink>}>
        The setup link works once. Ask an administrator for an account.
      </Empty>
    );
  return (
    <Empty icon={Link2Off} title={error ? 'This setup link is not valid' : 'The setup link is missing'} level="h1">
      Open the link that <code>hydrad</code> printed when it started. A new start prints a new one; it stands in the log, too: <code>journalctl -u hydrad</code>
    </Empty>
  );
}

function Unreachable({ error }: { error: ApiError }) {
  return (
    <div className="setup-box">
      <ErrorState title={error.problem.title} detail={error.message} retry={() => location.reload()} />
    </div>
  );
}
