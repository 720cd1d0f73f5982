'use client';
import type { NodeDetail, Source } from '@/api/types';
import { useMay } from '@/state/session';
import { Disks } from '../disks';
import { Filesystems } from '../filesystems';
import { DockerUsage } from './docker-usage';
import { Folders } from './folders';
import { LogUsage } from './log-usage';
import { Mounts } from './mounts';
import { SmartDisks } from './smart-disks';
import { Unraid } from './unraid';

const isEngine = (s: Source): boolean => /^(docker|podman)/.test(s.name) && s.state !== 'absent';

/* What data lies on, how well that is, and what could be won back. */
export default function StorageTab({ detail: d }: { detail: NodeDetail }) {
  const mayLook = useMay('processes:read');
  return (
    <div className="stack">
      {d.os_id === 'unraid' && <Unraid node={d.id} />}
      <SmartDisks node={d.id} />
      <Disks list={d.disks} />
      <Filesystems node={d.id} list={d.filesystems} />
      {mayLook && <Mounts node={d.id} />}
      {mayLook && <Folders node={d.id} filesystems={d.filesystems} />}
      {d.sources.some(isEngine) && <DockerUsage node={d.id} />}
      <LogUsage node={d.id} />
    </div>
  );
}
