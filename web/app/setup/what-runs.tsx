'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call, idPath } from '@/api/client';
import { servicesQuery } from '@/api/keys';
import type { ServiceRef } from '@/api/types';
import { Button } from '@/components/button';
import { Card } from '@/components/card';
import { count } from '@/lib/format';
import { groupBy } from '@/lib/group';
import { StepBox } from './step-box';

const hide = (s: ServiceRef): Promise<unknown> => call(`/api/web/services/${idPath(s.id)}`, { method: 'PUT', body: { hidden: true } });

function names(list: ServiceRef[]): string {
  const first = list.slice(0, 4).map((s) => s.display);
  return list.length > 4 ? `${first.join(', ')} and ${list.length - 4} more` : first.join(', ');
}

export function WhatRuns({ back, done }: { back: () => void; done: () => void }) {
  const refs = useQuery(servicesQuery()).data ?? [];
  const groups = groupBy(refs.filter((r) => !r.hidden), (r) => r.group);
  const [left, setLeft] = useState<string[]>([]);
  const open = useMutation({
    mutationFn: async () => {
      for (const [name, list] of groups) if (left.includes(name)) for (const s of list) await hide(s);
    },
    onSuccess: done,
  });
  const toggle = (name: string) => setLeft((l) => (l.includes(name) ? l.filter((n) => n !== name) : [...l, name]));
  const lead = refs.length
    ? 'Hydra watches these from now on. Untick what it should leave alone; hidden services can be shown again.'
    : 'Containers, systemd units and listening programs appear by themselves as they are found.';
  return (
    <StepBox title={refs.length ? `${count(refs.length, 'service')} found. Looks right?` : 'No services found yet'} lead={lead}>
      {groups.length > 0 && (
        <Card>
          {groups.map(([name, list]) => (
            <label key={name} className="found">
              <input type="checkbox" className="check" checked={!left.includes(name)} onChange={() => toggle(name)} />
              <span className="min-w-0">
                <b className="font-medium">{name}</b>
                <span className="ell block text-12 text-fg-2">{names(list)}</span>
              </span>
              <span className="num text-fg-3">{list.length}</span>
            </label>
          ))}
        </Card>
      )}
      <div role="alert">{open.error && <p className="mt-3 text-bad">{open.error.message}</p>}</div>
      <div className="mt-[26px] flex justify-between">
        <Button look="ghost" size="lg" onClick={back}>
          Back
        </Button>
        <Button look="primary" size="lg" disabled={open.isPending} onClick={() => open.mutate()}>
          {open.isPending ? 'Saving…' : 'Open Hydra'}
        </Button>
      </div>
    </StepBox>
  );
}
