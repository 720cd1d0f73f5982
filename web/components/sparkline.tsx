import { memo } from 'react';
import { cx } from '@/lib/cx';

const width = 120;
const height = 20;
const top = 1.2;

/* Straight lines between samples; an unknown sample breaks line and area. */
export function sparkPaths(values: (number | null)[], max: number): { line: string; area: string } {
  const step = width / Math.max(1, values.length - 1);
  let line = '';
  let area = '';
  let start = -1;
  values.forEach((v, i) => {
    if (v == null) return;
    const x = (i * step).toFixed(1);
    const y = (height - Math.min(1, Math.max(0, v / max)) * (height - top)).toFixed(1);
    if (start < 0) start = i;
    line += `${start === i ? 'M' : 'L'}${x} ${y}`;
    area += start === i ? `M${x} ${height}L${x} ${y}` : `L${x} ${y}`;
    if (i === values.length - 1 || values[i + 1] == null) {
      area += `L${x} ${height}Z`;
      start = -1;
    }
  });
  return { line, area };
}

interface Props {
  values: (number | null)[];
  max: number;
  colour: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
}

const colours = ['c-viz-1', 'c-viz-2', 'c-viz-3', 'c-viz-4', 'c-viz-5', 'c-viz-6', 'c-viz-7', 'c-viz-8'];

/* The number beside it carries the meaning; the line is decoration to a screen reader. */
export const Sparkline = memo(function Sparkline({ values, max, colour }: Props) {
  const { line, area } = sparkPaths(values, max);
  const silent = trailingGap(values);
  return (
    <span className={cx('spark', colours[colour - 1])} aria-hidden>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none">
        <path className="area" d={area} />
        <path className="line" d={line} />
      </svg>
      {silent > 0 && <span className="gap spark-gap" style={{ width: `${silent}%` }} />}
    </span>
  );
});

const shortest = 3; // slots; a late sample is no gap

/* How much of the width has had no value since the last one, in percent. */
function trailingGap(values: (number | null)[]): number {
  const last = values.findLastIndex((v) => v != null);
  const missing = values.length - 1 - last;
  return last < 0 || missing < shortest ? 0 : (missing / values.length) * 100;
}

/* Rates grow in steps of 1-2-5, so a scale does not twitch. */
export function stepUp(values: (number | null)[], least: number): number {
  const peak = Math.max(least, ...values.map((v) => v ?? 0));
  const power = 10 ** Math.floor(Math.log10(peak));
  return [1, 2, 5, 10].map((m) => m * power).find((m) => m >= peak) ?? peak;
}
