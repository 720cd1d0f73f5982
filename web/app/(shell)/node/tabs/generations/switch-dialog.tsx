'use client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { generationPlanQuery } from '@/api/keys';
import type { Generation, GenerationPlan } from '@/api/types';
import { StartForm, useStart } from '@/app/parts/jobs/ask';
import { useOffer } from '@/app/parts/jobs/offers';
import { Checkbox } from '@/components/checkbox';
import { Dialog } from '@/components/dialog';
import { SelectField } from '@/components/field';
import { FormError } from '@/components/form-error';
import { Shape } from '@/components/shape';
import { Bone } from '@/components/states';
import { count } from '@/lib/format';
import { touched, type Units } from '@/lib/generations';

interface Props {
  node: string;
  to: Generation;
  verb: 'generation.switch' | 'generation.rollback';
  back: Generation | undefined; // what runs now
  onClose: () => void;
}

const waits = [
  { value: '120', text: '2 minutes' },
  { value: '300', text: '5 minutes' },
  { value: '900', text: '15 minutes' },
];

/* What the generation itself says it will do, before it does; and the way back. */
export default function SwitchDialog({ node, to, verb, back, onClose }: Props) {
  const plan = useQuery({ ...generationPlanQuery(node, String(to.number)), staleTime: 0 });
  const [rebootWanted, setReboot] = useState(false);
  const [within, setWithin] = useState('300');
  const must = !!plan.data?.needs_reboot;
  const reboot = rebootWanted || must;
  const argument = [reboot && 'reboot', within !== '300' && `within:${within}`].filter(Boolean).join(' ');
  const target = verb === 'generation.switch' ? { target: String(to.number) } : {};
  const guard = useOffer(node, 'machine.reboot')?.guard; // what protects a node or a service on it stands against this, too
  const start = useStart((force) => ({ verb, node, ...target, ...(argument && { argument }), ...(force && { force }) }), null, onClose);
  const rollback = verb === 'generation.rollback';
  return (
    <Dialog title={rollback ? `Roll back to ${to.number}?` : `Switch to ${to.number}?`} description={`${to.version}, Linux ${to.kernel}. ${wayBack(back, within)}`} width="md" onClose={onClose}>
      <div className="mt-3.5 grid gap-3.5">
        <Plan query={plan} />
        <StartForm verb={`${rollback ? 'Roll back' : 'Switch'} to ${to.number}${reboot ? ' and reboot' : ''}`} forGood={false} guard={guard} start={start} onCancel={onClose}>
          {plan.data?.needs_reboot && (
            <p className="flex items-start gap-2.5">
              <Shape shape="info" label="Info" className="mt-[5px]" />
              <span className="min-w-0">{plan.data.needs_reboot}</span>
            </p>
          )}
          <Checkbox label="Start the machine anew with it" hint={must ? 'A running machine can’t become it' : 'Only for this once until it is confirmed'} checked={reboot} disabled={must} onChange={setReboot} />
          <SelectField label="Goes back by itself, unless well, after" value={within} onChange={(e) => setWithin(e.target.value)}>
            {waits.map((w) => (
              <option key={w.value} value={w.value}>
                {w.text}
              </option>
            ))}
          </SelectField>
        </StartForm>
      </div>
    </Dialog>
  );
}

function wayBack(back: Generation | undefined, within: string): string {
  const minutes = Number(within) / 60;
  return `Hydra confirms it when the node answers and its services are as well as before. Otherwise, also without network or power, the node returns to ${back ? back.number : 'what runs now'} by itself, after ${count(minutes, 'minute')} at the latest.`;
}

const titles: Record<keyof Units, string> = { stop: 'Stopped', restart: 'Restarted', start: 'Started', reload: 'Reloaded' };
const order: (keyof Units)[] = ['stop', 'restart', 'reload', 'start'];

function Plan({ query }: { query: { data: GenerationPlan | undefined; error: Error | null } }) {
  const { data: p, error } = query;
  if (error) return <FormError error={error} />;
  if (!p)
    return (
      <div role="progressbar" aria-busy="true" aria-label="Asking what it will do" className="grid gap-2.5">
        <Bone className="w-4/5" />
        <Bone className="w-3/5" />
      </div>
    );
  return (
    <section aria-label="What it will do" className="rounded-2 bg-sunken px-3 py-2.5">
      {touched(p) === 0 && <p className="text-fg-2">No unit is stopped or restarted.</p>}
      {order
        .filter((k) => p[k].length > 0)
        .map((k) => (
          <p key={k} className="[overflow-wrap:anywhere]">
            <span className="text-fg-3">{titles[k]}:</span> {p[k].join(', ')}
          </p>
        ))}
      {p.output && (
        <details className="mt-1.5">
          <summary className="text-12 text-fg-2">What it said itself</summary>
          <pre tabIndex={0} aria-label="What the generation said" className="error-text mt-1.5 font-mono text-12">
            {p.output}
          </pre>
        </details>
      )}
    </section>
  );
}
