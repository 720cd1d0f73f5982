'use client';
import { Trash2 } from 'lucide-react';
import type { Token } from '@/api/types';
import { useOffline } from '@/app/parts/offline';
import { Time } from '@/app/parts/time';
import { IconButton } from '@/components/button';
import { Chip } from '@/components/chip';
import { dayYear, duration, exact } from '@/lib/format';
import { useClock } from '@/state/clock';

const shownScopes = 3;

export function TokenRow({ token: t, all, revoke }: { token: Token; all: boolean; revoke: () => void }) {
  const offline = useOffline();
  return (
    <tr>
      <td>
        <span className="font-medium">{t.name}</span>
        <code className="block text-fg-3">{t.prefix}…</code>
      </td>
      {all && <td>{t.user}</td>}
      <td className="max-m:hidden">
        <Scopes scopes={t.scopes} />
      </td>
      <td className="text-fg-2 max-m:hidden">
        <Time of={t.used} />
      </td>
      <td>
        <Expiry at={t.expires} />
      </td>
      <td>
        <span className="flex justify-end">
          <IconButton small icon={Trash2} label={`Revoke ${t.name}`} onClick={revoke} {...offline} />
        </span>
      </td>
    </tr>
  );
}

function Scopes({ scopes }: { scopes: string[] }) {
  if (!scopes.length) return <span className="text-fg-2">What its user may</span>;
  const rest = scopes.length - shownScopes;
  return (
    <span className="flex flex-wrap items-center gap-1" title={scopes.join(', ')}>
      {scopes.slice(0, shownScopes).map((s) => (
        <Chip key={s}>{s}</Chip>
      ))}
      {rest > 0 && <span className="text-12 text-fg-3">and {rest} more</span>}
    </span>
  );
}

const soon = 7 * 86_400_000;

function Expiry({ at }: { at: string | null }) {
  const t = at ? Date.parse(at) : 0;
  const left = useClock((now) => (t <= now ? 'expired' : t - now < soon ? `in ${duration(t - now)}` : dayYear(t)));
  if (!at) return <span className="text-fg-3">never</span>;
  const tone = left === 'expired' ? 'text-bad' : left.startsWith('in') ? 'text-warn' : '';
  return (
    <time dateTime={at} title={exact(t)} className={`whitespace-nowrap ${tone}`}>
      {left}
    </time>
  );
}
