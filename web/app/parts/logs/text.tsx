import type { CSSProperties } from 'react';
import type { Ink, Style } from '@/lib/ansi';
import { cx } from '@/lib/cx';
import type { Piece } from '@/lib/log-text';

const ownInk = (ink: Ink | undefined): string | undefined => (typeof ink === 'string' ? ink : undefined);

function classesOf(s: Style): string {
  const [fg, bg] = s.inverse ? [s.bg, s.fg] : [s.fg, s.bg];
  return cx(
    typeof fg === 'number' && `ink-${fg}`,
    typeof bg === 'number' && `paper paper-${bg}`,
    s.inverse && s.fg === undefined && 'ansi-inverse',
    s.bold && 'ansi-bold',
    s.dim && 'ansi-dim',
    s.italic && 'ansi-italic',
    s.underline && 'ansi-underline',
    s.strike && 'ansi-strike',
  );
}

/* Colours of their own are drawn towards the text's, so that they can be read on either ground. */
function ownColours(s: Style): CSSProperties | undefined {
  const [fg, bg] = s.inverse ? [ownInk(s.bg), ownInk(s.fg)] : [ownInk(s.fg), ownInk(s.bg)];
  if (!fg && !bg) return undefined;
  return { color: fg && `color-mix(in oklab, ${fg} 70%, var(--text))`, backgroundColor: bg && `color-mix(in oklab, ${bg} 35%, transparent)` };
}

export function LogText({ pieces }: { pieces: Piece[] }) {
  return pieces.map((p, i) => {
    if (!p.style && !p.hit) return p.text;
    const Tag = p.hit ? 'mark' : 'span';
    return (
      <Tag key={i} className={p.style ? classesOf(p.style) : undefined} style={p.style ? ownColours(p.style) : undefined}>
        {p.text}
      </Tag>
    );
  });
}
