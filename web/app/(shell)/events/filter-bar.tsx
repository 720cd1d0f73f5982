'use client';
import { useQuery } from '@tanstack/react-query';
import { Search, X } from 'lucide-react';
import { nodesQuery } from '@/api/keys';
import { useTyped } from '@/app/parts/typed';
import { Button } from '@/components/button';
import { PlainSelect, SearchBox, Segmented } from '@/components/field';
import type { EventFilter } from './filter';

const levels = [
  { value: '', label: 'All' },
  { value: 'warn,bad', label: 'Problems' },
  { value: 'bad', label: 'Failures' },
];

export function FilterBar({ filter, onChange }: { filter: EventFilter; onChange: (f: EventFilter) => void }) {
  const nodes = useQuery(nodesQuery()).data ?? [];
  const [text, setText] = useTyped(filter.text ?? '', (t) => onChange({ ...filter, text: t || undefined }));
  return (
    <div className="mb-3.5 flex flex-wrap items-center gap-2.5" role="search">
      <SearchBox label="Search events" icon={Search} placeholder="Search events" value={text} onChange={(e) => setText(e.target.value)} />
      <Segmented label="Severity" value={filter.severity ?? ''} options={levels} onChange={(v) => onChange({ ...filter, severity: v || undefined })} />
      {nodes.length > 1 && (
        <PlainSelect label="Node" value={filter.node ?? ''} onChange={(e) => onChange({ ...filter, node: e.target.value || undefined })}>
          <option value="">All nodes</option>
          {nodes.map((n) => (
            <option key={n}>{n}</option>
          ))}
        </PlainSelect>
      )}
      {filter.service && (
        <Button size="sm" icon={X} onClick={() => onChange({ ...filter, service: undefined })}>
          Only {filter.service}
        </Button>
      )}
    </div>
  );
}
