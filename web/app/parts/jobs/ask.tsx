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
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { Bone } from '@/components/states';
import { findAction, isForGood, titled, wordOf } from '@/lib/actions';
import { nodeHref, serviceHref } from '@/lib/links';
import type { NetworkDeed } from '@/lib/networks';
import { nodeName } from '@/lib/states';
import { ask, type Asking } from '@/state/asking';
import { useMay } from '@/state/session';
import { toast } from '@/state/ui';
import { putAnswer } from '@/stream/jobs';
import { NetworkField } from './network-field';
import { Several } from './several';

const close = () => ask(null);
const powerVerb = 'machine.power';

export default function Ask({ asking }: { asking: Asking }) {
  const [id = ''] = asking.ids;
  if (asking.ids.length > 1) return <Several asking={asking} />;
  return <One key={`${id} ${asking.word} ${asking.part?.target}`} id={id} asking={asking} />;
}

function One({ id, asking }: { id: string; asking: Asking }) {
  const { data, error, refetch } = useQuery({ ...actionsQuery(id, asking.part), staleTime: 0 });
  const name = useName(asking, id);
  const title = `${titled(asking.word === powerVerb ? 'power' : wordOf(asking.word))} ${name}?`;
  if (error) return <Failed title={title} error={error} retry={() => void refetch()} />;
  if (!data) return <Loading title={title} />;
  const action = findAction(data, asking.word, asking.argument);
  if (!action?.allowed) return <Impossible name={name} word={wordOf(asking.word)} why={action?.why} />;
  return <Confirm id={id} name={name} action={action} asking={asking} />;
}

function useName({ kind, part }: Asking, id: string): string {
  const service = useQuery({ ...serviceQuery(id), select: (s) => s.display }).data;
  const node = useQuery({ ...nodeQuery(id), select: nodeName }).data;
  return part?.name ?? (kind === 'node' ? node : service) ?? id.split('/').at(-1) ?? id;
}

function Loading({ title }: { title: string }) {
  return (
    <Dialog title={title} width="sm" onClose={close}>
      <div role="progressbar" aria-busy="true" aria-label="Loading" className="mt-3 mb-2 grid gap-3">
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

/* Starts it, and goes where its progress is seen; nowhere when it is seen where one is. */
export function useStart(input: (force: boolean) => JobOrder, href: string | null, then = () => {}) {
  const client = useQueryClient();
  const router = useRouter();
  const path = usePathname();
  return useMutation({
    mutationFn: (force: boolean) => call<Job>('/api/web/jobs', { method: 'POST', body: input(force) }),
    onSuccess: (job) => {
      putAnswer(client, job);
      if (job.verb === 'machine.wake') toast(`${job.title}: whether it wakes is seen when it reports`, 'info'); // another node does it, so nothing runs here
      close();
      then();
      if (href && href.split('?')[0] !== path) router.push(href);
    },
  });
}

const signals = 'KILL, TERM, HUP, INT, USR1…';
const arguments_: Partial<Record<string, { label: string; hint: string; needed: boolean }>> = {
  rename: { label: 'New name', hint: 'Others that reach it by its name must be told.', needed: true },
  kill: { label: 'Signal', hint: `${signals} Nothing means KILL.`, needed: false },
};

const networkDeeds: Partial<Record<string, NetworkDeed>> = { 'container.connect': 'connect', 'container.disconnect': 'disconnect' };
const prepositions: Partial<Record<string, string>> = { 'agent.upgrade': ' on', 'container.truncate-log': ' of' };

function Confirm({ id, name, action, asking }: { id: string; name: string; action: Action; asking: Asking }) {
  const [argument, setArgument] = useState(asking.argument ?? '');
  const wants = asking.argument ? undefined : arguments_[wordOf(action.verb)];
  const deed = networkDeeds[action.verb];
  const target = asking.kind === 'node' ? { node: id, ...(asking.part && { target: asking.part.target }) } : { service: id };
  const body = (force: boolean): JobOrder => ({ verb: action.verb, ...target, ...(argument.trim() && { argument: argument.trim() }), ...(force && { force }) });
  const start = useStart(body, asking.kind === 'service' ? serviceHref(id) : asking.part ? null : action.verb === powerVerb ? '/jobs' : nodeHref(id)); // another node does it: its own page shows nothing
  const power = action.verb === powerVerb;
  const label = power ? `${action.label}:` : asking.argument ? `${action.label} ${asking.argument} to` : `${action.label}${prepositions[action.verb] ?? ''}`;
  return (
    <Dialog title={`${label} ${name}?`} description={asking.effect ?? action.confirm} width="sm" onClose={close}>
      <StartForm verb={asking.argument && !power ? `Send ${asking.argument}` : action.label} forGood={isForGood(action)} guard={action.guard} start={start} ready={!(wants?.needed || deed) || !!argument.trim()}>
        {deed ? <NetworkField service={id} deed={deed} value={argument} onChange={setArgument} /> : wants && <TextField label={wants.label} hint={wants.hint} value={argument} onChange={(e) => setArgument(e.target.value)} maxLength={128} autoComplete="off" autoFocus />}
      </StartForm>
    </Dialog>
  );
}

interface StartProps {
  verb: string;
  forGood: boolean;
  guard?: string | null; // the guard rail that is known to stand against it
  ready?: boolean;
  start: ReturnType<typeof useStart>;
  onCancel?: () => void; // of a dialog of its own
  children?: ReactNode;
}

/* Guard rails are told beforehand where they are known, else by the refusal; who may change settings can insist. */
export function StartForm({ verb, forGood, guard, ready = true, start, onCancel, children }: StartProps) {
  const [force, setForce] = useState(false);
  const form = useId();
  const mayForce = useMay('settings:write');
  const refused = start.error instanceof ApiError && start.error.problem.type.endsWith('/guarded');
  const guarded = refused || !!guard;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    start.mutate(force);
  };
  return (
    <form id={form} onSubmit={submit} noValidate className="mt-3 grid gap-3">
      {children}
      {start.error && !refused && <FormError error={start.error} />}
      {guarded && <Guarded text={guard ?? start.error?.message ?? ''} mayForce={mayForce} />}
      {guarded && mayForce && <Checkbox label="Do it all the same" hint="It is written to the audit log" checked={force} onChange={setForce} />}
      <Foot onCancel={onCancel}>
        <Button type="submit" look={forGood ? 'danger-solid' : 'primary'} autoFocus={!forGood && !children && !guarded} disabled={start.isPending || !ready || (guarded && !force)}>
          {verb}
        </Button>
      </Foot>
    </form>
  );
}

function Guarded({ text, mayForce }: { text: string; mayForce: boolean }) {
  return (
    <div role="alert" className="flex items-start gap-2.5 rounded-2 bg-warn-bg px-3 py-2">
      <Shape shape="warn" label="Protected" className="mt-[5px]" />
      <div className="min-w-0 [overflow-wrap:anywhere]">
        <p>{text.replace(' Who may change settings can insist (force).', '')}</p>
        <p className="text-12 text-fg-2">
          {!mayForce && 'Whoever may change settings can insist. '}
          <Link href="/guard" onClick={close} className="text-accent hover:underline">
            What is protected, and when
          </Link>
        </p>
      </div>
    </div>
  );
}

function Foot({ onCancel = close, children }: { onCancel?: () => void; children?: ReactNode }) {
  return (
    <div className="mt-2 flex justify-end gap-2">
      <Button look="ghost" onClick={onCancel}>
        {children ? 'Cancel' : 'Close'}
      </Button>
      {children}
    </div>
  );
}
