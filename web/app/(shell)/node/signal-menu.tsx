'use client';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import { usePartOffers } from '@/app/parts/jobs/offers';
import { IconButton } from '@/components/button';
import { DropdownMenu, MenuItem, MenuLine, MenuNote } from '@/components/menu';
import { findAction } from '@/lib/actions';
import { signals, type Signal } from '@/lib/signals';
import { ask } from '@/state/asking';
import type { Of } from './signals';

/* Loaded with the first press of its button, so it opens at once. */
export default function SignalMenu({ of }: { of: Of }) {
  const [open, setOpen] = useState(true);
  const name = `${of.name} (${of.pid})`;
  const part = { kind: 'process', target: of.target, name } as const;
  const { known, offers } = usePartOffers(of.node, part);
  const action = findAction(offers.rest, 'process.signal');
  const why = !known ? 'Asking the node…' : !action ? 'Your role may not do it' : action.allowed ? offers.busy : action.why;
  const send = (s: Signal) => ask({ ids: [of.node], kind: 'node', word: 'process.signal', part, argument: s.name, effect: s.effect(of.name) });
  const item = (s: Signal) => (
    <MenuItem key={s.name} keys={s.name} danger={s.name === 'KILL'} disabled={!!why} onSelect={() => setTimeout(() => send(s))}>
      {s.label}…
    </MenuItem>
  );
  return (
    <DropdownMenu open={open} onOpenChange={setOpen} align="end" trigger={<IconButton small icon={Ellipsis} label={`Signals for ${name}`} data-tip={open ? undefined : `Signals for ${name}`} />}>
      {why && <MenuNote>{why}</MenuNote>}
      {signals.slice(0, 4).map(item)}
      <MenuLine />
      {signals.slice(4).map(item)}
    </DropdownMenu>
  );
}
