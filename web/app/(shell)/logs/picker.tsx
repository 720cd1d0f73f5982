'use client';
import { Search } from 'lucide-react';
import { useState } from 'react';
import type { LogSource } from '@/api/logs';
import { Button } from '@/components/button';
import { Dialog } from '@/components/dialog';
import { SearchBox } from '@/components/field';
import { count } from '@/lib/format';
import { groupBy } from '@/lib/group';
import { matches } from '@/lib/match';

interface Props {
  sources: LogSource[];
  chosen: string[];
  onChange: (services: string[], nodes: string[]) => void;
  onClose: () => void;
}

const kindWord: Record<LogSource['kind'], string> = { container: 'container', unit: 'unit', node: 'everything this node logs' };
const mostSources = 32; // more than the eye can follow, and than a server should merge

/* What to read: services by node, several at once. */
export default function Picker({ sources, chosen, onChange, onClose }: Props) {
  const [text, setText] = useState('');
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set(chosen));
  const found = sources.filter((s) => matches(text, s.name, s.service, s.node, s.group));
  const isChosen = (s: LogSource) => chosen.includes(s.service);
  const shown = [...found.filter(isChosen), ...found.filter((s) => !isChosen(s))];
  const toggle = (id: string) => {
    const next = new Set(ids);
    if (!next.delete(id)) next.add(id);
    setIds(next);
  };
  const done = () => {
    const of = (node: boolean) => sources.filter((s) => ids.has(s.service) && (s.kind === 'node') === node).map((s) => s.service);
    onChange(of(false), of(true));
    onClose();
  };
  return (
    <Dialog title="What to read" onClose={onClose} width="md">
      <div className="mt-3 flex">
        <SearchBox label="Search sources" icon={Search} autoFocus placeholder="Search services and nodes" value={text} onChange={(e) => setText(e.target.value)} />
      </div>
      <div className="log-picker">
        {groupBy(shown, (s) => (isChosen(s) ? 'Chosen' : s.node)).map(([node, list]) => (
          <fieldset key={node}>
            <legend>{node}</legend>
            {list.map((s) => (
              <Source key={s.service} source={s} on={ids.has(s.service)} full={ids.size >= mostSources} toggle={() => toggle(s.service)} />
            ))}
          </fieldset>
        ))}
        {!shown.length && <p className="py-8 text-center text-fg-2">{text ? `Nothing is called “${text}”` : 'Nothing here keeps a log'}</p>}
      </div>
      <div className="mt-3 flex items-center gap-2">
        <span className="num flex-1 text-12 text-fg-3">
          {count(ids.size, 'source')}
          {ids.size >= mostSources && ': as many as can be read together'}
        </span>
        {ids.size > 0 && (
          <Button look="ghost" onClick={() => setIds(new Set())}>
            Clear
          </Button>
        )}
        <Button look="primary" disabled={!ids.size} onClick={done}>
          Read
        </Button>
      </div>
    </Dialog>
  );
}

function Source({ source: s, on, full, toggle }: { source: LogSource; on: boolean; full: boolean; toggle: () => void }) {
  return (
    <label className="log-choice" data-on={on || undefined}>
      <input type="checkbox" className="check" checked={on} disabled={full && !on} onChange={toggle} />
      <span className="ell flex-1">{s.kind === 'node' ? `All of ${s.name}` : s.name}</span>
      <small className="text-12 text-fg-3">{kindWord[s.kind]}</small>
    </label>
  );
}
