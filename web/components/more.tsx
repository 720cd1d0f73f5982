'use client';
import { useEffect, useRef } from 'react';
import { Button } from './button';

/* The next page comes when the end comes into sight; the button is for those who get there otherwise. */
export function MoreOnSight({ busy, more }: { busy: boolean; more: () => void }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!ref.current || busy) return;
    const seen = new IntersectionObserver((e) => e.some((x) => x.isIntersecting) && more(), { rootMargin: '600px' });
    seen.observe(ref.current);
    return () => seen.disconnect();
  }, [busy, more]);
  return (
    <div ref={ref} className="flex justify-center py-3">
      <Button look="ghost" disabled={busy} onClick={more}>
        {busy ? 'Reading…' : 'Show older'}
      </Button>
    </div>
  );
}
