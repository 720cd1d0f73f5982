'use client';
// Radix's dialog in our clothes. Import it lazily.
import * as Radix from '@radix-ui/react-dialog';
import { useState, type ReactNode } from 'react';
import { cx } from '@/lib/cx';
import { Button } from './button';
import { Shape } from './shape';

interface DialogProps {
  title: string;
  description?: ReactNode;
  hideTitle?: boolean;
  onClose: () => void;
  children?: ReactNode;
  width?: 'sm' | 'md' | 'lg';
  top?: boolean;
}

const widths = { sm: 'w-[420px]', md: 'w-[560px]', lg: 'w-[720px]' } as const;

/* Mounted means open; focus is trapped and returned. */
export function Dialog({ title, description, hideTitle, onClose, children, width = 'md', top }: DialogProps) {
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className={cx('dialog', widths[width], top && 'dialog-top')} {...(description ? {} : { 'aria-describedby': undefined })}>
          <Radix.Title className={hideTitle ? 'sr-only' : 'text-15 font-semibold'}>{title}</Radix.Title>
          {description && <Radix.Description className="mt-1 text-fg-2">{description}</Radix.Description>}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ConfirmProps {
  title: string; // "Remove router?"
  children: ReactNode; // effect, duration, the way back
  verb: string; // the button repeats the verb
  forGood?: boolean; // red only where something is lost
  run: () => Promise<unknown>;
  onClose: () => void;
}

export function Confirm({ title, children, verb, forGood, run, onClose }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const go = () => {
    setBusy(true);
    run().then(onClose, (e: Error) => {
      setBusy(false);
      setError(e.message);
    });
  };
  return (
    <Dialog title={title} description={children} onClose={onClose} width="sm">
      {error && (
        <p role="alert" className="mt-3 flex gap-2 text-bad">
          <Shape shape="bad" className="mt-1" />
          {error}
        </p>
      )}
      <div className="mt-4 flex justify-end gap-2">
        <Button look="ghost" onClick={onClose}>
          Cancel
        </Button>
        <Button look={forGood ? 'danger-solid' : 'primary'} disabled={busy} onClick={go}>
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}
