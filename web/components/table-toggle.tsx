'use client';
import { useState, type ReactNode } from 'react';
import { Button } from './button';

/* A drawing's numbers, for those who read better than they see; made only when asked for. */
export function TableToggle({ children, label = 'Show as table' }: { children: ReactNode; label?: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <div className="mt-1.5 -ml-2">
        <Button look="ghost" size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Hide the table' : label}
        </Button>
      </div>
      {open && (
        <div className="max-h-72 overflow-auto" tabIndex={0} role="group" aria-label="Table">
          {children}
        </div>
      )}
    </>
  );
}
