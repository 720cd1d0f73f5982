'use client';
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { ServiceDetail } from '@/api/types';
import { Card } from '@/components/card';
import { Icon } from '@/components/icon';
import { cx } from '@/lib/cx';

/* Long and seldom needed: closed at first. What looks like a secret never leaves the server. */
export function Labels({ detail }: { detail: ServiceDetail }) {
  const [open, setOpen] = useState(false);
  const { labels } = detail;
  if (!labels.length) return null;
  const masked = labels.filter((l) => l.masked).length;
  return (
    <Card label="Labels">
      <h2>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex min-h-[42px] w-full items-center gap-2 px-4 text-left">
          <Icon of={ChevronRight} size={14} className={cx('fold-arrow text-fg-3', open && 'fold-open')} />
          <span className="font-medium">Labels</span>
          <small className="num text-12 text-fg-3">
            {labels.length}
            {masked > 0 && `, ${masked} hidden because they look like secrets`}
          </small>
        </button>
      </h2>
      {open && (
        <dl className="border-t border-line px-4 py-2.5 font-mono text-12">
          {labels.map((l) => (
            <div key={l.key} className="label-row">
              <dt className="text-fg-3 [overflow-wrap:anywhere]">{l.key}</dt>
              <dd className="[overflow-wrap:anywhere]">{l.masked ? <span aria-label="hidden">•••</span> : l.value}</dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}
