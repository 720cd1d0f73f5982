'use client';
import { useQueryClient } from '@tanstack/react-query';
import { useWindowVirtualizer, type Range, type VirtualItem } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { serviceQuery } from '@/api/keys';
import type { Service } from '@/api/types';
import { isManaged } from '@/lib/actions';
import { mayThere } from '@/lib/limits';
import { neighbour, type Line, type Open, type Sort } from '@/lib/services';
import { useCommands, type Command } from '@/state/commands';
import { useSelection } from '@/state/selection';
import { useMay, useSession } from '@/state/session';
import { usePicking } from './pick';
import { Head } from './head';
import { Row, Unfold } from './row';
import { Titles } from './titles';

interface Props {
  lines: Line[];
  sort: Sort;
  onSort: (s: Sort) => void;
  onFold: (key: keyof Open) => void;
}

const virtualFrom = 200; // more rows than this are drawn only where they are seen
const rowHeight = () => (innerWidth <= 720 ? 44 : 38);
const overscan = 8;

/* A table whose names are links; `j` and `k` walk through it. */
export function List({ lines, sort, onSort, onFold }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(null);
  useWalk(lines, active, setActive);
  const pick = useMay('service:restart');
  const picking = useSelection((s) => s.ids.length > 0);
  const client = useQueryClient();
  const session = useSession();
  usePicking(pick, active, (id) => {
    const s = client.getQueryData(serviceQuery(id).queryKey);
    return !!session && !!s && isManagedHere(s) && mayThere(session, 'service:restart', s) !== false;
  });
  const Body = lines.length > virtualFrom ? VirtualBody : PlainBody;
  return (
    <div role="table" aria-label="Services" aria-rowcount={lines.length + 1} data-picking={picking || undefined} className="edge rounded-3 bg-surface">
      <Titles sort={sort} onSort={onSort} />
      <div ref={body} role="rowgroup" onFocus={(e) => setActive(e.target.closest('[data-id]')?.getAttribute('data-id') ?? null)}>
        <Body lines={lines} active={active} body={body} pick={pick} onFold={onFold} />
      </div>
    </div>
  );
}

const isManagedHere = (s: Service): boolean => isManaged(s.kind) && s.node !== null;

function useWalk(lines: Line[], active: string | null, setActive: (id: string | null) => void): void {
  const walk = useRef((_step: 1 | -1) => {});
  walk.current = (step) => {
    const next = neighbour(lines, active, step);
    setActive(next);
    requestAnimationFrame(() => focusRow(next));
  };
  const commands = useMemo(
    (): Command[] => [
      { id: 'next-service', title: 'Next service', group: 'On this page', keys: 'j', hidden: true, run: () => walk.current(1) },
      { id: 'previous-service', title: 'Previous service', group: 'On this page', keys: 'k', hidden: true, run: () => walk.current(-1) },
    ],
    [],
  );
  useCommands(commands);
}

function focusRow(id: string | null): void {
  if (!id) return;
  const link = document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] a`);
  link?.focus({ preventScroll: true });
  link?.closest('[role=row]')?.scrollIntoView({ block: 'nearest' });
}

interface BodyProps {
  lines: Line[];
  active: string | null;
  body: RefObject<HTMLDivElement | null>;
  pick: boolean; // rows can be chosen
  onFold: (key: keyof Open) => void;
}

function LineOf({ line, index, pick, onFold }: { line: Line; index: number; pick: boolean; onFold: (key: keyof Open) => void }) {
  if (line.type === 'row') return <Row id={line.key} index={index + 2} pick={pick} />;
  if (line.type === 'head') return <Head head={line} index={index + 2} />;
  return <Unfold fold={line} index={index + 2} onFold={onFold} />;
}

function PlainBody({ lines, pick, onFold }: BodyProps) {
  return lines.map((l, i) => <LineOf key={l.key} line={l} index={i} pick={pick} onFold={onFold} />);
}

function VirtualBody({ lines, active, body, pick, onFold }: BodyProps) {
  const kept = active === null ? -1 : lines.findIndex((l) => l.key === active);
  const extractor = useCallback((r: Range) => visible(r, kept), [kept]);
  const virtual = useWindowVirtualizer({
    count: lines.length,
    estimateSize: rowHeight,
    overscan,
    scrollMargin: body.current?.offsetTop ?? 0,
    getItemKey: (i) => lines[i]?.key ?? i,
    rangeExtractor: extractor,
  });
  useEffect(() => {
    if (kept >= 0) virtual.scrollToIndex(kept, { align: 'auto' });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only a walk scrolls, not a list that changes
  }, [active]);
  const place = (v: VirtualItem) => ({ transform: `translateY(${v.start - virtual.options.scrollMargin}px)` });
  return (
    <div className="relative" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map((v) => {
        const line = lines[v.index];
        return (
          line && (
            <div key={v.key} role="presentation" className="absolute inset-x-0 top-0" style={place(v)}>
              <LineOf line={line} index={v.index} pick={pick} onFold={onFold} />
            </div>
          )
        );
      })}
    </div>
  );
}

/* What is seen and a little around it, and the focused row wherever it is. */
function visible({ startIndex, endIndex, overscan: more, count }: Range, kept: number): number[] {
  const from = Math.max(0, startIndex - more);
  const to = Math.min(count - 1, endIndex + more);
  const all = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  if (kept >= 0 && kept < from) return [kept, ...all];
  return kept > to ? [...all, kept] : all;
}
