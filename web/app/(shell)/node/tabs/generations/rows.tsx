'use client';
import { ArrowRightLeft, GitCompare } from 'lucide-react';
import { useState } from 'react';
import type { Generations } from '@/api/types';
import { Time } from '@/app/parts/time';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { Chip } from '@/components/chip';
import { Icon } from '@/components/icon';
import { Link } from '@/components/link';
import { badges, diffHref, isOver, olderThan } from '@/lib/generations';
import { useMay } from '@/state/session';
import type { Wish } from './generations';

type One = Generations['generations'][number];

const shownFirst = 10;

interface Props {
  node: string;
  list: Generations;
  wish: (w: Wish) => void;
}

export function Rows({ node, list, wish }: Props) {
  const [all, setAll] = useState(false);
  const may = useMay('generation:switch');
  const shown = all ? list.generations : list.generations.slice(0, shownFirst);
  const busy = !!list.switch && !isOver(list.switch.phase);
  if (!list.generations.length) return <p className="px-4 py-3 text-fg-2">It has none yet.</p>;
  return (
    <>
      <ul>
        {shown.map((g) => (
          <Row key={g.number} node={node} generation={g} older={olderThan(list.generations, g.number)} busy={busy} wish={may ? wish : null} />
        ))}
      </ul>
      {list.generations.length > shownFirst && (
        <div className="flex justify-center border-t border-line py-1">
          <Button look="ghost" size="sm" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show all ${list.generations.length}`}
          </Button>
        </div>
      )}
    </>
  );
}

interface RowProps {
  node: string;
  generation: One;
  older: One | undefined;
  busy: boolean;
  wish: ((w: Wish) => void) | null;
}

function Row({ node, generation: g, older, busy, wish }: RowProps) {
  const offline = useOffline();
  const why = busy ? 'A switch is under way' : g.why_not;
  const held = why ? { disabled: true, 'data-tip': why } : offline;
  return (
    <li className="generation">
      <b className="num font-semibold">{g.number}</b>
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="[overflow-wrap:anywhere]">{g.version}</span>
          {badges(g).map((b) => (
            <Chip key={b.text} tone={b.tone}>
              {b.text}
            </Chip>
          ))}
        </p>
        <p className="text-12 text-fg-3 [overflow-wrap:anywhere]">
          <Time of={g.date} never="at an unknown time" /> · Linux {g.kernel}
          {g.revision && (
            <>
              {' · '}
              <code title={g.revision}>{g.revision.slice(0, 12)}</code>
            </>
          )}
          {g.specialisations.length > 0 && ` · also as ${g.specialisations.join(', ')}`}
        </p>
      </div>
      <span className="flex items-center justify-end gap-1.5">
        {older && (
          <Link here href={diffHref(node, older.number, g.number)} className="inline-flex h-6 items-center gap-1.5 rounded-2 px-2 text-12 font-medium text-fg-2 hover:bg-surface-2 hover:text-fg max-m:h-9" aria-label={`What changed from ${older.number} to ${g.number}`}>
            <Icon of={GitCompare} size={13} />
            Changes
          </Link>
        )}
        {wish && !g.running && (
          <Button size="sm" icon={ArrowRightLeft} aria-label={`Switch to ${g.number}`} onClick={() => wish({ switch: g.number })} {...held}>
            Switch…
          </Button>
        )}
      </span>
    </li>
  );
}
