'use client';
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import { useCallback, useEffect, useLayoutEffect, useRef, type RefObject } from 'react';
import type { LogLine } from '@/api/logs';
import { Button } from '@/components/button';
import { Icon } from '@/components/icon';
import { number } from '@/lib/format';
import type { Matcher } from '@/lib/log-text';
import type { LogReader, LogView } from '@/state/log-reader';
import { MarkRow } from './marks';
import { Row } from './row';
import { SearchedBack } from './states';

const lineHeight = 20;
const markHeight = 32;
const headHeight = 32;
const near = 2000; // px from an end at which more is read
const touchLasts = 1500; // ms that a scroll may go on after a hand moved it

export interface LinesHandle {
  show(index: number): void; // where it is seen, in the middle if it is not yet
  focus(): void;
}

interface Props {
  reader: LogReader;
  view: LogView;
  matcher: Matcher | null;
  wrap: boolean;
  relative: boolean;
  active: string | null; // cursor of the chosen line
  sources: { name: (l: LogLine) => string; colour: (l: LogLine) => number } | null; // null: one alone
  onPick: (line: LogLine) => void;
  handle: RefObject<LinesHandle | null>;
  label: string;
}

type List = Virtualizer<HTMLDivElement, HTMLDivElement>;

/* The lines that are seen and a few around them. The newest are below; it stays with them until somebody scrolls up. */
export function Lines(props: Props) {
  const { reader, view, wrap, handle } = props;
  const box = useRef<HTMLDivElement>(null);
  const { items } = view.window;
  const keyOf = useCallback((i: number) => items[i]?.key ?? i, [items, view.version]); // eslint-disable-line react-hooks/exhaustive-deps -- items grow in place
  const list: List = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: (i) => (items[i]?.type === 'line' ? lineHeight : markHeight),
    overscan: 10,
    paddingStart: headHeight,
    paddingEnd: view.trouble?.at === 'newer' ? headHeight : 8,
    getItemKey: keyOf,
    anchorTo: 'end',
    followOnAppend: view.following,
  });
  useFollowing(list, view, wrap);
  useScrolling(box, reader, view);
  usePicking(box, props);
  useLayoutEffect(() => {
    handle.current = {
      show: (index) => list.scrollToIndex(index, { align: isSeen(list, index) ? 'auto' : 'center' }),
      focus: () => box.current?.focus(),
    };
  }, [handle, list]);
  return (
    <div className="log-frame">
      <div ref={box} className="log" role="log" aria-live="off" aria-label={props.label} tabIndex={0} data-wrap={wrap || undefined} data-sources={props.sources ? '' : undefined}>
        <Body list={list} {...props} />
      </div>
      <Newest reader={reader} view={view} />
    </div>
  );
}

function isSeen(list: List, index: number): boolean {
  const { startIndex = 0, endIndex = -1 } = list.range ?? {};
  return index >= startIndex && index <= endIndex;
}

function Body({ list, view, reader, matcher, wrap, relative, active, sources }: Props & { list: List }) {
  const { items } = view.window;
  return (
    <div className="relative" style={{ height: list.getTotalSize() }}>
      <Head view={view} reader={reader} />
      {list.getVirtualItems().map((v) => {
        const item = items[v.index];
        if (!item) return null;
        return (
          <div key={v.key} data-index={v.index} ref={wrap ? list.measureElement : undefined} className="absolute inset-x-0 top-0" style={{ transform: `translateY(${v.start}px)` }}>
            {item.type === 'line' ? (
              <Row
                line={item.line}
                name={sources ? sources.name(item.line) : null}
                colour={sources ? sources.colour(item.line) : 8}
                matcher={matcher}
                active={item.line.cursor === active}
                marked={item.line.cursor === view.marked}
                wrap={wrap}
                relative={relative}
              />
            ) : (
              <MarkRow mark={item} openAt={(c) => reader.openAt(c)} />
            )}
          </div>
        );
      })}
      {view.trouble?.at === 'newer' && (
        <div className="absolute inset-x-0 bottom-0">
          <Failed text={view.trouble.text} again={() => reader.ask('newer')} />
        </div>
      )}
    </div>
  );
}

function Failed({ text, again }: { text: string; again: () => void }) {
  return (
    <div className="log-head text-bad" role="alert">
      {text}
      <Button size="sm" onClick={again}>
        Try again
      </Button>
    </div>
  );
}

/* Above the oldest line: that it is the first, that more is coming, or why not. */
function Head({ view, reader }: { view: LogView; reader: LogReader }) {
  if (view.trouble?.at === 'older') return <Failed text={view.trouble.text} again={() => reader.ask('older')} />;
  if (view.back?.resting && !view.window.start)
    return (
      <div className="log-head">
        <SearchedBack view={view} />
        <Button size="sm" onClick={() => reader.older()}>
          Search further back
        </Button>
      </div>
    );
  return <div className="log-head">{view.window.start ? 'The log begins here' : view.busy !== 'older' ? '' : view.back ? <SearchedBack view={view} /> : 'Reading older lines…'}</div>;
}

function useFollowing(list: List, view: LogView, wrap: boolean): void {
  const { following, version, marked, window } = view;
  useLayoutEffect(() => {
    if (following) list.scrollToEnd();
  }, [following, version, list]);
  useLayoutEffect(() => {
    if (following) return;
    const at = marked ? window.indexOfCursor(marked) : -1;
    if (at >= 0) list.scrollToIndex(at, { align: 'center' });
    else list.scrollToEnd();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- where a window begins, once
  }, []);
  const before = useRef(wrap);
  useLayoutEffect(() => {
    if (before.current === wrap) return;
    before.current = wrap;
    const first = list.range?.startIndex ?? 0;
    list.measure();
    if (following) list.scrollToEnd();
    else list.scrollToIndex(first, { align: 'start' });
  }, [wrap, following, list]);
}

/* A hand that scrolls up lets go of the newest lines, one that comes back to the end takes hold again. */
function useScrolling(box: RefObject<HTMLDivElement | null>, reader: LogReader, view: LogView): void {
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    let touched = -Infinity;
    let last = el.scrollTop;
    const touch = () => (touched = performance.now());
    const moved = () => {
      const { window: w, following } = reader.get();
      const up = el.scrollTop < last - 1;
      const down = el.scrollTop > last + 1;
      last = el.scrollTop;
      const left = el.scrollHeight - el.scrollTop - el.clientHeight;
      const byHand = performance.now() - touched < touchLasts;
      if (following && up && byHand && left > lineHeight) reader.letGo();
      else if (!following && down && byHand && left < 4 && w.end) reader.follow();
      more(el, reader);
    };
    const hands = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const;
    el.addEventListener('scroll', moved, { passive: true });
    hands.forEach((h) => el.addEventListener(h, touch, { passive: true }));
    return () => {
      el.removeEventListener('scroll', moved);
      hands.forEach((h) => el.removeEventListener(h, touch));
    };
  }, [box, reader]);
  useEffect(() => {
    if (box.current && !view.busy) more(box.current, reader);
  }, [box, reader, view.version, view.busy]);
}

function more(el: HTMLElement, reader: LogReader): void {
  if (reader.get().trouble) return;
  if (el.scrollTop < near && !reader.get().back?.resting) reader.older();
  if (el.scrollHeight - el.scrollTop - el.clientHeight < near) reader.newer();
}

/* A click on a line opens it as its time does; text that is being marked stays marked. */
function usePicking(box: RefObject<HTMLDivElement | null>, { view, onPick }: Props): void {
  const pick = useRef((_index: number) => {});
  pick.current = (index) => {
    const item = view.window.items[index];
    if (item?.type === 'line') onPick(item.line);
  };
  useEffect(() => {
    const el = box.current;
    const click = (e: MouseEvent) => {
      const target = e.target instanceof Element ? e.target : null;
      const row = target?.closest('.log-row')?.closest('[data-index]');
      if (row && (target?.closest('button') || getSelection()?.isCollapsed)) pick.current(Number(row.getAttribute('data-index')));
    };
    el?.addEventListener('click', click);
    return () => el?.removeEventListener('click', click);
  }, [box]);
}

/* The way back to the newest line. */
function Newest({ reader, view }: { reader: LogReader; view: LogView }) {
  if (view.following && !view.paused) return null;
  const text = view.fresh ? `${number(view.fresh)} new ${view.fresh === 1 ? 'line' : 'lines'}` : view.paused ? 'Paused' : 'Newest';
  return (
    <button type="button" className="log-newest float-in" onClick={() => reader.follow()}>
      {text}
      <Icon of={ArrowDown} size={14} />
    </button>
  );
}
