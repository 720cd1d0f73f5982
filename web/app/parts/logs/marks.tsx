'use client';
import type { Mark } from '@/lib/log-window';
import { clockSeconds, dayName, duration, number } from '@/lib/format';
import { Button } from '@/components/button';

/* What stands between two lines: a new day, silence, lines left out. */
export function MarkRow({ mark, openAt }: { mark: Mark; openAt: (cursor: string) => void }) {
  const after = mark.type === 'dropped' || mark.type === 'gap' ? mark.after : null;
  return (
    <div className="log-mark" data-type={mark.type} role="note">
      <span>{textOf(mark)}</span>
      {after && (
        <Button look="ghost" size="sm" onClick={() => openAt(after)}>
          Read there
        </Button>
      )}
    </div>
  );
}

function textOf(m: Mark): string {
  if (m.type === 'day') return m.quiet ? `${dayName(m.t, Date.now())} · nothing for ${duration(m.quiet)}` : dayName(m.t, Date.now());
  if (m.type === 'quiet') return `Nothing for ${duration(m.quiet)}`;
  if (m.type === 'dropped') return `${number(m.count)} ${m.count === 1 ? 'line' : 'lines'} dropped: they came faster than they could be read`;
  return `Connection lost: lines between ${clockSeconds(m.from)} and ${clockSeconds(m.to)} are not here`;
}
