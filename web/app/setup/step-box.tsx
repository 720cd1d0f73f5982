import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';

interface Props {
  title: string;
  lead: string;
  narrow?: boolean;
  children: ReactNode;
}

/* The title takes the focus, so that a screen reader starts with it. */
export function StepBox({ title, lead, narrow, children }: Props) {
  return (
    <section className={cx('setup-box', narrow && 'max-w-[420px]')}>
      <h1 tabIndex={-1} ref={focus} className="outline-0">
        {title}
      </h1>
      <p className="mt-1.5 mb-[26px] text-fg-2 max-m:mb-[18px]">{lead}</p>
      {children}
    </section>
  );
}

const focus = (h: HTMLElement | null) => h?.focus({ preventScroll: true });
