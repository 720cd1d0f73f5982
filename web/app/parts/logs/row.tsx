'use client';
import { memo } from 'react';
import type { LogLine } from '@/api/logs';
import { clockMillis, duration, exact, when } from '@/lib/format';
import { levelLook } from '@/lib/log-levels';
import { pieces, type Matcher } from '@/lib/log-text';
import { useClock } from '@/state/clock';
import { shownSpans } from './parsed';
import { LogText } from './text';

const clipped = 400; // characters of a line that is not wrapped: more is never seen
const wrapped = 4000;

interface Props {
  line: LogLine;
  name: string | null; // of its source; null where there is one alone
  colour: number;
  matcher: Matcher | null;
  active: boolean;
  marked: boolean;
  wrap: boolean;
  relative: boolean;
}

export const Row = memo(function Row({ line, name, colour, matcher, active, marked, wrap, relative }: Props) {
  const look = levelLook(line.level);
  const { spans, text } = shownSpans(line, matcher);
  const limit = wrap ? wrapped : clipped;
  const list = pieces(spans, matcher?.hits(text) ?? [], limit);
  const more = text.length > limit || line.cut;
  return (
    <div className="log-row" data-weight={look.weight} data-active={active || undefined} data-marked={marked || undefined} aria-current={active || undefined}>
      <button type="button" tabIndex={-1} className="log-time" aria-label={`Details of the line of ${exact(line.t)}`}>
        {relative ? <Ago t={line.t} /> : <time>{clockMillis(line.t)}</time>}
      </button>
      <span className="log-level">{look.word}</span>
      {name !== null && (
        <span className={`log-source c-viz-${colour}`} title={line.service ?? line.node}>
          {name}
        </span>
      )}
      <span className="log-text">
        <LogText pieces={list} />
        {more && wrap && <span className="log-more"> … {line.cut ? 'cut at 16 KiB' : `${text.length - limit} characters more`}</span>}
      </span>
    </div>
  );
});

function Ago({ t }: { t: number }) {
  return <time title={exact(t)}>{useClock((now) => (now - t < 3_600_000 ? `${duration(Math.max(0, now - t))} ago` : when(t, now)))}</time>;
}
