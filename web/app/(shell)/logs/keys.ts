'use client';
import { useMemo, useRef } from 'react';
import { toggleWrap } from '@/app/parts/logs/view';
import { useCommands, type Command } from '@/state/commands';

export interface LogKeys {
  walk: (step: 1 | -1) => void;
  hit: (step: 1 | -1) => void;
  ends: (which: 'first' | 'last') => void;
  follow: () => void;
  pause: () => void;
  open: () => void;
  close: () => void;
  copy: () => void;
  choose: () => void;
}

/* The keys of a log, named for the palette and the `?` sheet. */
export function useLogKeys(keys: LogKeys): void {
  const now = useRef(keys);
  now.current = keys;
  const commands = useMemo((): Command[] => {
    const key = (id: string, title: string, word: string, run: () => void, hidden = true): Command => ({ id: `log ${id}`, title, group: 'On this page', keys: word, hidden, run });
    return [
      key('choose', 'Choose what to read', 's', () => now.current.choose(), false),
      key('follow', 'Follow the newest lines, or let go', 'f', () => now.current.follow(), false),
      key('pause', 'Pause or go on', 'Space', () => now.current.pause(), false),
      key('wrap', 'Wrap lines', 'w', toggleWrap, false),
      key('next', 'Next line', 'j', () => now.current.walk(1)),
      key('previous', 'Previous line', 'k', () => now.current.walk(-1)),
      key('open', 'Open the line', 'Enter', () => now.current.open()),
      key('close', 'Close the line', 'Escape', () => now.current.close()),
      key('copy', 'Copy the line', 'c', () => now.current.copy()),
      key('hit', 'Next match', 'n', () => now.current.hit(1)),
      key('hit-before', 'Previous match', 'Shift+n', () => now.current.hit(-1)),
      key('first', 'Oldest line that is here', 'g g', () => now.current.ends('first')),
      key('last', 'Newest line', 'Shift+g', () => now.current.ends('last')),
    ];
  }, []);
  useCommands(commands);
}
