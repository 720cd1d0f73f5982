'use client';
// Adds a service by hand, edits one, or overrides what was discovered. Loaded when it is first opened.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call, idPath } from '@/api/client';
import { serviceDetailQuery } from '@/api/keys';
import type { ServiceDetail, ServiceRecord } from '@/api/types';
import { Button } from '@/components/button';
import { Dialog } from '@/components/dialog';
import { FormError } from '@/components/form-error';
import { fieldOf, formOf, inputOf, type FormField, type ServiceForm } from '@/lib/service-form';
import { toast } from '@/state/ui';
import { CheckFields } from './check-fields';
import { Depends } from './depends';
import { Looks } from './looks';

interface Props {
  of?: ServiceDetail; // nothing: a new one
  onClose: () => void;
  onSaved?: (id: string) => void;
}

export interface PartProps {
  form: ServiceForm;
  set: (change: Partial<ServiceForm>) => void;
  error: (field: FormField) => string | null;
}

const texts = {
  add: ['Add a service', 'For what Hydra can’t find by itself: a router, a printer, a page on another machine.'],
  edit: ['Edit', ''],
  override: ['Edit', 'What you leave empty stays as it was discovered.'],
} as const;

export default function Editor({ of, onClose, onSaved }: Props) {
  const discovered = !!of && !of.manual;
  const [form, setForm] = useState(() => formOf(of?.record ?? null, discovered));
  const save = useSave(of, onClose, onSaved);
  const problem = save.error instanceof ApiError ? save.error.problem : null;
  const wrong = fieldOf(problem?.field);
  const part: PartProps = {
    form,
    set: (change) => setForm((f) => ({ ...f, ...change })),
    error: (field) => (field === wrong ? (problem?.detail ?? null) : null),
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate(form);
  };
  const [verb, note] = texts[of ? (discovered ? 'override' : 'edit') : 'add'];
  return (
    <Dialog title={of ? `${verb} ${of.display}` : verb} description={note || undefined} onClose={onClose} width="md">
      <form onSubmit={submit} noValidate className="mt-3.5 grid gap-3.5">
        <Looks {...part} of={of} />
        <CheckFields {...part} of={of} />
        <Depends {...part} self={of?.id} />
        {save.error && !wrong && <FormError error={save.error} />}
        <div className="dialog-foot flex justify-end gap-2">
          <Button look="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" look="primary" disabled={save.isPending}>
            {of ? 'Save' : 'Add service'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function useSave(of: ServiceDetail | undefined, onClose: () => void, onSaved: Props['onSaved']) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (form: ServiceForm) => {
      const body = inputOf(form, of?.hidden ?? false);
      if (of) return call<ServiceRecord>(`/api/web/services/${idPath(of.id)}`, { method: 'PUT', body });
      return call<ServiceRecord>('/api/web/services', { method: 'POST', body });
    },
    onSuccess: (record, form) => {
      if (of) void client.invalidateQueries({ queryKey: serviceDetailQuery(of.id).queryKey });
      toast(of ? `Saved ${form.name || of.display}` : `Added ${form.name}`);
      onClose();
      onSaved?.(record.id);
    },
  });
}
