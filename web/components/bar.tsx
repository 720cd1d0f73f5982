import { cx } from '@/lib/cx';

interface Props {
  part: number; // percent
  colour: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
  label?: string; // leave out where a number beside it says the same
}

/* How full something is. */
export function Bar({ part, colour, label }: Props) {
  const shown = Math.min(100, Math.max(0, part));
  const named = label ? { role: 'meter', 'aria-label': label, 'aria-valuenow': Math.round(shown), 'aria-valuemin': 0, 'aria-valuemax': 100 } : { 'aria-hidden': true };
  return (
    <span className={cx('bar block', `c-viz-${colour}`)} {...named}>
      <span className="bar-fill" style={{ width: `${shown}%` }} />
    </span>
  );
}
