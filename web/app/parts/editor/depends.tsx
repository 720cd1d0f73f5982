'use client';
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { serviceQuery, servicesQuery } from '@/api/keys';
import type { ServiceRef } from '@/api/types';
import { IconButton } from '@/components/button';
import { Finder, type Found } from '@/components/finder';
import { Shape } from '@/components/shape';
import { best } from '@/lib/match';
import { serviceLook } from '@/lib/states';
import type { PartProps } from './editor';

/* When one of these is down, this service says so instead of being a second problem. */
export function Depends({ form, set, error, self }: PartProps & { self?: string }) {
  const refs = useQuery(servicesQuery()).data ?? [];
  const free = refs.filter((r) => r.id !== self && !form.dependsOn.includes(r.id));
  const drop = (id: string) => set({ dependsOn: form.dependsOn.filter((d) => d !== id) });
  return (
    <div className="border-t border-line pt-3.5">
      <Finder
        label="Needs"
        hint="Services it can’t work without: when one of them is down, this one names it"
        placeholder="Search services"
        of="Services"
        error={error('dependsOn')}
        find={(text) => best(text, free.map(found), (f) => [f.title, f.note])}
        onPick={(id) => set({ dependsOn: [...form.dependsOn, id] })}
      />
      {form.dependsOn.length > 0 && (
        <ul aria-label="Needs" className="mt-2 flex flex-wrap gap-1.5">
          {form.dependsOn.map((id) => (
            <Picked key={id} id={id} onDrop={() => drop(id)} />
          ))}
        </ul>
      )}
    </div>
  );
}

const found = (r: ServiceRef): Found => ({ id: r.id, title: r.display, note: r.node ?? r.group });

function Picked({ id, onDrop }: { id: string; onDrop: () => void }) {
  const s = useQuery(serviceQuery(id)).data;
  const look = serviceLook[s?.state ?? 'unknown'];
  const name = s?.display ?? id;
  return (
    <li className="tag pr-0">
      <Shape shape={look.shape} size="sm" label={look.word} />
      {name}
      <IconButton small icon={X} label={`Remove ${name}`} onClick={onDrop} />
    </li>
  );
}
