'use client';
import { useOffline } from '@/app/parts/offline';
import { MenuItem, MenuNote } from '@/components/menu';
import { isForGood } from '@/lib/actions';
import { actionIcon, type Offers } from './offers';

/* Actions in a menu. What may not be done there stands with its reason; so does what is under way, beside which nothing else begins. */
export function ActionItems({ offers }: { offers: Offers }) {
  const offline = !!useOffline().disabled;
  const items = offers.rest.map((a) => (
    <MenuItem
      key={`${a.verb} ${a.argument}`}
      icon={actionIcon(a)}
      danger={isForGood(a)}
      disabled={!a.allowed || !!offers.busy || offline}
      note={a.allowed ? null : a.why}
      onSelect={() => setTimeout(() => offers.run(a))} // once the menu has given the focus back
    >
      {a.label}…
    </MenuItem>
  ));
  return (
    <>
      {offers.busy && items.length > 0 && <MenuNote>{offers.busy}</MenuNote>}
      {items}
    </>
  );
}
