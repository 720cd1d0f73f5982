// One chart: uPlot on one side, the board on the other. Values go into text nodes; nothing covers a line.
import uPlot from 'uplot';
import { axisLabels, leastMax, niceMax, sum, timeTicks, valueText, type ChartSpec } from '@/lib/charts';
import { clock, clockSeconds, duration } from '@/lib/format';
import type { Board, Drawn } from './board';
import { readPalette, type Palette } from './palette';

export interface PlotParts {
  host: HTMLElement;
  values: (HTMLElement | null)[]; // one per line of the legend
  time: HTMLElement | null; // the cursor's time, on the x axis
}

const axisWidth = 58;
const axisHeight = 22;
const padding: [number, number, number, number] = [8, 6, 0, 0];
const halfLabel = 18;
const describeEvery = 10_000;

export class Plot implements Drawn {
  private readonly u: uPlot;
  private palette: Palette = readPalette();
  private visible = true;
  private max: number;
  private described = 0;
  private moving = false; // the board moves the cursor, not the pointer
  private pressed = 0;
  private readonly seen: IntersectionObserver;
  private readonly sized: ResizeObserver;
  private readonly leave: () => void;

  constructor(
    private readonly board: Board,
    private readonly spec: ChartSpec,
    private readonly parts: PlotParts,
  ) {
    this.max = spec.max ?? leastMax[spec.unit];
    const { clientWidth: width, clientHeight: height } = parts.host;
    this.u = new uPlot(this.options(Math.max(width, 100), height), [[], ...spec.lines.map(() => [])], parts.host);
    this.listen();
    this.seen = new IntersectionObserver((e) => this.show(e.some((x) => x.isIntersecting)));
    this.seen.observe(parts.host);
    this.sized = new ResizeObserver(() => requestAnimationFrame(() => this.resize()));
    this.sized.observe(parts.host);
    this.leave = board.add(this);
  }

  destroy(): void {
    this.leave();
    this.seen.disconnect();
    this.sized.disconnect();
    this.u.destroy();
  }

  // --- what the board calls

  columns = (): string[] => this.spec.lines.flatMap((l) => l.columns);

  drawData = (): void => {
    if (!this.visible) return;
    const data = this.lines();
    this.max = this.spec.max ?? this.peak(data);
    const [from, to] = this.board.range;
    this.u.batch(() => {
      this.u.setData([this.board.times, ...data], false);
      this.u.setScale('x', { min: from, max: to });
      this.u.setScale('y', { min: 0, max: this.max });
    });
    this.drawCursor();
    this.describe(data);
  };

  drawCursor = (): void => {
    const at = this.board.cursor;
    const left = at === null ? -10 : this.u.valToPos(at, 'x');
    this.moving = true;
    this.u.setCursor({ left, top: 0 });
    this.moving = false;
    this.write(at, left);
  };

  drawColours = (): void => {
    this.palette = readPalette();
    this.u.redraw(false);
  };

  // --- inside

  private lines(): (number | null)[][] {
    return this.spec.lines.map((l) => sum(l.columns.map((c) => this.board.column(c))));
  }

  private peak(data: (number | null)[][]): number {
    return niceMax(data.reduce((top, c) => c.reduce<number>((m, v) => Math.max(m, v ?? 0), top), 0), leastMax[this.spec.unit]);
  }

  private write(at: number | null, left: number): void {
    const i = this.board.index;
    this.spec.lines.forEach((l, n) => {
      const place = this.parts.values[n];
      const v = i < 0 ? null : (sum(l.columns.map((c) => [this.board.column(c)[i] ?? null]))[0] ?? null);
      if (place) place.textContent = valueText(this.spec.unit, v);
    });
    const { time } = this.parts;
    if (!time) return;
    const inside = at !== null && left >= 0 && left <= this.u.over.clientWidth;
    time.hidden = !inside;
    if (!inside) return;
    time.textContent = clockSeconds(at);
    const x = axisWidth + Math.min(this.u.over.clientWidth - 28, Math.max(28, left));
    time.style.transform = `translateX(calc(${x}px - 50%))`;
  }

  /* A summary in words for those who don't see the line. */
  private describe(data: (number | null)[][]): void {
    const now = performance.now();
    if (this.described && now - this.described < describeEvery) return;
    this.described = now;
    const parts = this.spec.lines.map((l, i) => {
      const known = (data[i] ?? []).filter((v) => v !== null);
      if (!known.length) return `${l.name} unknown`;
      const text = (v: number) => valueText(this.spec.unit, v);
      return `${l.name} ${text(known.at(-1) ?? 0)}, between ${text(Math.min(...known))} and ${text(Math.max(...known))}`;
    });
    this.parts.host.setAttribute('aria-label', `${this.spec.title}, last 15 minutes: ${parts.join('; ')}`);
  }

  private show(visible: boolean): void {
    this.visible = visible;
    if (visible) this.drawData();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.parts.host;
    if (width && (width !== this.u.width || height !== this.u.height)) this.u.setSize({ width, height });
  }

  private listen(): void {
    const { over } = this.u;
    over.addEventListener('mousedown', (e) => (this.pressed = e.clientX));
    over.addEventListener('click', (e) => {
      if (Math.abs(e.clientX - this.pressed) > 4) return; // it was a drag
      if (this.board.isPinned) this.board.pin(null);
      else this.board.pin(this.u.posToVal(e.offsetX, 'x'));
    });
    over.addEventListener('dblclick', () => this.board.reset());
  }

  private options(width: number, height: number): uPlot.Options {
    const { spec } = this;
    return {
      width,
      height,
      padding,
      legend: { show: false },
      scales: { x: { time: false }, y: {} },
      axes: [this.timeAxis(), this.valueAxis()],
      series: [{}, ...spec.lines.map((l, i): uPlot.Series => ({ ...this.series(l.colour, i === 0), label: l.name }))],
      cursor: this.cursor(),
      hooks: { setCursor: [(u) => this.pointed(u)], setSelect: [(u) => this.selected(u)], drawClear: [(u) => this.hatch(u)], draw: [(u) => this.threshold(u)] },
    };
  }

  private series(colour: number, first: boolean): uPlot.Series {
    return {
      stroke: () => this.palette.viz[colour] ?? this.palette.axis,
      width: 1.5,
      fill: first ? () => this.palette.area[colour] ?? '' : undefined,
      points: { show: false },
      spanGaps: false,
    };
  }

  private cursor(): uPlot.Cursor {
    return {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 5 },
      move: (u, left, top) => (this.board.isPinned && !this.moving ? [u.valToPos(this.board.cursor ?? 0, 'x'), top] : [left, top]),
      bind: { dblclick: () => null },
    };
  }

  private timeAxis(): uPlot.Axis {
    return {
      size: axisHeight,
      gap: 6,
      stroke: () => this.palette.text,
      font: this.palette.font,
      grid: { show: false },
      ticks: { show: false },
      splits: (u) => this.ticks(u),
      values: (u, ticks) => ticks.map((t) => ((u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0) < 240_000 ? clockSeconds(t) : clock(t))),
    };
  }

  /* As many as fit, and none that the edge would cut. */
  private ticks(u: uPlot): number[] {
    const [from, to] = [u.scales.x?.min ?? 0, u.scales.x?.max ?? 0];
    const room = u.bbox.width / uPlot.pxRatio || u.width; // asking the element would lay out the page
    const edge = ((to - from) * halfLabel) / room;
    const most = Math.max(2, Math.min(7, Math.floor(room / 64)));
    return timeTicks(from, to, most).filter((t) => t < to - edge && t > from + edge / 2);
  }

  private valueAxis(): uPlot.Axis {
    return {
      size: axisWidth,
      gap: 6,
      stroke: () => this.palette.text,
      font: this.palette.font,
      grid: { stroke: () => this.palette.grid, width: 1 },
      ticks: { show: false },
      splits: () => [0, this.max / 2, this.max],
      values: () => axisLabels(this.spec.unit, this.max),
    };
  }

  // --- pointer

  private pointed(u: uPlot): void {
    if (this.moving) return;
    const left = u.cursor.left ?? -1;
    this.board.hover(left < 0 ? null : u.posToVal(left, 'x'));
  }

  private selected(u: uPlot): void {
    const { left, width } = u.select;
    if (width > 5) this.board.zoom(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  // --- what is drawn by hand

  /* Holes are hatched and say how long they are: never interpolated, never zero. */
  private hatch(u: uPlot): void {
    const { ctx, bbox } = u;
    for (const [from, to] of this.board.holes) {
      const x = Math.max(bbox.left, u.valToPos(from, 'x', true));
      const end = Math.min(bbox.left + bbox.width, u.valToPos(to, 'x', true));
      if (end <= x) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(x, bbox.top, end - x, bbox.height);
      ctx.clip();
      this.stripes(ctx, x, end, bbox);
      ctx.restore();
      this.holeText(ctx, x, end, bbox, to - from);
    }
  }

  private stripes(ctx: CanvasRenderingContext2D, from: number, to: number, b: uPlot.BBox): void {
    const gap = 6 * uPlot.pxRatio;
    ctx.strokeStyle = this.palette.hatch;
    ctx.lineWidth = uPlot.pxRatio;
    ctx.beginPath();
    for (let x = from - b.height; x < to; x += gap) {
      ctx.moveTo(x, b.top + b.height);
      ctx.lineTo(x + b.height, b.top);
    }
    ctx.stroke();
  }

  private holeText(ctx: CanvasRenderingContext2D, from: number, to: number, b: uPlot.BBox, ms: number): void {
    const text = `no data ${duration(ms)}`;
    ctx.save();
    ctx.font = this.palette.fontPx;
    if (ctx.measureText(text).width < to - from - 4) {
      ctx.fillStyle = this.palette.text;
      ctx.textAlign = 'center';
      ctx.fillText(text, (from + to) / 2, b.top + 14 * uPlot.pxRatio);
    }
    ctx.restore();
  }

  private threshold(u: uPlot): void {
    const { threshold } = this.spec;
    if (threshold === undefined || threshold > this.max) return;
    const { ctx, bbox } = u;
    const y = u.valToPos(threshold, 'y', true);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = this.palette.bad;
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash([4 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = this.palette.fontPx;
    ctx.textAlign = 'right';
    ctx.fillText(`critical at ${valueText(this.spec.unit, threshold)}`, bbox.left + bbox.width - 4, y + 13 * uPlot.pxRatio);
    ctx.restore();
  }
}
