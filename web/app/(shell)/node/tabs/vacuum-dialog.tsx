'use client';
import { useState } from 'react';
import type { Action, LogUsage } from '@/api/types';
import { StartForm, useStart } from '@/app/parts/jobs/ask';
import { Time } from '@/app/parts/time';
import { Dialog } from '@/components/dialog';
import { TextField } from '@/components/field';
import { bytes, join } from '@/lib/format';
import { faults, vacuumArgument, wonBySize } from '@/lib/log-usage';

interface Props {
  node: string;
  journal: NonNullable<LogUsage['journal']>;
  action: Action;
  onClose: () => void;
}

/* What stays, and how much is won, before anything goes. */
export default function VacuumDialog({ node, journal, action, onClose }: Props) {
  const [stay, setStay] = useState({ megabytes: '500', days: '' });
  const argument = vacuumArgument(stay);
  const fault = faults(stay);
  const won = wonBySize(journal.bytes, stay);
  const start = useStart((force) => ({ verb: action.verb, node, argument: argument ?? '', ...(force && { force }) }), null, onClose);
  return (
    <Dialog title={`Shorten the journal of ${node}?`} description={action.confirm} width="sm" onClose={onClose}>
      <StartForm verb={won ? `Remove, win about ${join(bytes(won))}` : 'Remove'} forGood guard={action.guard} start={start} ready={argument !== null} onCancel={onClose}>
        <p className="text-fg-2">
          It takes <span className="num">{join(bytes(journal.bytes))}</span> now
          {journal.since && (
            <>
              , and begins <Time of={journal.since} />
            </>
          )}
          .
        </p>
        <TextField label="Megabytes that stay" hint="The newest entries; empty: as many as there are." error={fault.megabytes} value={stay.megabytes} onChange={(e) => setStay({ ...stay, megabytes: e.target.value })} inputMode="numeric" maxLength={12} autoComplete="off" autoFocus />
        <TextField label="Days that stay" hint="What is older goes, too; empty: however old." error={fault.days} value={stay.days} onChange={(e) => setStay({ ...stay, days: e.target.value })} inputMode="numeric" maxLength={6} autoComplete="off" />
      </StartForm>
    </Dialog>
  );
}
