'use client';
import { memo, useState } from 'react';
import type { Source } from '@/api/types';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { Shape } from '@/components/shape';
import type { Look } from '@/lib/states';

const looks: Record<Source['state'], Look> = {
  ok: { shape: 'ok', word: 'Read' },
  absent: { shape: 'stopped', word: 'Not there' },
  denied: { shape: 'warn', word: 'No access' },
  failed: { shape: 'bad', word: 'Failed' },
};

const order: Source['state'][] = ['failed', 'denied', 'ok', 'absent'];

/* Where Hydra's knowledge comes from, and how to give it what it can't read. */
export const Sources = memo(function Sources({ list }: { list: Source[] }) {
  const [all, setAll] = useState(false);
  const sorted = list.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name));
  const loud = sorted.filter((s) => s.state === 'failed' || s.state === 'denied' || (s.state === 'absent' && s.hint));
  const well = list.filter((s) => s.state === 'ok').length;
  if (!list.length) return null;
  return (
    <Card label="Sources">
      <CardHead title="Sources" note={`${well} read`}>
        <Button look="ghost" size="sm" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${list.length}`}
        </Button>
      </CardHead>
      <ul className="px-4 py-2">
        {(all ? sorted : loud).map((s) => (
          <SourceRow key={s.name} source={s} />
        ))}
        {!all && !loud.length && <li className="text-12 text-fg-3">All that is there can be read.</li>}
      </ul>
    </Card>
  );
});

/* A hint is a sentence or a line to type. */
const isCommand = (hint: string): boolean => /^(sudo |systemctl |usermod |setcap |apt)/.test(hint);

function SourceRow({ source: s }: { source: Source }) {
  const look = looks[s.state];
  return (
    <li className="flex items-start gap-2.5 py-1.5">
      <Shape shape={look.shape} size="sm" label={look.word} className="mt-1.5" />
      <div className="min-w-0 [overflow-wrap:anywhere]">
        <p>
          {s.name} {s.state !== 'ok' && <span className="text-fg-3">· {look.word.toLowerCase()}</span>}
        </p>
        {s.text && <p className="text-12 text-fg-2">{s.text}</p>}
        {s.hint && <p className="mt-0.5 text-12">{isCommand(s.hint) ? <code className="code">{s.hint}</code> : s.hint}</p>}
      </div>
    </li>
  );
}
