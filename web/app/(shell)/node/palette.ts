// The tokens that a canvas needs as plain colours, read anew when the theme changes.
export interface Palette {
  viz: string[]; // 1…8
  area: string[];
  text: string;
  grid: string;
  axis: string;
  hatch: string;
  bad: string;
  font: string;
  fontPx: string; // for texts drawn by hand, in pixels of the canvas
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const family = token('--font') || 'sans-serif';
  const viz = Array.from({ length: 9 }, (_, i) => (i ? token(`--viz-${i}`) : ''));
  const alpha = Math.round(Number(token('--area') || 0.16) * 255);
  return {
    viz,
    area: viz.map((c) => c && c + alpha.toString(16).padStart(2, '0')),
    text: token('--text-3'),
    grid: token('--viz-grid'),
    axis: token('--viz-axis'),
    hatch: token('--line-strong'),
    bad: token('--bad'),
    font: `11px ${family}`,
    fontPx: `${11 * devicePixelRatio}px ${family}`,
  };
}
