'use client';
// One line of what happened: used by the overview, the events page and the pages of nodes and services.
import { memo } from 'react';
import type { FeedEntry } from '@/api/types';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { clockSeconds, day, dayYear, exact } from '@/lib/format';
import { nodeHref, serviceHref } from '@/lib/links';
import { severityLook } from '@/lib/states';

interface Props {
  entry: FeedEntry;
  fresh?: boolean;
  wide?: boolean; // a page of its own: a heading names the day, a column the place
}

export const FeedLine = memo(function FeedLine({ entry, fresh, wide }: Props) {
  const t = Date.parse(entry.time);
  const href = entry.service ? serviceHref(entry.service) : entry.node ? nodeHref(entry.node) : null;
  const today = dayYear(t) === dayYear(Date.now());
  const { shape, word } = severityLook[entry.severity];
  return (
    <li className={cx('feed-line', fresh && 'fresh')} data-wide={wide}>
      <time dateTime={entry.time} title={exact(t)} className="text-11 whitespace-nowrap text-fg-3">
        {wide || today ? clockSeconds(t) : day(t)}
      </time>
      <Shape shape={shape} label={word} size="sm" />
      {href ? (
        <Link href={href} className="text-12 leading-[17px] text-fg-2 hover:text-fg">
          {entry.text}
        </Link>
      ) : (
        <span className="text-12 leading-[17px] text-fg-2">{entry.text}</span>
      )}
      {wide && <span className="ell text-right text-12 text-fg-3 max-m:hidden">{entry.node}</span>}
    </li>
  );
});
