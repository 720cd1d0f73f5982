'use client';
import { useState, type ReactNode } from 'react';
import { packagesQuery } from '@/api/keys';
import type { PackageUpdates } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { Time } from '@/app/parts/time';
import { Button } from '@/components/button';
import { Chip } from '@/components/chip';
import { Shape } from '@/components/shape';
import { count } from '@/lib/format';

const shownFirst = 12;

/* Updates that wait. They are installed on the machine itself. */
export function Packages({ node }: { node: string }) {
  const query = useAsked(node, { ...packagesQuery(node), staleTime: 300_000 });
  return (
    <Asked node={node} query={query} title="Updates" note={(p) => p.manager ?? p.system}>
      {(p) => <Found of={p} />}
    </Asked>
  );
}

function Found({ of: p }: { of: PackageUpdates }) {
  return (
    <>
      {p.reboot.required && (
        <Note shape="warn" word="Warning">
          It has to be rebooted{p.reboot.why && `: ${p.reboot.why}`}.
        </Note>
      )}
      {p.text && (
        <Note shape="info" word="Info">
          {p.text}
        </Note>
      )}
      {p.manager && <Summary of={p} />}
      {p.updates.length > 0 && <Table updates={p.updates} />}
      {p.held.length > 0 && <p className="border-t border-line px-4 py-2.5 text-12 text-fg-2">Held back by hand: {p.held.join(', ')}</p>}
    </>
  );
}

function Note({ shape, word, children }: { shape: 'warn' | 'info'; word: string; children: ReactNode }) {
  return (
    <p className="flex items-start gap-2.5 border-b border-line px-4 py-2.5 last:border-0">
      <Shape shape={shape} label={word} className="mt-[5px]" />
      <span className="min-w-0 [overflow-wrap:anywhere]">{children}</span>
    </p>
  );
}

function Summary({ of: p }: { of: PackageUpdates }) {
  const text = !p.count ? 'Everything is up to date.' : `${count(p.count, 'update')} ${p.count === 1 ? 'waits' : 'wait'}${p.security_count ? `, ${p.security_count} of them for security` : ''}.`;
  return (
    <p className="px-4 py-2.5">
      {text} <span className="text-12 text-fg-3">Its lists are from {p.refreshed ? <Time of={p.refreshed} /> : 'an unknown time'}.</span>
    </p>
  );
}

function Table({ updates }: { updates: PackageUpdates['updates'] }) {
  const [all, setAll] = useState(false);
  const sorted = updates.toSorted((a, b) => Number(b.security) - Number(a.security) || a.name.localeCompare(b.name));
  const shown = all ? sorted : sorted.slice(0, shownFirst);
  return (
    <div className="overflow-x-auto px-4 pb-1">
      <table className="data">
        <thead>
          <tr>
            <th scope="col">Package</th>
            <th scope="col" className="max-m:hidden">
              Installed
            </th>
            <th scope="col">Waits</th>
            <th scope="col" className="max-m:hidden">
              From
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((u) => (
            <tr key={u.name}>
              <td className="w-full [overflow-wrap:anywhere]">
                {u.name} {u.security && <Chip tone="warn">Security</Chip>}
              </td>
              <td className="font-mono text-12 whitespace-nowrap text-fg-3 max-m:hidden">{u.installed}</td>
              <td className="font-mono text-12 max-m:[overflow-wrap:anywhere] m:whitespace-nowrap">{u.candidate}</td>
              <td className="text-12 whitespace-nowrap text-fg-3 max-m:hidden">{u.origin}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > shownFirst && (
        <div className="flex justify-center py-1">
          <Button look="ghost" size="sm" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show all ${sorted.length}`}
          </Button>
        </div>
      )}
    </div>
  );
}
