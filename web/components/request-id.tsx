import { Copy } from 'lucide-react';
import { cx } from '@/lib/cx';
import { copyText } from '@/state/copy';
import { Button } from './button';

/* By which the log of hydrad is asked for what went wrong. */
export function RequestId({ id, className }: { id: string; className?: string }) {
  return (
    <p className={cx('flex items-center gap-2 font-mono text-12 text-fg-3', className)}>
      request {id}
      <Button look="ghost" size="sm" icon={Copy} onClick={() => void copyText(id, 'Request id')}>
        Copy
      </Button>
    </p>
  );
}
