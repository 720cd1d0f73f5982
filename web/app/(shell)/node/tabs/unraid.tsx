'use client';
import { unraidQuery } from '@/api/keys';
import type { Unraid as UnraidState } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { Bar } from '@/components/bar';
import { FactList, type Fact } from '@/components/fact-list';
import { Shape } from '@/components/shape';
import { bytes, integer, join, temperature } from '@/lib/format';

/* Array, parity, disks and shares, as Unraid itself tells them. No disk is woken for it. */
export function Unraid({ node }: { node: string }) {
  const query = useAsked(node, unraidQuery(node));
  return (
    <Asked node={node} query={query} title="Array" note={(u) => u.version && `Unraid ${u.version}`}>
      {(u) => (
        <>
          <FactList facts={factsOf(u)} />
          {u.disks.length > 0 && <Disks disks={u.disks} />}
          {u.shares.length > 0 && <Shares shares={u.shares} />}
          {u.troubles.map((t) => (
            <p key={t.what} className="flex items-start gap-2.5 border-t border-line px-4 py-2.5">
              <Shape shape="warn" label="Warning" className="mt-[5px]" />
              {t.what}: {t.text}
            </p>
          ))}
        </>
      )}
    </Asked>
  );
}

const lower = (text: string): string => text.toLowerCase().replaceAll('_', ' ');

function parityText(p: NonNullable<UnraidState['parity']>): string {
  const now = p.running && (p.paused ? 'paused' : 'runs');
  return [now || lower(p.status), p.running && p.progress_percent !== null && `${p.progress_percent} %`, p.running && p.speed, p.errors !== null && `${integer(p.errors)} errors`, !p.running && p.date].filter(Boolean).join(', ');
}

const factsOf = (u: UnraidState): Fact[] => [
  { name: 'State', value: u.array && lower(u.array.state) },
  { name: 'Used', value: u.array && `${join(bytes(u.array.used_bytes))} of ${join(bytes(u.array.total_bytes))}` },
  { name: 'Parity check', value: u.parity && <span className={(u.parity.errors ?? 0) > 0 ? 'text-warn' : ''}>{parityText(u.parity)}</span> },
];

/* As Unraid's own page words them; what is new there stands as it is told. */
const states: Partial<Record<string, string>> = { DISK_DSBL: 'disabled', DISK_DSBL_NEW: 'disabled, replaced', DISK_NP: 'not there', DISK_NP_DSBL: 'disabled, not there', DISK_NP_MISSING: 'missing', DISK_INVALID: 'invalid', DISK_WRONG: 'the wrong disk', DISK_NEW: 'new' };
const stateOf = (status: string): string => states[status] ?? lower(status);

const roles = { parity: 'Parity', data: 'Data', cache: 'Cache' } as const;

function Disks({ disks }: { disks: UnraidState['disks'] }) {
  return (
    <div className="overflow-x-auto border-t border-line px-4 py-1">
      <table className="data">
        <thead>
          <tr>
            <th scope="col">Disk</th>
            <th scope="col" className="max-m:hidden">
              Role
            </th>
            <th scope="col" className="n max-m:hidden">
              Used
            </th>
            <th scope="col" className="n">
              Size
            </th>
            <th scope="col" className="n max-m:hidden">
              Temperature
            </th>
            <th scope="col" className="n">
              Errors
            </th>
          </tr>
        </thead>
        <tbody>
          {disks.map((d) => (
            <tr key={d.name}>
              <td className="w-full">
                <span className="flex items-center gap-2">
                  <Shape shape={!d.ok ? 'bad' : d.asleep ? 'silenced' : 'ok'} size="sm" label={!d.ok ? stateOf(d.status) : d.asleep ? 'Asleep' : 'Well'} />
                  {d.name} <span className="text-12 text-fg-3">{d.device}</span>
                  {!d.ok && <span className="text-bad">{stateOf(d.status)}</span>}
                </span>
              </td>
              <td className="text-fg-2 max-m:hidden">{roles[d.role]}</td>
              <td className="n max-m:hidden">{d.fs_used_bytes !== null && join(bytes(d.fs_used_bytes))}</td>
              <td className="n">{join(bytes(d.bytes))}</td>
              <td className="n text-fg-2 max-m:hidden">{d.temperature_c !== null && join(temperature(d.temperature_c))}</td>
              <td className={`n ${(d.errors ?? 0) > 0 ? 'text-warn' : 'text-fg-3'}`}>{d.errors !== null && integer(d.errors)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Shares({ shares }: { shares: UnraidState['shares'] }) {
  return (
    <ul aria-label="Shares" className="border-t border-line py-1">
      {shares.map((s) => {
        const all = (s.used_bytes ?? 0) + (s.free_bytes ?? 0);
        return (
          <li key={s.name} className="folder">
            <span className="ell min-w-0">
              {s.name} {s.comment && <span className="text-12 text-fg-3">{s.comment}</span>}
            </span>
            <span className="max-m:hidden">{all > 0 && <Bar part={(100 * (s.used_bytes ?? 0)) / all} colour={1} />}</span>
            <span className="num text-right whitespace-nowrap">{s.used_bytes !== null && join(bytes(s.used_bytes))}</span>
          </li>
        );
      })}
    </ul>
  );
}
