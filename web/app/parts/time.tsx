'use client';
import { exact, when } from '@/lib/format';
import { useClock } from '@/state/clock';

/* A time as people say it; the exact one in the tooltip. */
export function Time({ of, never = 'never' }: { of: string | null; never?: string }) {
  const t = of ? Date.parse(of) : 0;
  const text = useClock((now) => (t ? when(t, now) : never));
  if (!of) return <span className="text-fg-3">{never}</span>;
  return (
    <time dateTime={of} title={exact(t)} className="whitespace-nowrap">
      {text}
    </time>
  );
}
