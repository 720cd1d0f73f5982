const radius = 6;
const around = 2 * Math.PI * radius;

/* What is left of a time, as a ring that empties. The words beside it say the same. */
export function Ring({ part }: { part: number }) {
  const left = Math.min(1, Math.max(0, part)) * around;
  return (
    <svg viewBox="0 0 16 16" aria-hidden className="time-ring">
      <circle cx="8" cy="8" r={radius} className="time-ring-track" />
      <circle cx="8" cy="8" r={radius} strokeDasharray={`${left} ${around}`} transform="rotate(-90 8 8)" />
    </svg>
  );
}
