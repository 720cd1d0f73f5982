'use client';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { servicesQuery } from '@/api/keys';
import type { ServiceDetail } from '@/api/types';
import { TextField } from '@/components/field';
import { ServiceIcon } from '@/components/service-icon';
import icons from '@/lib/icon-names.json';
import { guess, nameFrom } from '@/lib/service-form';
import type { PartProps } from './editor';

/* Address, name, group, icon. From an address alone comes all the rest. */
export function Looks({ form, set, error, of }: PartProps & { of?: ServiceDetail }) {
  const shown = of && !of.manual ? of : undefined;
  const guessFrom = () => {
    const g = guess(form.url);
    if (!form.name && g.url && !shown) g.name = nameFrom(g.url);
    if (form.kind !== 'none' || shown) delete g.kind; // a chosen check stays
    set(g);
  };
  return (
    <>
      <div className="grid gap-3.5 m:grid-cols-2">
        <TextField
          label="Address"
          placeholder={shown?.url ?? 'http://router.lan/ or nas:22'}
          value={form.url}
          onChange={(e) => set({ url: e.target.value })}
          onBlur={guessFrom}
          error={error('url')}
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          autoFocus={!of}
        />
        <TextField label="Name" placeholder={shown?.display ?? 'Router'} value={form.name} onChange={(e) => set({ name: e.target.value })} error={error('name')} maxLength={128} autoComplete="off" />
      </div>
      <div className="grid gap-3.5 m:grid-cols-2">
        <GroupField form={form} set={set} error={error} placeholder={shown?.group ?? 'Home'} />
        <IconField form={form} set={set} error={error} shown={shown} />
      </div>
      <TextField label="Description" placeholder={shown?.description ?? 'What it is for'} value={form.description} onChange={(e) => set({ description: e.target.value })} error={error('description')} maxLength={1024} />
    </>
  );
}

function IconField({ form, set, error, shown }: PartProps & { shown?: ServiceDetail }) {
  const id = useId();
  return (
    <>
      <TextField
        label="Icon"
        placeholder={shown?.icon ?? 'plex'}
        hint="The name of an app, such as plex or grafana"
        list={id}
        value={form.icon}
        onChange={(e) => set({ icon: e.target.value })}
        error={error('icon')}
        trail={<ServiceIcon icon={form.icon.trim().toLowerCase() || shown?.icon || null} name={form.name || shown?.display || '?'} />}
        maxLength={64}
        autoComplete="off"
        spellCheck={false}
      />
      <datalist id={id}>
        {icons.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

function GroupField({ form, set, error, placeholder }: PartProps & { placeholder: string }) {
  const id = useId();
  const groups = useQuery({ ...servicesQuery(), select: (refs) => [...new Set(refs.map((r) => r.group))].sort() }).data ?? [];
  return (
    <>
      <TextField
        label="Group"
        hint="One that exists, or a new one"
        placeholder={placeholder}
        list={id}
        value={form.group}
        onChange={(e) => set({ group: e.target.value })}
        error={error('group')}
        maxLength={64}
        autoComplete="off"
      />
      <datalist id={id}>
        {groups.map((g) => (
          <option key={g} value={g} />
        ))}
      </datalist>
    </>
  );
}
