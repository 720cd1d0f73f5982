'use client';
import { Search } from 'lucide-react';
import { useTyped } from '@/app/parts/typed';
import { SearchBox, Segmented } from '@/components/field';
import type { AuditFilter } from './filter';

const outcomes = [
  { value: '', label: 'All' },
  { value: 'done', label: 'Done' },
  { value: 'refused', label: 'Refused' },
  { value: 'failed', label: 'Failed' },
];

export function FilterBar({ filter, onChange }: { filter: AuditFilter; onChange: (f: AuditFilter) => void }) {
  const set = (change: AuditFilter) => onChange({ ...filter, ...change });
  const [text, setText] = useTyped(filter.text ?? '', (t) => set({ text: t || undefined }));
  const [actor, setActor] = useTyped(filter.actor ?? '', (t) => set({ actor: t || undefined }));
  const [action, setAction] = useTyped(filter.action ?? '', (t) => set({ action: t || undefined }));
  return (
    <div className="mb-3.5 flex flex-wrap items-center gap-2.5" role="search">
      <SearchBox label="Search the audit log" icon={Search} placeholder="Search targets and details" value={text} onChange={(e) => setText(e.target.value)} />
      <Small label="Who" value={actor} onChange={setActor} />
      <Small label="Action" value={action} onChange={setAction} />
      <Segmented label="Outcome" value={filter.outcome ?? ''} options={outcomes} onChange={(v) => set({ outcome: v || undefined })} />
      <Day label="From" value={filter.since} onChange={(since) => set({ since })} />
      <Day label="To" value={filter.until} onChange={(until) => set({ until })} />
    </div>
  );
}

function Small({ label, value, onChange }: { label: string; value: string; onChange: (v: string) => void }) {
  return (
    <span className="edge-control h-8 rounded-2 bg-field px-2.5 max-m:h-10 max-m:flex-1 max-m:basis-28">
      <input aria-label={label} placeholder={label} value={value} onChange={(e) => onChange(e.target.value)} className="bare w-28 max-m:w-full" autoCapitalize="none" spellCheck={false} />
    </span>
  );
}

function Day({ label, value, onChange }: { label: string; value: string | undefined; onChange: (v: string | undefined) => void }) {
  return (
    <label className="flex items-center gap-1.5 text-12 text-fg-3">
      {label}
      <span className="edge-control h-8 rounded-2 bg-field px-2 max-m:h-10">
        <input type="date" value={value ?? ''} onChange={(e) => onChange(e.target.value || undefined)} className="bare text-fg" />
      </span>
    </label>
  );
}
