'use client';
import { X } from 'lucide-react';
import { Button, IconButton } from '@/components/button';
import { Shape } from '@/components/shape';
import { dropToast, useUi, type Toast } from '@/state/ui';

/* Mounted empty, so that a screen reader hears what comes. */
export function Toasts() {
  const toasts = useUi((s) => s.toasts);
  return (
    <div role="status" className="fixed right-5 bottom-5 z-[var(--z-toast)] grid max-w-[420px] gap-2.5 max-m:inset-x-3 max-m:bottom-20">
      {toasts.map((t) => (
        <ToastCard key={t.id} toast={t} />
      ))}
    </div>
  );
}

function ToastCard({ toast }: { toast: Toast }) {
  const { action } = toast;
  const act = () => {
    dropToast(toast.id);
    action?.run();
  };
  return (
    <div className="float-in flex items-center gap-2.5 rounded-3 bg-overlay py-[9px] pr-2 pl-3.5 shadow-3">
      <Shape shape={toast.tone} />
      <span className="flex-1">{toast.text}</span>
      {action && (
        <Button size="sm" onClick={act}>
          {action.label}
        </Button>
      )}
      <IconButton small icon={X} label="Close" onClick={() => dropToast(toast.id)} />
    </div>
  );
}
