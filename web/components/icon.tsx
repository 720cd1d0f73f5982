import type { LucideIcon } from 'lucide-react';
import { cx } from '@/lib/cx';

/* Icons stand beside words and never for a status. */
export function Icon({ of: Of, size = 16, className }: { of: LucideIcon; size?: number; className?: string }) {
  return <Of size={size} strokeWidth={1.75} aria-hidden className={cx('flex-none', className)} />;
}
