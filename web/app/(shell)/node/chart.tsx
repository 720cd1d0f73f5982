'use client';
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { Card } from '@/components/card';
import { PlainSelect } from '@/components/field';
import { cx } from '@/lib/cx';
import { everything, type ChartSpec } from '@/lib/charts';
import type { Board } from './board';
import { Plot } from './plot';

interface Props {
  board: Board;
  spec: ChartSpec;
  chosen?: string;
  onChoose?: (name: string) => void;
  children?: ReactNode; // below the plot
}

/* The legend's values change with the cursor; React draws only the frame. */
export function Chart({ board, spec, chosen, onChoose, children }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const time = useRef<HTMLSpanElement>(null);
  const values = useRef<(HTMLElement | null)[]>([]);
  const identity = JSON.stringify(spec);
  useEffect(() => {
    if (!host.current) return;
    const plot = new Plot(board, spec, { host: host.current, values: values.current, time: time.current });
    return () => plot.destroy();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a chart is the same as long as it says the same
  }, [board, identity]);
  return (
    <Card className="px-4 pt-2 pb-2">
      <figure className="m-0">
        <figcaption className="mb-1 flex min-h-8 flex-wrap items-center gap-x-3 gap-y-0.5">
          <span className="font-medium">{spec.title}</span>
          {spec.choice && onChoose && <Choice spec={spec} chosen={chosen ?? everything} onChoose={onChoose} />}
          <span className="live ml-auto flex flex-wrap justify-end gap-x-3">
            {spec.lines.map((l, i) => (
              <span key={l.name} className="legend">
                <i className={cx('legend-mark', `c-viz-${l.colour}`)} />
                {spec.lines.length > 1 && <span className="ell max-w-28 text-fg-2">{l.name}</span>}
                <b ref={(e) => void (values.current[i] = e)} className="num font-medium" />
              </span>
            ))}
          </span>
        </figcaption>
        <div className="relative">
          <div ref={host} role="img" aria-label={spec.title} tabIndex={0} onKeyDown={(e) => onKey(e, board)} className="plot" />
          <span ref={time} hidden aria-hidden className="plot-time num" />
        </div>
      </figure>
      {children}
    </Card>
  );
}

function onKey(e: KeyboardEvent, board: Board): void {
  const far = e.shiftKey ? 10 : 1;
  const keys: Record<string, () => void> = {
    ArrowLeft: () => board.stepCursor(-far),
    ArrowRight: () => board.stepCursor(far),
    Escape: () => board.reset(),
  };
  const act = keys[e.key];
  if (!act) return;
  e.preventDefault();
  act();
}

function Choice({ spec, chosen, onChoose }: { spec: ChartSpec; chosen: string; onChoose: (name: string) => void }) {
  return (
    <PlainSelect label={spec.choice?.label ?? ''} value={chosen} onChange={(e) => onChoose(e.target.value)}>
      <option value={everything}>All</option>
      {spec.choice?.options.map((o) => (
        <option key={o}>{o}</option>
      ))}
    </PlainSelect>
  );
}
