'use client';
import { CalendarClock } from 'lucide-react';
import { useState } from 'react';
import { Button } from '@/components/button';
import { Dialog } from '@/components/dialog';
import { PlainSelect, Segmented, TextField } from '@/components/field';
import { clock, day, wallText, wallTime } from '@/lib/format';
import type { LogAddress, Range } from '@/lib/log-address';

interface Props {
  address: LogAddress;
  set: (part: Partial<LogAddress>) => void;
}

const choices: { value: Range | ''; label: string }[] = [
  { value: '', label: 'Any time' },
  { value: '15m', label: '15 min' },
  { value: '1h', label: '1 h' },
  { value: '24h', label: '24 h' },
];
const hour = 3_600_000;

const between = ({ from, to }: LogAddress): string => {
  const text = (t: number) => `${day(t)}, ${clock(t)}`;
  if (from && to) return `${text(from)} – ${text(to)}`;
  return from ? `since ${text(from)}` : to ? `until ${text(to)}` : '';
};

export function Times({ address, set }: Props) {
  const [asking, setAsking] = useState(false);
  const own = between(address);
  const choose = (value: string) => {
    if (value === 'own') return setAsking(true);
    set({ range: choices.find((c) => c.value === value)?.value || null, from: null, to: null, line: null });
  };
  return (
    <>
      <span className="max-m:hidden">{!own && <Segmented label="Time" value={address.range ?? ''} options={choices} onChange={choose} />}</span>
      <span className="m:hidden">
        <PlainSelect label="Time" value={own ? 'now-own' : (address.range ?? '')} onChange={(e) => choose(e.target.value)}>
          {choices.map((c) => (
            <option key={c.value} value={c.value}>
              {c.label}
            </option>
          ))}
          {own && <option value="now-own">{own}</option>}
          <option value="own">Between…</option>
        </PlainSelect>
      </span>
      <span className="max-m:hidden">
        {own ? (
          <span className="flex gap-1.5">
            <Button icon={CalendarClock} onClick={() => setAsking(true)}>{own}</Button>
            <Button look="ghost" onClick={() => choose('')}>Any time</Button>
          </span>
        ) : (
          <Button icon={CalendarClock} onClick={() => setAsking(true)} aria-label="Between two times">Between…</Button>
        )}
      </span>
      {asking && <Between address={address} set={set} onClose={() => setAsking(false)} />}
    </>
  );
}

/* The clock is the one that all times are shown in. */
function Between({ address, set, onClose }: Props & { onClose: () => void }) {
  const now = Date.now();
  const [from, setFrom] = useState(wallText(address.from ?? now - hour));
  const [to, setTo] = useState(address.to ? wallText(address.to) : '');
  const [start, end] = [from ? wallTime(from) : null, to ? wallTime(to) : null];
  const wrong = start !== null && end !== null && end <= start ? 'This is before the beginning' : null;
  const done = () => {
    set({ range: null, from: start, to: end, line: null });
    onClose();
  };
  return (
    <Dialog title="Read between two times" onClose={onClose} width="sm">
      <div className="mt-3 grid gap-3">
        <TextField label="From" type="datetime-local" value={from} onChange={(e) => setFrom(e.target.value)} />
        <TextField label="To" type="datetime-local" value={to} onChange={(e) => setTo(e.target.value)} error={wrong} hint="Empty: up to now, and on as lines are written" />
      </div>
      <div className="mt-4 flex justify-end gap-2">
        <Button look="ghost" onClick={onClose}>
          Cancel
        </Button>
        <Button look="primary" disabled={!!wrong || (start === null && end === null)} onClick={done}>
          Read
        </Button>
      </div>
    </Dialog>
  );
}
