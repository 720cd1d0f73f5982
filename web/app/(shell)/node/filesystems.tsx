'use client';
import { memo } from 'react';
import type { NodeDetail } from '@/api/types';
import { Remount } from '@/app/parts/jobs/remount';
import { Bar } from '@/components/bar';
import { Card, CardHead } from '@/components/card';
import { Chip } from '@/components/chip';
import { bytes, count, join, none, share } from '@/lib/format';

type Filesystem = NodeDetail['filesystems'][number];

const full = 90;
const tight = 80;
/* As df(1) says it: of what is there to use, without what only root may. */
const part = (f: Filesystem): number | null => (f.used != null && f.available != null && f.used + f.available > 0 ? (f.used / (f.used + f.available)) * 100 : null);

export const Filesystems = memo(function Filesystems({ node, list }: { node: string; list: Filesystem[] }) {
  if (!list.length) return null;
  return (
    <Card label="Filesystems">
      <CardHead title="Filesystems" note={count(list.length, 'filesystem')} />
      <div className="overflow-x-auto px-4 py-1">
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Mounted at</th>
              <th scope="col" className="w-1/4 max-m:hidden">
                Used
              </th>
              <th scope="col" className="n">
                <span className="sr-only">Used in </span>%
              </th>
              <th scope="col" className="n">
                Free
              </th>
              <th scope="col" className="n max-m:hidden">
                Inodes
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((f) => (
              <Row key={f.mount + f.device} node={node} fs={f} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
});

function Row({ node, fs: f }: { node: string; fs: Filesystem }) {
  const p = part(f);
  const tone = p == null || p < tight ? '' : p < full ? 'text-warn' : 'text-bad';
  const [used, size] = share(f.used, f.size, false);
  return (
    <tr>
      <td className="max-w-0 w-1/3 min-w-28">
        <span className="flex items-center gap-2">
          <span className="ell font-medium" title={`${f.device}, ${f.type}`}>
            {f.mount}
          </span>
          <Marks fs={f} />
          {f.stalled && <Remount node={node} mount={f.mount} />}
        </span>
      </td>
      <td className="max-m:hidden">
        <span className="flex items-center gap-3">
          <span className="min-w-16 flex-1">
            <Bar part={p ?? 0} colour={8} />
          </span>
          <span className="num w-32 text-right whitespace-nowrap text-fg-2">
            {used} / {join(size)}
          </span>
        </span>
      </td>
      <td className={`n ${tone}`}>{p == null ? none : `${Math.round(p)} %`}</td>
      <td className="n">{join(bytes(f.available))}</td>
      <td className="n text-fg-3 max-m:hidden">{f.inodes_percent == null ? none : `${Math.round(f.inodes_percent)} %`}</td>
    </tr>
  );
}

function Marks({ fs: f }: { fs: Filesystem }) {
  return (
    <>
      {f.stalled && (
        <span data-tip="It does not answer; what uses it waits" className="flex">
          <Chip tone="bad">Does not answer</Chip>
        </span>
      )}
      {f.readonly && <Chip>Read-only</Chip>}
      {f.remote && <Chip>Network</Chip>}
    </>
  );
}
