'use client';
import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { usersQuery } from '@/api/keys';
import { useTyped } from '@/app/parts/typed';
import { PlainSelect, SearchBox, Segmented } from '@/components/field';
import { useMay } from '@/state/session';
import type { AuditFilter } from './filter';

const outcomes = [
  { value: '', label: 'All' },
  { value: 'done', label: 'Done' },
  { value: 'refused', label: 'Refused' },
  { value: 'failed', label: 'Failed' },
];

/* A trailing dot takes all of a family. */
const actions = [
  { value: '', label: 'All actions' },
  { value: 'service.', label: 'Services' },
  { value: 'user.', label: 'Users' },
  { value: 'token.', label: 'Tokens' },
  { value: 'session.', label: 'Sessions ended' },
  { value: 'login', label: 'Sign-ins' },
  { value: 'logout', label: 'Sign-outs' },
  { value: 'access.', label: 'Refused access' },
];

export function FilterBar({ filter, onChange }: { filter: AuditFilter; onChange: (f: AuditFilter) => void }) {
  const set = (change: AuditFilter) => onChange({ ...filter, ...change });
  const [text, setText] = useTyped(filter.text ?? '', (t) => set({ text: t || undefined }));
  return (
    <div className="mb-3.5 flex flex-wrap items-center gap-2.5" role="search">
      <SearchBox label="Search the audit log" icon={Search} placeholder="Search targets and details" value={text} onChange={(e) => setText(e.target.value)} />
      <Who value={filter.actor ?? ''} onChange={(actor) => set({ actor: actor || undefined })} />
      <PlainSelect label="Action" value={filter.action ?? ''} onChange={(e) => set({ action: e.target.value || undefined })}>
        {actions.map((a) => (
          <option key={a.value} value={a.value}>
            {a.label}
          </option>
        ))}
      </PlainSelect>
      <Segmented label="Outcome" value={filter.outcome ?? ''} options={outcomes} onChange={(v) => set({ outcome: v || undefined })} />
      <Day label="From" value={filter.since} onChange={(since) => set({ since })} />
      <Day label="To" value={filter.until} onChange={(until) => set({ until })} />
    </div>
  );
}

/* People who are, and whoever the address names: somebody who was removed has left entries, too. */
function Who({ value, onChange }: { value: string; onChange: (v: string) => void }) {
  const may = useMay('users:read');
  const users = useQuery({ ...usersQuery(), enabled: may }).data ?? [];
  const names = new Set([...users.map((u) => u.name), 'local', value]);
  names.delete('');
  return (
    <PlainSelect label="Who" value={value} onChange={(e) => onChange(e.target.value)}>
      <option value="">Anybody</option>
      {[...names].map((n) => (
        <option key={n} value={n}>
          {n === 'local' ? 'On the machine itself' : n}
        </option>
      ))}
    </PlainSelect>
  );
}

function Day({ label, value, onChange }: { label: string; value: string | undefined; onChange: (v: string | undefined) => void }) {
  return (
    <label className="flex items-center gap-1.5 text-12 text-fg-3">
      {label}
      <span className="edge-control inline-flex h-[30px] rounded-2 bg-field px-2 max-m:h-10">
        <input type="date" value={value ?? ''} onChange={(e) => onChange(e.target.value || undefined)} className="bare text-fg" />
      </span>
    </label>
  );
}
