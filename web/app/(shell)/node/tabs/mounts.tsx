'use client';
import { mountsQuery } from '@/api/keys';
import type { Mounts as Answer } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { Remount } from '@/app/parts/jobs/remount';
import { Chip } from '@/components/chip';
import { count } from '@/lib/format';

type Mount = Answer['mounts'][number];

/* What is mounted over the network, or should be, and who has files of it open. */
export function Mounts({ node }: { node: string }) {
  const query = useAsked(node, mountsQuery(node));
  return (
    <Asked node={node} query={query} title="Network mounts" rows={2} note={(d) => d.mounts.length > 0 && count(d.mounts.length, 'mount')}>
      {(d) =>
        d.mounts.length ? (
          <ul>
            {d.mounts.map((m) => (
              <Item key={m.mount} node={node} mount={m} />
            ))}
          </ul>
        ) : (
          <p className="px-4 py-3 text-fg-2">Nothing is mounted over the network, nor does /etc/fstab name anything of the kind.</p>
        )
      }
    </Asked>
  );
}

function Item({ node, mount: m }: { node: string; mount: Mount }) {
  return (
    <li aria-label={m.mount} className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line px-4 py-2.5 last:border-0">
      <span className="font-medium">{m.mount}</span>
      {!m.mounted && <Chip tone="bad">Not mounted</Chip>}
      <span className="ell min-w-0 text-12 text-fg-3">{[m.device, m.type].filter(Boolean).join(', ')}</span>
      <span className="ml-auto">{m.configured && <Remount node={node} mount={m.mount} />}</span>
      <p className="w-full text-12 text-fg-2">{usersOf(m)}</p>
    </li>
  );
}

function usersOf(m: Mount): string {
  if (!m.mounted) return m.configured ? 'This machine knows how to mount it.' : 'This machine does not know how to mount it: it stands neither in /etc/fstab nor in a unit.';
  if (!m.users.length) return 'Nothing has files of it open.';
  const more = m.more_users ? ` and ${m.more_users} more` : '';
  return `Files of it are open in ${m.users.map((u) => `${u.name} (${u.pid})`).join(', ')}${more}.`;
}
