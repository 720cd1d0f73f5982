'use client';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import { ActionItems } from '@/app/parts/jobs/action-items';
import { usePartOffers } from '@/app/parts/jobs/offers';
import { IconButton } from '@/components/button';
import { DropdownMenu, MenuItem } from '@/components/menu';
import type { ProjectRef } from '@/lib/services';

/* Loaded with the first press of its button, so it opens at once. */
export default function ProjectMenu({ of }: { of: ProjectRef }) {
  const [open, setOpen] = useState(true);
  const { known, offers } = usePartOffers(of.node, { kind: 'project', target: of.target, name: of.name });
  const label = `Actions for project ${of.name} on ${of.node}`;
  return (
    <DropdownMenu open={open} onOpenChange={setOpen} align="end" trigger={<IconButton small icon={Ellipsis} label={label} data-tip={open ? undefined : label} />}>
      {offers.rest.length ? <ActionItems offers={offers} /> : <MenuItem disabled onSelect={() => {}}>{known ? 'Nothing can be done to it now' : 'Asking…'}</MenuItem>}
    </DropdownMenu>
  );
}
