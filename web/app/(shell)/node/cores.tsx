'use client';
import { useEffect, useRef } from 'react';
import { percent, join } from '@/lib/format';
import type { Board } from './board';

/* One bar per core, moved by the board's frame and not by React. */
export function Cores({ board, names }: { board: Board; names: string[] }) {
  const ref = useRef<HTMLDivElement>(null);
  const identity = names.join(' ');
  useEffect(() => {
    const draw = () => {
      const i = board.index;
      names.forEach((name, n) => {
        const bar = ref.current?.children[n];
        if (!(bar instanceof HTMLElement)) return;
        const v = i < 0 ? null : (board.column(name)[i] ?? null);
        bar.style.setProperty('--part', String((v ?? 0) / 100));
        bar.title = `Core ${name.slice(5)}: ${join(percent(v))}`;
      });
    };
    return board.add({ columns: () => names, drawData: draw, drawCursor: draw, drawColours: () => {} });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the same names are the same cores
  }, [board, identity]);
  if (!names.length) return null;
  return (
    <div className="mt-1 mb-1.5 flex items-center gap-3">
      <small className="w-[46px] text-11 text-fg-3">{names.length} cores</small>
      <div ref={ref} className="cores live" role="img" aria-label={`Use of ${names.length} cores`}>
        {names.map((n) => (
          <i key={n} />
        ))}
      </div>
    </div>
  );
}
