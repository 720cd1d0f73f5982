'use client';
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useId, useRef, useState, type KeyboardEvent } from 'react';
import { serviceQuery, servicesQuery } from '@/api/keys';
import type { ServiceRef } from '@/api/types';
import { IconButton } from '@/components/button';
import { TextField } from '@/components/field';
import { Shape } from '@/components/shape';
import { matches, score } from '@/lib/match';
import { serviceLook } from '@/lib/states';
import type { PartProps } from './editor';

const offered = 6;

/* When one of these is down, this service says so instead of being a second problem. */
export function Depends({ form, set, error, self }: PartProps & { self?: string }) {
  const refs = useQuery(servicesQuery()).data ?? [];
  const free = refs.filter((r) => r.id !== self && !form.dependsOn.includes(r.id));
  const drop = (id: string) => set({ dependsOn: form.dependsOn.filter((d) => d !== id) });
  return (
    <div className="border-t border-line pt-3.5">
      <Finder refs={free} error={error('dependsOn')} onPick={(id) => set({ dependsOn: [...form.dependsOn, id] })} />
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

interface FinderProps {
  refs: ServiceRef[];
  error: string | null;
  onPick: (id: string) => void;
}

/* A combobox: typing narrows, arrows choose, Enter takes. */
function Finder({ refs, error, onPick }: FinderProps) {
  const list = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = text ? best(refs, text) : [];
  const pick = (r: ServiceRef | undefined) => {
    if (!r) return;
    onPick(r.id);
    setText('');
    setAt(0);
  };
  const keys: Record<string, () => void> = {
    ArrowDown: () => setAt((i) => Math.min(i + 1, found.length - 1)),
    ArrowUp: () => setAt((i) => Math.max(i - 1, 0)),
    Enter: () => pick(found[at]),
  };
  const onKey = (e: KeyboardEvent) => {
    const act = found.length ? keys[e.key] : e.key === 'Enter' && text ? () => {} : undefined;
    if (!act) return;
    e.preventDefault();
    act();
  };
  return (
    <div className="relative">
      <TextField
        label="Needs"
        hint="Services it can’t work without: when one of them is down, this one names it"
        placeholder="Search services"
        error={error}
        value={text}
        onChange={(e) => (setText(e.target.value), setAt(0))}
        onKeyDown={onKey}
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-activedescendant={found[at] ? `${list}-${at}` : undefined}
        autoComplete="off"
      />
      <Offers id={list} found={found} at={at} onPick={pick} />
    </div>
  );
}

const best = (refs: ServiceRef[], text: string): ServiceRef[] =>
  refs
    .filter((r) => matches(text, r.display, r.node, r.group))
    .sort((a, b) => score(text, b.display) - score(text, a.display))
    .slice(0, offered);

function Offers({ id, found, at, onPick }: { id: string; found: ServiceRef[]; at: number; onPick: (r: ServiceRef) => void }) {
  const keep = useRef((e: { preventDefault: () => void }) => e.preventDefault()); // the box keeps the focus
  return (
    <ul id={id} role="listbox" aria-label="Services" className={found.length ? 'offers float-in' : ''}>
      {found.map((r, i) => (
        <li key={r.id} id={`${id}-${i}`} role="option" aria-selected={i === at} className="min-w-0">
          <button type="button" tabIndex={-1} data-at={i === at} onMouseDown={keep.current} onClick={() => onPick(r)} className="offer">
            <span className="ell">{r.display}</span>
            <small className="ell text-12 text-fg-3">{r.node ?? r.group}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}
