'use client';
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { disksQuery } from '@/api/keys';
import type { Disk, Disks } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { FactList, type Fact } from '@/components/fact-list';
import { Icon } from '@/components/icon';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { ageText, byHealth, diskKind, diskLook } from '@/lib/disks';
import { bytes, count, integer, join, temperature } from '@/lib/format';

/* What the disks tell of themselves. Those that sleep are left asleep. */
export function SmartDisks({ node }: { node: string }) {
  const query = useAsked(node, disksQuery(node));
  return (
    <Asked node={node} query={query} title="Health of disks" note={(d) => [count(d.disks.length, 'disk'), d.smartctl && `smartctl ${d.smartctl}`].filter(Boolean).join(' · ')}>
      {(d) => <List of={d} />}
    </Asked>
  );
}

function List({ of: { disks, text, hint } }: { of: Disks }) {
  return (
    <>
      {text && (
        <p className="flex items-start gap-2.5 border-b border-line px-4 py-2.5 text-fg-2">
          <Shape shape="info" size="sm" className="mt-1.5" label="Info" />
          <span className="min-w-0 [overflow-wrap:anywhere]">
            {text} {hint && <code>{hint}</code>}
          </span>
        </p>
      )}
      {disks.length ? (
        <ul>
          {byHealth(disks).map((d) => (
            <Item key={d.device} disk={d} />
          ))}
        </ul>
      ) : (
        <p className="px-4 py-3 text-fg-2">It has no disks of its own.</p>
      )}
    </>
  );
}

function Item({ disk: d }: { disk: Disk }) {
  const [open, setOpen] = useState(false);
  const look = diskLook[d.health];
  return (
    <li className="border-b border-line last:border-0">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="disk-row">
        <Shape shape={d.state === 'asleep' ? 'silenced' : look.shape} label={d.state === 'asleep' ? 'Asleep' : look.word} />
        <span className="ell min-w-0">
          <b className="font-medium">{d.device}</b> <span className="text-fg-3">{[d.model, diskKind[d.kind]].filter(Boolean).join(', ')}</span>
        </span>
        <span className="num text-right whitespace-nowrap">{join(bytes(d.bytes))}</span>
        <span className="num text-right whitespace-nowrap text-fg-2 max-m:hidden">{d.smart.temperature_c !== null && join(temperature(d.smart.temperature_c))}</span>
        <span className="num text-right whitespace-nowrap text-fg-3 max-m:hidden">{ageText(d.smart.power_on_hours)}</span>
        <span className={cx('text-right whitespace-nowrap max-m:hidden', d.health === 'failing' ? 'text-bad' : d.health === 'warning' ? 'text-warn' : 'text-fg-2')}>{d.state === 'asleep' ? 'Asleep' : look.word}</span>
        <Icon of={ChevronRight} size={14} className={cx('fold-arrow text-fg-3', open && 'fold-open')} />
      </button>
      <Problems disk={d} />
      {open && <Detail disk={d} />}
    </li>
  );
}

function Problems({ disk: d }: { disk: Disk }) {
  if (!d.problems.length) return null;
  return (
    <ul className="grid gap-1 pr-4 pb-2.5 pl-[39px]">
      {d.problems.map((p) => (
        <li key={p} className={d.health === 'failing' ? 'text-bad' : 'text-warn'}>
          {p}
        </li>
      ))}
    </ul>
  );
}

function Detail({ disk: d }: { disk: Disk }) {
  return (
    <div className="pb-2 pl-[23px]">
      {d.smart.text && (
        <p className="px-4 text-fg-2">
          {d.smart.text} {d.smart.hint && <code className="[overflow-wrap:anywhere]">{d.smart.hint}</code>}
        </p>
      )}
      <div className="m:max-w-[560px]">
        <FactList facts={factsOf(d)} />
      </div>
    </div>
  );
}

const number = (n: number | null): string | null => (n === null ? null : String(integer(n)));
const warned = (n: number | null) => (n === null ? null : <span className={n > 0 ? 'text-warn' : ''}>{integer(n)}</span>);

function factsOf(d: Disk): Fact[] {
  const s = d.smart;
  return [
    { name: 'Serial number', value: d.serial && <span className="font-mono text-12">{d.serial}</span> },
    { name: 'Connected by', value: [d.transport?.toUpperCase(), d.removable && 'removable', d.read_only && 'read only'].filter(Boolean).join(', ') },
    { name: 'Its own verdict', value: s.passed === null ? null : s.passed ? 'passed' : <span className="text-bad">failed</span> },
    { name: 'Temperature', value: s.temperature_c !== null && join(temperature(s.temperature_c)) },
    { name: 'Has run', value: s.power_on_hours !== null && `${integer(s.power_on_hours)} h` },
    { name: 'Switched on', value: number(s.power_cycles) && `${number(s.power_cycles)} times` },
    { name: 'Worn', value: s.wear_percent !== null && `${s.wear_percent} %` },
    { name: 'Spare left', value: s.spare_percent !== null && `${s.spare_percent} %` },
    { name: 'Written', value: s.written_bytes !== null && join(bytes(s.written_bytes)) },
    { name: 'Sectors replaced', value: warned(s.reallocated_sectors) },
    { name: 'Sectors that wait', value: warned(s.pending_sectors) },
    { name: 'Sectors lost', value: warned(s.uncorrectable_sectors) },
    { name: 'Errors on the cable', value: warned(s.crc_errors) },
    { name: 'Errors of the medium', value: warned(s.media_errors) },
    { name: 'Last self-test', value: s.self_test },
    { name: 'Holds', value: d.filesystems.length > 0 && d.filesystems.map((f) => <span key={f.device + f.mount} className="block font-mono text-12">{`${f.mount} (${f.type})`}</span>) },
  ];
}
