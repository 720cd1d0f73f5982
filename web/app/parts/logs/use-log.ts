'use client';
// What a log view does: reads, walks from line to line, steps from match to match.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { LogLine } from '@/api/logs';
import { moment } from '@/lib/format';
import { searchQuery, type LogQuery } from '@/lib/log-address';
import { searchFor, type Search } from '@/lib/log-text';
import { LogReader, useLogView, type LogView } from '@/state/log-reader';
import { toast } from '@/state/ui';
import type { LinesHandle } from './lines';
import { matchesLine } from './parsed';

export interface Log {
  reader: LogReader;
  view: LogView;
  search: Search;
  active: string | null;
  setActive: (cursor: string | null) => void;
  handle: React.RefObject<LinesHandle | null>;
  walk: (step: 1 | -1) => LogLine | null;
  hit: (step: 1 | -1) => void;
  ends: (which: 'first' | 'last') => void;
}

/* Pass a memoised query; null: not known yet. */
export function useLog(query: LogQuery | null, line: string | null, text: string, regex: boolean): Log {
  const [reader] = useState(() => new LogReader());
  const view = useLogView(reader);
  const search = useMemo(() => searchFor(text, regex), [text, regex]);
  const [active, setActive] = useState<string | null>(line);
  const handle = useRef<LinesHandle>(null);
  useOpening(reader, query, line, setActive);
  useEffect(() => {
    if (reader.get().marked) setActive(reader.get().marked);
  }, [reader, view.generation]);
  const chosen = () => (active === null ? -1 : view.window.indexOfCursor(active));
  const show = (index: number): LogLine | null => {
    const item = view.window.items[index];
    if (item?.type !== 'line') return null;
    reader.letGo();
    setActive(item.line.cursor);
    handle.current?.show(index);
    return item.line;
  };
  const walk = (step: 1 | -1) => {
    const from = chosen();
    return show(view.window.seek(from < 0 && step < 0 ? view.window.items.length : from, step, () => true));
  };
  const hit = (step: 1 | -1) => {
    const { matcher } = search;
    if (!text || !query) return;
    const from = chosen();
    const at = matcher ? view.window.seek(from < 0 ? view.window.items.length : from, step, (l) => matchesLine(l, matcher)) : -1;
    if (at >= 0) show(at);
    else void beyond(reader, searchQuery(query, text, regex), step, setActive);
  };
  const ends = (which: 'first' | 'last') => {
    if (which === 'last') return reader.follow();
    reader.letGo();
    handle.current?.show(0);
  };
  return { reader, view, search, active, setActive, handle, walk, hit, ends };
}

async function beyond(reader: LogReader, query: LogQuery, step: 1 | -1, setActive: (c: string) => void): Promise<void> {
  try {
    const { cursor, reached } = await reader.find(query, step);
    const far = reached === null ? '' : ` so far: searched ${step < 0 ? 'back' : 'on'} to ${moment(reached, Date.now())}`;
    if (!cursor) return toast(`No ${step < 0 ? 'older' : 'newer'} line matches${far}`, 'info');
    setActive(cursor);
    reader.openAt(cursor);
  } catch (e) {
    if (e instanceof Error && e.name !== 'AbortError') toast(e.message, 'bad');
  }
}

/* A line that goes from the address because the newest are followed again opens nothing anew. */
function useOpening(reader: LogReader, query: LogQuery | null, line: string | null, setActive: (c: string | null) => void): void {
  const opened = useRef<LogQuery | null>(null);
  useEffect(() => {
    if (!query || (opened.current === query && line === null && reader.get().following)) return;
    opened.current = query;
    setActive(line);
    void reader.open(query, line);
  }, [reader, query, line, setActive]);
  useEffect(
    () => () => {
      opened.current = null;
      reader.stop();
    },
    [reader],
  );
}

export interface Shown {
  line: LogLine | null; // whose detail is open
  pick: (line: LogLine) => void;
  open: () => void; // that of the chosen line
  close: () => void;
  chosen: () => LogLine | null;
}

/* The detail goes along with the chosen line while it is open. */
export function useDetail({ reader, view, active, setActive }: Log): Shown {
  const [line, setLine] = useState<LogLine | null>(null);
  const chosen = useCallback((): LogLine | null => {
    const { window } = reader.get();
    const item = active === null ? undefined : window.items[window.indexOfCursor(active)];
    return item?.type === 'line' ? item.line : null;
  }, [reader, active]);
  useEffect(() => {
    setLine((l) => (l && active !== l.cursor ? (chosen() ?? l) : l));
  }, [active, chosen, view.generation]);
  const pick = (l: LogLine) => {
    reader.letGo();
    setActive(l.cursor);
    setLine(l);
  };
  return { line, pick, open: () => setLine(chosen()), close: () => setLine(null), chosen };
}
