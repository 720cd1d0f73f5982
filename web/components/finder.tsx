'use client';
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { TextField } from './field';

export interface Found {
  id: string;
  title: string;
  note: string;
}

interface Props {
  label: string;
  hint: ReactNode;
  placeholder: string;
  of: string; // what the list holds: "Services"
  error?: string | null;
  find: (text: string) => Found[]; // best first
  onPick: (id: string) => void;
}

/* A combobox: typing narrows, arrows choose, Enter takes. */
export function Finder({ label, hint, placeholder, of, error, find, onPick }: Props) {
  const list = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = text ? find(text) : [];
  const pick = (f: Found | undefined) => {
    if (!f) return;
    onPick(f.id);
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
        label={label}
        hint={hint}
        placeholder={placeholder}
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
      <Offers id={list} of={of} found={found} at={at} onPick={pick} />
    </div>
  );
}

function Offers({ id, of, found, at, onPick }: { id: string; of: string; found: Found[]; at: number; onPick: (f: Found) => void }) {
  const keep = useRef((e: { preventDefault: () => void }) => e.preventDefault()); // the box keeps the focus
  return (
    <ul id={id} role="listbox" aria-label={of} className={found.length ? 'offers float-in' : ''}>
      {found.map((f, i) => (
        <li key={f.id} id={`${id}-${i}`} role="option" aria-selected={i === at} className="min-w-0">
          <button type="button" tabIndex={-1} data-at={i === at} onMouseDown={keep.current} onClick={() => onPick(f)} className="offer">
            <span className="ell">{f.title}</span>
            <small className="ell text-12 text-fg-3">{f.note}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}
