'use client';
import { Download } from 'lucide-react';
import { query, type Filter } from '@/api/keys';
import { cx } from '@/lib/cx';
import { Icon } from '@/components/icon';

/* Plain links: the browser streams the file to disk, however long it is. */
export function Downloads({ filter }: { filter: Filter }) {
  return (
    <span className="inline-flex gap-1.5">
      {(['csv', 'json'] as const).map((format) => (
        <a key={format} download href={`/api/web/audit/download${query({ ...filter, format })}`} className={link} data-tip="What the filter lets through">
          <Icon of={Download} size={14} className="text-fg-2" />
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}

const link = cx('pop edge-strong inline-flex h-[30px] items-center gap-[7px] rounded-2 bg-surface-2 px-[11px]', 'font-medium whitespace-nowrap hover:bg-surface-3 max-m:h-9');
