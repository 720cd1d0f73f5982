'use client';
import type { NodeDetail, Source } from '@/api/types';
import { Disks } from '../disks';
import { Filesystems } from '../filesystems';
import { DockerUsage } from './docker-usage';
import { SmartDisks } from './smart-disks';

const isEngine = (s: Source): boolean => /^(docker|podman)/.test(s.name) && s.state !== 'absent';

/* What data lies on, how well that is, and what could be won back. */
export default function StorageTab({ detail: d }: { detail: NodeDetail }) {
  return (
    <div className="stack">
      <SmartDisks node={d.id} />
      <Disks list={d.disks} />
      <Filesystems list={d.filesystems} />
      {d.sources.some(isEngine) && <DockerUsage node={d.id} />}
    </div>
  );
}
