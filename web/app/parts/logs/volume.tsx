'use client';
import { clock, clockSeconds, day, dayYear, number } from '@/lib/format';
import type { Volume, VolumeBar } from '@/lib/volume';

const label = (b: VolumeBar): string => `${clockSeconds(b.from)}–${clockSeconds(b.to)}: ${number(b.error + b.warn + b.rest)} lines${b.error ? `, ${number(b.error)} errors` : ''}${b.warn ? `, ${number(b.warn)} warnings` : ''}`;
const ticks = 5;

/* The lines that are here over their time. A bar leads to its lines. */
export function VolumeChart({ volume, show }: { volume: Volume | null; show: (t: number) => void }) {
  if (!volume) return <div className="log-volume" />;
  const { bars, peak, from, to } = volume;
  const far = dayYear(from) !== dayYear(to);
  const at = (i: number) => from + ((to - from) * i) / (ticks - 1);
  const height = (n: number) => ({ height: n ? `max(2px, ${(n / peak) * 100}%)` : 0 });
  return (
    <div className="log-volume">
      <div className="log-bars" role="group" aria-label={`Lines from ${clock(from)} to ${clock(to)}`}>
        {bars.map((b, i) => (
          <button key={i} type="button" tabIndex={-1} aria-label={label(b)} data-tip={label(b)} disabled={!(b.error + b.warn + b.rest)} onClick={() => show(b.from)}>
            <i data-weight="error" style={height(b.error)} />
            <i data-weight="warn" style={height(b.warn)} />
            <i style={height(b.rest)} />
          </button>
        ))}
      </div>
      <div className="log-ticks num">
        {Array.from({ length: ticks }, (_, i) => (
          <span key={i}>{far ? `${day(at(i))}, ${clock(at(i))}` : to - from < 600_000 ? clockSeconds(at(i)) : clock(at(i))}</span>
        ))}
      </div>
    </div>
  );
}
