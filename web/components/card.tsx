import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';

export function Card({ children, className, label }: { children: ReactNode; className?: string; label?: string }) {
  return (
    <section aria-label={label} className={cx('edge min-w-0 rounded-3 bg-surface', className)}>
      {children}
    </section>
  );
}

interface HeadProps {
  title: ReactNode;
  note?: ReactNode;
  children?: ReactNode;
}

/* The head of a card: title, a quiet note, controls at the end. */
export function CardHead({ title, note, children }: HeadProps) {
  return (
    <header className="flex min-h-[42px] items-center gap-2 border-b border-line pr-3.5 pl-4">
      <h2 className="font-medium whitespace-nowrap">{title}</h2>
      {note != null && <small className="ell text-12 text-fg-3">{note}</small>}
      {children && <div className="ml-auto flex items-center gap-1.5">{children}</div>}
    </header>
  );
}

/* The head of a part of a page, outside cards. */
export function SectionHead({ title, note, children }: HeadProps) {
  return (
    <div className="mt-[22px] mb-[9px] flex items-baseline gap-2.5 px-0.5 first:mt-0">
      <h2 className="font-medium">{title}</h2>
      {note != null && <small className="text-12 text-fg-3">{note}</small>}
      {children && <div className="ml-auto flex items-center gap-1.5">{children}</div>}
    </div>
  );
}

/* Title of a page, its note, its actions. */
export function PageHead({ title, note, children }: HeadProps) {
  return (
    <header className="mb-4 flex flex-wrap items-start gap-3.5">
      <div className="min-w-0 flex-1 basis-[160px] m:basis-[260px]">
        <h1 className="text-20 font-semibold tracking-tight">{title}</h1>
        {note != null && <p className="mt-[3px] text-fg-2">{note}</p>}
      </div>
      {children && <div className="flex flex-wrap items-center gap-2">{children}</div>}
    </header>
  );
}
