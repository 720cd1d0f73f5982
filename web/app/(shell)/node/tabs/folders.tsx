'use client';
import { FolderSearch } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { foldersQuery } from '@/api/keys';
import type { FolderUsage, NodeDetail } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { Bar } from '@/components/bar';
import { ButtonLink } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { Chip } from '@/components/chip';
import { Link } from '@/components/link';
import { bytes, count, integer, join } from '@/lib/format';
import { below, foldersHref, trail } from '@/lib/folders';

interface Props {
  node: string;
  filesystems: NodeDetail['filesystems'];
}

/* What fills a disk: looked for only when somebody asks, folder by folder. */
export function Folders({ node, filesystems }: Props) {
  const path = useSearchParams().get('path');
  if (path) return <Usage key={path} node={node} path={path} />;
  const own = filesystems.filter((f) => !f.remote && !f.stalled && !f.readonly);
  if (!own.length) return null;
  return (
    <Card label="Biggest folders">
      <CardHead title="Biggest folders" />
      <div className="flex flex-wrap items-center gap-2 px-4 py-3">
        <p className="basis-full text-fg-2 m:basis-auto">What fills it? Every file below is looked at, which can take a minute.</p>
        {own.map((f) => (
          <ButtonLink key={f.mount} here href={foldersHref(node, f.mount)} size="sm" icon={FolderSearch}>
            {f.mount}
          </ButtonLink>
        ))}
      </div>
    </Card>
  );
}

function Usage({ node, path }: { node: string; path: string }) {
  const query = useAsked(node, { ...foldersQuery(node, path), staleTime: 600_000 });
  return (
    <Asked node={node} query={query} title="Biggest folders" rows={6} wait={`Every file below ${path} is looked at. This can take a minute.`} note={(u) => `${join(bytes(u.bytes))} in ${count(u.files, 'file')}`}>
      {(u) => (
        <>
          <nav aria-label="Folder" className="flex flex-wrap items-center gap-x-1 border-b border-line px-4 py-2.5 font-mono text-12">
            {trail(u.path).map((t, i, all) => (
              <span key={t.path} className="flex items-center gap-1">
                {i > 1 && <span className="text-fg-3">/</span>}
                {i === all.length - 1 ? <b className="font-medium">{t.name}</b> : <Step node={node} path={t.path} name={t.name} />}
              </span>
            ))}
          </nav>
          <Found node={node} usage={u} />
        </>
      )}
    </Asked>
  );
}

const Step = ({ node, path, name }: { node: string; path: string; name: string }) => (
  <Link here href={foldersHref(node, path)} className="text-accent hover:underline">
    {name}
  </Link>
);

function Found({ node, usage: u }: { node: string; usage: FolderUsage }) {
  return (
    <>
      <ul className="py-1">
        {u.folders.map((f) => (
          <li key={f.name} className="folder">
            <span className="ell min-w-0 font-mono text-12">
              <Step node={node} path={below(u.path, f.name)} name={f.name} />
            </span>
            {f.mount ? <Chip>Another filesystem</Chip> : <span className="max-m:hidden">{u.bytes > 0 && <Bar part={(100 * f.bytes) / u.bytes} colour={1} />}</span>}
            {!f.mount && <span className="num text-right whitespace-nowrap">{join(bytes(f.bytes))}</span>}
          </li>
        ))}
      </ul>
      <p className="border-t border-line px-4 py-2 text-12 text-fg-3">{notes(u).join(' · ')}</p>
    </>
  );
}

const notes = (u: FolderUsage): string[] =>
  [
    `${join(bytes(u.own_bytes))} in files right here`,
    u.left_out > 0 && `${integer(u.left_out)} smaller folders are not listed`,
    u.unreadable > 0 && `${count(u.unreadable, 'folder')} the agent may not read`,
    !u.complete && 'It took too long: this is what was seen',
  ].filter((x) => typeof x === 'string');
