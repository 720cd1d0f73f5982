'use client';
// What will happen, before it does: one dialog for every action, wherever it was asked for.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { usePathname, useRouter } from 'next/navigation';
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, call } from '@/api/client';
import type { Action, Job, JobOrder } from '@/api/types';
import { actionsQuery, nodeQuery, serviceQuery } from '@/api/keys';
import { Button } from '@/components/button';
import { Checkbox } from '@/components/checkbox';
import { Dialog } from '@/components/dialog';
import { TextField } from '@/components/field';
import { FormError } from '@/components/form-error';
import { Bone } from '@/components/states';
import { findAction, isForGood, titled, wordOf } from '@/lib/actions';
import { nodeHref, serviceHref } from '@/lib/links';
import { nodeName } from '@/lib/states';
import { ask, type Asking } from '@/state/asking';
import { useMay } from '@/state/session';
import { putJob } from '@/stream/jobs';
import { Several } from './several';

const close = () => ask(null);

export default function Ask({ asking }: { asking: Asking }) {
  const [id = ''] = asking.ids;
  if (asking.ids.length > 1) return <Several asking={asking} />;
  return <One key={`${id} ${asking.word}`} id={id} asking={asking} />;
}

function One({ id, asking }: { id: string; asking: Asking }) {
  const { data, error, refetch } = useQuery({ ...actionsQuery(id), staleTime: 0 });
  const name = useName(asking.kind, id);
  const title = `${titled(wordOf(asking.word))} ${name}?`;
  if (error) return <Failed title={title} error={error} retry={() => void refetch()} />;
  if (!data) return <Loading title={title} />;
  const action = findAction(data, asking.word);
  if (!action?.allowed) return <Impossible name={name} word={wordOf(asking.word)} why={action?.why} />;
  return <Confirm id={id} name={name} action={action} asking={asking} />;
}

function useName(kind: Asking['kind'], id: string): string {
  const service = useQuery({ ...serviceQuery(id), select: (s) => s.display }).data;
  const node = useQuery({ ...nodeQuery(id), select: nodeName }).data;
  return (kind === 'node' ? node : service) ?? id.split('/').at(-1) ?? id;
}

function Loading({ title }: { title: string }) {
  return (
    <Dialog title={title} width="sm" onClose={close}>
      <div aria-busy="true" aria-label="Loading" className="mt-3 mb-2 grid gap-3">
        <Bone className="w-4/5" />
        <Bone className="w-3/5" />
      </div>
    </Dialog>
  );
}

function Failed({ title, error, retry }: { title: string; error: Error; retry: () => void }) {
  return (
    <Dialog title={title} width="sm" onClose={close}>
      <div className="mt-3">
        <FormError error={error} />
      </div>
      <Foot>
        <Button look="primary" onClick={retry}>
          Try again
        </Button>
      </Foot>
    </Dialog>
  );
}

function Impossible({ name, word, why }: { name: string; word: string; why: string | null | undefined }) {
  return (
    <Dialog title={`No ${titled(word).toLowerCase()} for ${name} now`} description={why ?? `${name} is not in a state in which that makes sense, or your role may not do it.`} width="sm" onClose={close}>
      <Foot />
    </Dialog>
  );
}

/* Starts it, and goes where its progress is seen. */
export function useStart(input: (force: boolean) => JobOrder, href: string, then = () => {}) {
  const client = useQueryClient();
  const router = useRouter();
  const path = usePathname();
  return useMutation({
    mutationFn: (force: boolean) => call<Job>('/api/web/jobs', { method: 'POST', body: input(force) }),
    onSuccess: (job) => {
      putJob(client, job);
      close();
      then();
      if (href.split('?')[0] !== path) router.push(href);
    },
  });
}

const signals = 'KILL, TERM, HUP, INT, USR1…';
const arguments_: Partial<Record<string, { label: string; hint: string; needed: boolean }>> = {
  rename: { label: 'New name', hint: 'Others that reach it by its name must be told.', needed: true },
  kill: { label: 'Signal', hint: `${signals} Nothing means KILL.`, needed: false },
};

function Confirm({ id, name, action, asking }: { id: string; name: string; action: Action; asking: Asking }) {
  const [argument, setArgument] = useState('');
  const wants = arguments_[wordOf(action.verb)];
  const target = asking.kind === 'node' ? { node: id } : { service: id };
  const body = (force: boolean): JobOrder => ({ verb: action.verb, ...target, ...(argument.trim() && { argument: argument.trim() }), ...(force && { force }) });
  const start = useStart(body, asking.kind === 'node' ? nodeHref(id) : serviceHref(id));
  return (
    <Dialog title={`${action.label} ${name}?`} description={action.confirm} width="sm" onClose={close}>
      <StartForm verb={action.label} forGood={isForGood(action)} start={start} ready={!wants?.needed || !!argument.trim()}>
        {wants && <TextField label={wants.label} hint={wants.hint} value={argument} onChange={(e) => setArgument(e.target.value)} maxLength={128} autoComplete="off" autoFocus />}
      </StartForm>
    </Dialog>
  );
}

interface StartProps {
  verb: string;
  forGood: boolean;
  ready?: boolean;
  start: ReturnType<typeof useStart>;
  children?: ReactNode;
}

/* Guard rails refuse at first; who may change settings can insist. */
export function StartForm({ verb, forGood, ready = true, start, children }: StartProps) {
  const [force, setForce] = useState(false);
  const form = useId();
  const mayForce = useMay('settings:write');
  const guarded = start.error instanceof ApiError && start.error.problem.type.endsWith('/guarded');
  const submit = (e: FormEvent) => {
    e.preventDefault();
    start.mutate(force);
  };
  return (
    <form id={form} onSubmit={submit} noValidate className="mt-3 grid gap-3">
      {children}
      {start.error && <FormError error={start.error} />}
      {guarded && mayForce && <Checkbox label="Do it all the same" checked={force} onChange={setForce} />}
      <Foot>
        <Button type="submit" look={forGood ? 'danger-solid' : 'primary'} autoFocus={!forGood && !children} disabled={start.isPending || !ready || (guarded && !force)}>
          {verb}
        </Button>
      </Foot>
    </form>
  );
}

function Foot({ children }: { children?: ReactNode }) {
  return (
    <div className="mt-2 flex justify-end gap-2">
      <Button look="ghost" onClick={close}>
        {children ? 'Cancel' : 'Close'}
      </Button>
      {children}
    </div>
  );
}
