// Colours and styles of a terminal, as spans. Nothing here makes HTML: what a log says stays text.
export interface Style {
  fg?: Ink;
  bg?: Ink;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
}

/* One of the sixteen colours that a theme names, or a colour of its own. */
export type Ink = number | `#${string}`;

export interface Span {
  text: string;
  style: Style | null;
}

/* ESC [ … letter, ESC ] … (BEL or ESC \), other two-character escapes, and controls that are no tab. */
// eslint-disable-next-line no-control-regex -- that is what is looked for
const escape = /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])?|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]*[0-~]?|[\0-\x08\x0a-\x1f\x7f-\x9f]/g;

/* What stands after the last carriage return is what a terminal would show: progress bars rewrite their line. */
function lastOverwrite(text: string): string {
  const end = text.replace(/\r+$/, '');
  return end.slice(end.lastIndexOf('\r') + 1);
}

export function parseAnsi(line: string): Span[] {
  const text = line.includes('\r') ? lastOverwrite(line) : line;
  const spans: Span[] = [];
  let style: Style | null = null;
  let at = 0;
  const push = (to: number) => {
    if (to <= at) return;
    const piece = text.slice(at, to);
    const last = spans.at(-1);
    if (last && last.style === style) last.text += piece;
    else spans.push({ text: piece, style });
  };
  for (const m of text.matchAll(escape)) {
    push(m.index);
    at = m.index + m[0].length;
    if (m[2] === 'm') style = applied(style, m[1] ?? '');
  }
  push(text.length);
  return spans;
}

export const plainText = (spans: Span[]): string => (spans.length === 1 ? (spans[0]?.text ?? '') : spans.map((s) => s.text).join(''));

const simple: Record<number, Style> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  22: { bold: undefined, dim: undefined },
  23: { italic: undefined },
  24: { underline: undefined },
  27: { inverse: undefined },
  29: { strike: undefined },
  39: { fg: undefined },
  49: { bg: undefined },
};

/* The style after one `m` sequence; null is plain. */
function applied(before: Style | null, parameters: string): Style | null {
  const codes = parameters.split(/[;:]/).map(Number);
  let style: Style | null = before;
  for (let i = 0; i < codes.length; i++) {
    const c = codes[i] ?? 0;
    if (c === 0) style = null;
    else if (c === 38 || c === 48) {
      const [ink, used] = extended(codes, i + 1);
      if (ink !== null) style = { ...style, [c === 38 ? 'fg' : 'bg']: ink };
      i += used;
    } else style = { ...style, ...(simple[c] ?? inkOf(c)) };
  }
  return style && Object.values(style).some((v) => v !== undefined) ? style : null;
}

function inkOf(c: number): Style {
  if (c >= 30 && c <= 37) return { fg: c - 30 };
  if (c >= 90 && c <= 97) return { fg: c - 82 };
  if (c >= 40 && c <= 47) return { bg: c - 40 };
  if (c >= 100 && c <= 107) return { bg: c - 92 };
  return {};
}

const two = (n: number): string => Math.max(0, Math.min(255, n || 0)).toString(16).padStart(2, '0');
const hex = (r: number, g: number, b: number): Ink => `#${two(r)}${two(g)}${two(b)}`;

/* "5;n" and "2;r;g;b": the colour and how many codes it took. */
function extended(codes: number[], at: number): [Ink | null, number] {
  if (codes[at] === 5) return [indexed(codes[at + 1] ?? -1), 2];
  if (codes[at] === 2) return [hex(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
  return [null, 1];
}

const steps = [0, 95, 135, 175, 215, 255];

function indexed(n: number): Ink | null {
  if (!Number.isInteger(n) || n < 0 || n > 255) return null;
  if (n < 16) return n;
  if (n >= 232) return hex(8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10);
  const c = n - 16;
  return hex(steps[Math.floor(c / 36)] ?? 0, steps[Math.floor(c / 6) % 6] ?? 0, steps[c % 6] ?? 0);
}
