'use client';
import { useQuery } from '@tanstack/react-query';
import { feedQuery, verdictQuery } from '@/api/keys';

/* What a screen reader is told: incidents at once, news politely, numbers never. */
export function Announcer() {
  const bad = useQuery({ ...verdictQuery(), select: (v) => (v.severity === 'bad' ? v.sentence : '') }).data ?? '';
  const news = useQuery({ ...feedQuery(), select: (f) => f[0]?.text ?? '' }).data ?? '';
  return (
    <div className="sr-only">
      <p aria-live="assertive">{bad}</p>
      <p aria-live="polite">{news}</p>
    </div>
  );
}
