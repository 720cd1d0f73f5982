'use client';
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { nodesQuery, servicesQuery } from '@/api/keys';
import type { GuardRails, GuardRule } from '@/api/types';
import { Button, IconButton } from '@/components/button';
import { Dialog } from '@/components/dialog';
import { Segmented, TextField } from '@/components/field';
import { Finder } from '@/components/finder';
import { FormError } from '@/components/form-error';
import { cx } from '@/lib/cx';
import { days, dayWord, patternsOf, whenText, type Day } from '@/lib/guard';
import { best } from '@/lib/match';
import { toast } from '@/state/ui';
import { Reach } from './rules';
import { useSaveRules } from './save';

interface Props {
  guard: GuardRails;
  index?: number; // none: a new one
  onClose: () => void;
}

interface Form {
  services: string[];
  days: Day[];
  hours: 'all' | 'some';
  from: string;
  to: string;
}

const formOf = (r: GuardRule | undefined): Form => ({
  services: r?.services ?? [],
  days: r?.days?.length ? r.days : [...days],
  hours: r && !r.from ? 'all' : 'some',
  from: r?.from ?? '08:00',
  to: r?.to ?? '22:00',
});

const ruleOf = (f: Form): GuardRule => ({
  services: f.services,
  days: f.days.length === days.length ? null : f.days,
  from: f.hours === 'some' ? f.from : null,
  to: f.hours === 'some' ? f.to : null,
});

export default function RuleDialog({ guard, index, onClose }: Props) {
  const [form, setForm] = useState(() => formOf(index === undefined ? undefined : guard.rules[index]));
  const set = (change: Partial<Form>) => setForm((f) => ({ ...f, ...change }));
  const save = useSaveRules(guard, () => {
    toast(index === undefined ? 'Added the rule' : 'Saved the rule');
    onClose();
  });
  const rule = ruleOf(form);
  const ready = form.services.length > 0 && form.days.length > 0 && (form.hours === 'all' || (!!form.from && !!form.to && form.from !== form.to));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate(index === undefined ? [...guard.rules, rule] : guard.rules.with(index, rule));
  };
  return (
    <Dialog title={index === undefined ? 'Add a rule' : 'Edit the rule'} description="Stopping, restarting or updating what it names must be insisted on." onClose={onClose}>
      <form onSubmit={submit} noValidate className="mt-3.5 grid gap-3.5">
        <What form={form} set={set} />
        <When form={form} set={set} />
        {save.error && <FormError error={save.error} />}
        <div className="dialog-foot flex items-center justify-end gap-2">
          <span className="mr-auto text-12 text-fg-3">{ready && whenText(rule)}</span>
          <Button look="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" look="primary" disabled={save.isPending || !ready}>
            {index === undefined ? 'Add rule' : 'Save'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface PartProps {
  form: Form;
  set: (change: Partial<Form>) => void;
}

function What({ form, set }: PartProps) {
  const refs = useQuery(servicesQuery()).data ?? [];
  const nodes = useQuery(nodesQuery()).data ?? [];
  const find = (text: string) => {
    const services = best(text, refs, (r) => [r.display, r.node ?? '', r.group]).map((r) => ({ id: r.id, title: r.display, note: r.id }));
    const patterns = patternsOf(text, nodes).map((p) => ({ ...p, title: p.id }));
    return [...patterns, ...services].filter((f) => !form.services.includes(f.id)).slice(0, 8);
  };
  return (
    <div>
      <Finder label="Protected" hint="A service, a machine, or a pattern with * such as */docker/plex" placeholder="Search services and nodes" of="Services and nodes" find={find} onPick={(id) => set({ services: [...form.services, id] })} />
      {form.services.length > 0 && (
        <>
          <ul aria-label="Protected" className="mt-2 flex flex-wrap gap-1.5">
            {form.services.map((s) => (
              <li key={s} className="tag pr-0">
                <code className="[overflow-wrap:anywhere]">{s}</code>
                <IconButton small icon={X} label={`Remove ${s}`} onClick={() => set({ services: form.services.filter((x) => x !== s) })} />
              </li>
            ))}
          </ul>
          <Reach rule={form} />
        </>
      )}
    </div>
  );
}

const hours = [
  { value: 'some', label: 'Some hours' },
  { value: 'all', label: 'All day' },
] as const;

function When({ form, set }: PartProps) {
  const toggle = (d: Day) => set({ days: form.days.includes(d) ? form.days.filter((x) => x !== d) : days.filter((x) => x === d || form.days.includes(x)) });
  const over = form.to < form.from;
  return (
    <div className="grid gap-3.5 border-t border-line pt-3.5">
      <fieldset>
        <legend className="mb-1.5 text-12 font-medium text-fg-2">Days</legend>
        <div className="flex flex-wrap gap-1.5">
          {days.map((d) => (
            <label key={d} className={cx('day pop', form.days.includes(d) && 'day-on')}>
              <input type="checkbox" checked={form.days.includes(d)} onChange={() => toggle(d)} aria-label={dayWord[d]} className="absolute inset-0 appearance-none rounded-2" />
              {dayWord[d].slice(0, 2)}
            </label>
          ))}
        </div>
      </fieldset>
      <div className="flex flex-wrap items-end gap-3">
        <Segmented label="Hours" value={form.hours} options={[...hours]} onChange={(h) => set({ hours: h })} />
        {form.hours === 'some' && (
          <>
            <TextField label="From" type="time" value={form.from} onChange={(e) => set({ from: e.target.value })} />
            <TextField label={over ? 'To, next day' : 'To'} type="time" value={form.to} onChange={(e) => set({ to: e.target.value })} />
          </>
        )}
      </div>
    </div>
  );
}
