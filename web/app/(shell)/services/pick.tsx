'use client';
// Choosing services: a box per row, and the bar of what can be done to the chosen ones.
import { RotateCw, X } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { useOffline } from '@/app/parts/offline';
import { Button, IconButton } from '@/components/button';
import { ask } from '@/state/asking';
import { useCommands, type Command } from '@/state/commands';
import { clearSelection, toggleSelected, useSelection } from '@/state/selection';

const most = 50; // of one order

export function Box({ id, name, why }: { id: string; name: string; why: string | null }) {
  const on = useSelection((s) => s.ids.includes(id));
  if (why) return <input type="checkbox" className="check svc-box" aria-label={`${name} can't be selected: ${why}`} aria-disabled checked={false} readOnly data-tip={why} onClick={(e) => e.preventDefault()} />;
  return <input type="checkbox" className="check svc-box" aria-label={`Select ${name}`} checked={on} onChange={() => toggleSelected(id)} />;
}

/* `x` selects the row that has the focus, `r` restarts it or what is selected, Escape lets go. */
export function usePicking(may: boolean, active: string | null, canPick: (id: string) => boolean): void {
  useEffect(() => clearSelection, []);
  const commands = useMemo((): Command[] => {
    if (!may) return [];
    const chosen = () => (useSelection.getState().ids.length ? [...useSelection.getState().ids] : active && canPick(active) ? [active] : []);
    return [
      { id: 'select-service', title: 'Select a service', group: 'On this page', keys: 'x', hidden: true, run: () => active && canPick(active) && toggleSelected(active) },
      { id: 'restart-selected', title: 'Restart what is selected', group: 'On this page', keys: 'r', hidden: true, run: () => restart(chosen()) },
      { id: 'select-none', title: 'Select nothing', group: 'On this page', keys: 'Escape', hidden: true, run: clearSelection },
    ];
    // eslint-disable-next-line react-hooks/exhaustive-deps -- canPick reads the cache when it runs
  }, [may, active]);
  useCommands(commands);
}

const restart = (ids: string[]): void => {
  if (ids.length) ask({ ids, kind: 'service', word: 'restart' });
};

export function PickBar() {
  const ids = useSelection((s) => s.ids);
  const offline = useOffline();
  if (!ids.length) return null;
  const many = ids.length > most;
  const held = many ? { disabled: true, 'data-tip': `At most ${most} at once` } : offline;
  return (
    <div className="pick-bar" role="region" aria-label="Selected services">
      <span className="num font-medium" role="status">
        {ids.length} selected
      </span>
      <Button look="primary" icon={RotateCw} onClick={() => restart([...ids])} {...held}>
        <span>
          Restart{ids.length > 1 && <span className="max-m:hidden"> one after another</span>}
        </span>
      </Button>
      <IconButton icon={X} label="Select nothing" onClick={clearSelection} />
    </div>
  );
}
