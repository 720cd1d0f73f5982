'use client';
import { useQueryClient } from '@tanstack/react-query';
import { Ellipsis, Eye, EyeOff, RotateCcw, Trash2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { call, idPath } from '@/api/client';
import { serviceDetailQuery } from '@/api/keys';
import type { ServiceDetail, ServiceRecord } from '@/api/types';
import { ActionItems } from '@/app/parts/jobs/action-items';
import type { Offers } from '@/app/parts/jobs/offers';
import { IconButton } from '@/components/button';
import { Confirm } from '@/components/dialog';
import { DropdownMenu, MenuItem, MenuLine } from '@/components/menu';
import { count } from '@/lib/format';
import { inputOfRecord } from '@/lib/service-form';
import { toast } from '@/state/ui';

/* Loaded with the first press of its button, so it opens at once. */
export default function More({ detail: d, offers, write: mayWrite }: { detail: ServiceDetail; offers: Offers; write: boolean }) {
  const [open, setOpen] = useState(true);
  const [asking, setAsking] = useState(false);
  const write = useWrites(d);
  return (
    <>
      <DropdownMenu open={open} onOpenChange={setOpen} align="end" trigger={<IconButton icon={Ellipsis} label="More actions" data-tip={open ? undefined : "More actions"} />}>
        <ActionItems offers={offers} />
        {mayWrite && offers.rest.length > 0 && <MenuLine />}
        {mayWrite && <EditItems detail={d} write={write} remove={() => setAsking(true)} />}
      </DropdownMenu>
      {asking && <RemoveDialog detail={d} run={write.remove} onClose={() => setAsking(false)} />}
    </>
  );
}

function EditItems({ detail: d, write, remove }: { detail: ServiceDetail; write: ReturnType<typeof useWrites>; remove: () => void }) {
  return (
    <>
      {d.hidden ? (
        <MenuItem icon={Eye} onSelect={() => write.hide(false)}>
          Show in lists
        </MenuItem>
      ) : (
        <MenuItem icon={EyeOff} onSelect={() => write.hide(true)}>
          Hide from lists
        </MenuItem>
      )}
      {(d.manual || d.overridden) && <MenuLine />}
      {d.overridden && (
        <MenuItem icon={RotateCcw} onSelect={write.reset}>
          Back to what was discovered
        </MenuItem>
      )}
      {d.manual && (
        <MenuItem icon={Trash2} danger onSelect={remove}>
          Remove…
        </MenuItem>
      )}
    </>
  );
}

function RemoveDialog({ detail: d, run, onClose }: { detail: ServiceDetail; run: () => Promise<void>; onClose: () => void }) {
  const others = d.needed_by.length;
  return (
    <Confirm title={`Remove ${d.display}?`} verb="Remove" run={run} onClose={onClose}>
      Hydra forgets it: its check, its settings and its health history.{' '}
      {others > 0 && `${count(others, 'service')} that ${others === 1 ? 'depends' : 'depend'} on it will no longer say so. `}
      The service itself is not touched. You can undo this for 10 s; the history does not come back.
    </Confirm>
  );
}

function useWrites(d: ServiceDetail) {
  const client = useQueryClient();
  const router = useRouter();
  const path = `/api/web/services/${idPath(d.id)}`;
  const again = () => client.invalidateQueries({ queryKey: serviceDetailQuery(d.id).queryKey });
  const failed = (e: Error) => toast(e.message, 'bad');
  const put = (record: ServiceRecord | null, hidden: boolean) => call<ServiceRecord>(path, { method: 'PUT', body: inputOfRecord(record, hidden) }).then(again);
  const drop = () => call<void>(path, { method: 'DELETE' });
  const setHidden = (hidden: boolean) => put(d.record, hidden);
  return {
    hide: (hidden: boolean) =>
      void setHidden(hidden).then(() => {
        const undo = { label: 'Undo', run: () => void setHidden(!hidden).catch(failed) };
        toast(hidden ? `${d.display} is hidden from lists and from the sentence` : `${d.display} is shown again`, 'ok', undo);
      }, failed),
    reset: () =>
      void drop()
        .then(again)
        .then(() => toast(`${d.display} is as discovered again`, 'ok', { label: 'Undo', run: () => void put(d.record, d.hidden).catch(failed) }), failed),
    remove: async () => {
      await drop();
      const undo = () => void call(path, { method: 'PUT', body: inputOfRecord(d.record, d.hidden) }).catch(failed); // under its own id: others name it
      toast(`Removed ${d.display}`, 'ok', { label: 'Undo', run: undo });
      router.push('/services');
    },
  };
}
