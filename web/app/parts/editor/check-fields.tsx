'use client';
import { useState } from 'react';
import type { ServiceDetail } from '@/api/types';
import { Button } from '@/components/button';
import { SelectField, TextField } from '@/components/field';
import { checkKinds, checkTexts, checkWord } from '@/lib/checks';
import { duration } from '@/lib/format';
import { hasBody, targetFor, type ServiceForm } from '@/lib/service-form';
import type { PartProps } from './editor';

/* Docker, systemd and processes are of a node: a hand-added service has none. */
const local = new Set(['docker', 'systemd', 'process']);

export function CheckFields(props: PartProps & { of?: ServiceDetail }) {
  const { form, set, error, of } = props;
  const discovered = !!of && !of.manual;
  const kinds = checkKinds.filter((k) => discovered || !local.has(k) || k === form.kind);
  const choose = (kind: ServiceForm['kind']) => set({ kind, target: targetFor(kind, form.url || of?.url || '') });
  const text = form.kind === 'auto' ? autoText(of) : checkTexts[form.kind].text;
  return (
    <fieldset className="grid gap-3.5 border-t border-line pt-3.5">
      <legend className="sr-only">Check</legend>
      <div className="grid gap-3.5 m:grid-cols-2">
        <SelectField label="Check" value={form.kind} error={error('kind')} hint={text} onChange={(e) => choose(e.target.value as ServiceForm['kind'])}>
          {discovered && <option value="auto">As Hydra chose</option>}
          {kinds.map((k) => (
            <option key={k} value={k}>
              {checkTexts[k].word}
            </option>
          ))}
        </SelectField>
        {asks(form.kind) && <Interval {...props} />}
      </div>
      {asks(form.kind) && <Target {...props} />}
      {asks(form.kind) && <Expectations {...props} />}
    </fieldset>
  );
}

const asks = (kind: ServiceForm['kind']): boolean => kind !== 'auto' && kind !== 'none';

function autoText(of: ServiceDetail | undefined): string {
  const now = of?.checks.filter((c) => c.automatic).map((c) => checkWord(c.kind)) ?? [];
  return now.length ? `Now: ${now.join(', ')}. It follows the service when its ports change.` : 'Hydra found nothing to ask.';
}

const intervals = [5000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000];

function Interval({ form, set, error }: PartProps) {
  const all = intervals.includes(form.intervalMs) ? intervals : [...intervals, form.intervalMs].sort((a, b) => a - b);
  const worst = form.intervalMs * form.retries + form.timeoutMs;
  return (
    <SelectField
      label="How often"
      value={form.intervalMs}
      error={error('intervalMs')}
      hint={`Down is shown after ${duration(form.intervalMs + worst)} at the latest`}
      onChange={(e) => set({ intervalMs: Number(e.target.value) })}
    >
      {all.map((ms) => (
        <option key={ms} value={ms}>
          Every {duration(ms)}
        </option>
      ))}
    </SelectField>
  );
}

function Target({ form, set, error, of }: PartProps & { of?: ServiceDetail }) {
  if (!asks(form.kind) || form.kind === 'auto') return null;
  const { target, example } = checkTexts[form.kind];
  const url = form.url || of?.url;
  const own = form.kind === 'http' && !!url;
  return (
    <TextField
      label={target}
      placeholder={own && url ? url : example}
      hint={own ? 'Leave it empty to ask its own address' : undefined}
      value={form.target}
      onChange={(e) => set({ target: e.target.value })}
      error={error('target')}
      autoComplete="off"
      spellCheck={false}
    />
  );
}

const bodyTexts: Partial<Record<ServiceForm['kind'], [string, string]>> = {
  http: ['Must contain', 'A text that only this page has: proves that the right thing answers'],
  tcp: ['Greeting must contain', 'What it says first, such as SSH-2.0'],
  dns: ['Must answer', 'An address, such as 192.168.1.1'],
};

/* Seldom needed, so closed unless something in it is set or wrong. */
function Expectations(props: PartProps) {
  const { form, error } = props;
  const touched = !!form.status || !!form.body || !!error('status') || !!error('body') || !!error('timeoutMs') || !!error('retries');
  const [open, setOpen] = useState(touched);
  if (!open && !touched)
    return (
      <div>
        <Button size="sm" aria-expanded={false} onClick={() => setOpen(true)}>
          What counts as good…
        </Button>
      </div>
    );
  return (
    <div className="grid gap-3.5 m:grid-cols-2">
      {form.kind === 'http' && <Status {...props} />}
      <Body {...props} />
      <Patience {...props} />
    </div>
  );
}

function Status({ form, set, error }: PartProps) {
  return (
    <TextField
      label="Good status codes"
      placeholder="200-399"
      hint="Add 401 where a sign-in page means alive"
      value={form.status}
      onChange={(e) => set({ status: e.target.value })}
      error={error('status')}
      spellCheck={false}
    />
  );
}

function Body({ form, set, error }: PartProps) {
  const [label, hint] = bodyTexts[form.kind] ?? [];
  if (!label || !hasBody(form.kind)) return null;
  return <TextField label={label} hint={hint} value={form.body} onChange={(e) => set({ body: e.target.value })} error={error('body')} spellCheck={false} />;
}

function Patience({ form, set, error }: PartProps) {
  return (
    <>
      <SelectField label="Waits for an answer" value={form.timeoutMs} error={error('timeoutMs')} onChange={(e) => set({ timeoutMs: Number(e.target.value) })}>
        {[...new Set([1000, 2000, 5000, 10_000, 30_000, form.timeoutMs])].sort((a, b) => a - b).map((ms) => (
          <option key={ms} value={ms}>
            {duration(ms)}
          </option>
        ))}
      </SelectField>
      <SelectField label="Tries again before it is down" value={form.retries} error={error('retries')} onChange={(e) => set({ retries: Number(e.target.value) })}>
        {Array.from({ length: 11 }, (_, n) => (
          <option key={n} value={n}>
            {n === 1 ? 'once' : `${n} times`}
          </option>
        ))}
      </SelectField>
    </>
  );
}
