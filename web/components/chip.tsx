import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';

const tones = {
  plain: 'bg-surface-3 text-fg-2',
  ok: 'bg-ok-bg text-ok',
  warn: 'bg-warn-bg text-warn',
  bad: 'bg-bad-bg text-bad',
  info: 'bg-info-bg text-info',
  accent: 'bg-accent-bg text-accent',
} as const;

export type Tone = keyof typeof tones;

export function Chip({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={cx('inline-flex h-5 items-center gap-[5px] rounded-full px-[7px]', 'text-11 font-medium whitespace-nowrap', tones[tone])}>
      {children}
    </span>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className={cx('min-w-[18px] rounded-[4px] border border-line-strong bg-bg px-1', 'text-center font-sans text-11 font-medium text-fg-3')}>
      {children}
    </kbd>
  );
}
