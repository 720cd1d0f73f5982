'use client';
import { useQuery } from '@tanstack/react-query';
import { Search, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { nodesQuery } from '@/api/keys';
import { Button } from '@/components/button';
import { PlainSelect, SearchBox, Segmented } from '@/components/field';
import type { EventFilter } from './filter';

const levels = [
  { value: '', label: 'All' },
  { value: 'warn,bad', label: 'Problems' },
  { value: 'bad', label: 'Failures' },
];

const settle = 250; // typing asks the server once it rests

function useTyped(value: string, send: (v: string) => void): [string, (v: string) => void] {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => send(text), settle);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `send` is new at every render; what is typed decides
  }, [text]);
  return [text, setText];
}

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
