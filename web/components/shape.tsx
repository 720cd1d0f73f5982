import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';
import type { Look, Shape as ShapeName } from '@/lib/states';

const ground = 'var(--bg)';

const drawings: Record<ShapeName, ReactNode> = {
  ok: <circle cx="6" cy="6" r="4" fill="currentColor" />,
  warn: (
    <>
      <path d="M6 1.5 11 10.3H1Z" fill="currentColor" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" />
      <path d="M6 4.5v2.6M6 8.9v.1" stroke={ground} strokeWidth="1.3" strokeLinecap="round" />
    </>
  ),
  bad: (
    <>
      <path d="M3.7.5h4.6l3.2 3.2v4.6l-3.2 3.2H3.7L.5 8.3V3.7Z" fill="currentColor" />
      <path d="m4.1 4.1 3.8 3.8m0-3.8L4.1 7.9" stroke={ground} strokeWidth="1.4" strokeLinecap="round" />
    </>
  ),
  unknown: <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" strokeDasharray="2.2 2.2" />,
  unchecked: <circle cx="6" cy="6" r="3.3" fill="none" stroke="currentColor" strokeWidth="1.4" />,
  info: (
    <>
      <rect x="1" y="1" width="10" height="10" rx="2.6" fill="currentColor" />
      <path d="M6 5.6v3M6 3.3v.1" stroke={ground} strokeWidth="1.5" strokeLinecap="round" />
    </>
  ),
  working: (
    <>
      <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" opacity=".3" />
      <path d="M6 1.8A4.2 4.2 0 0 1 10.2 6" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
    </>
  ),
  stopped: <rect x="2.2" y="2.2" width="7.6" height="7.6" rx="1.6" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  silenced: <path d="M4 2.5v7M8 2.5v7" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />,
};

const sizes = { xs: 'size-2', sm: 'size-[9px]', md: '', lg: 'size-[15px]', xl: 'size-6' } as const;

interface Props {
  shape: ShapeName;
  /* The word, for those who don't see the shape. Leave out only when the word stands beside it. */
  label?: string;
  size?: keyof typeof sizes;
  className?: string;
}

export function Shape({ shape, label, size = 'md', className }: Props) {
  const named = label ? ({ role: 'img', 'aria-label': label } as const) : { 'aria-hidden': true };
  return (
    <svg viewBox="0 0 12 12" data-shape={shape} className={cx('shape', sizes[size], className)} {...named}>
      {drawings[shape]}
    </svg>
  );
}

/* The verdict's "all well": the only healthy shape that is large, so it carries a tick. */
export function WellShape({ label }: { label: string }) {
  return (
    <svg viewBox="0 0 24 24" data-shape="ok" role="img" aria-label={label} className="shape size-6">
      <circle cx="12" cy="12" r="11" fill="currentColor" />
      <path d="m7.2 12.4 3.3 3.3 6.4-7" {...tick} />
    </svg>
  );
}

const tick = { fill: 'none', stroke: ground, strokeWidth: 2.4, strokeLinecap: 'round', strokeLinejoin: 'round' } as const;

/* Shape and word together. */
export function Status({ look, size }: { look: Look; size?: Props['size'] }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <Shape shape={look.shape} size={size} />
      {look.word}
    </span>
  );
}
