'use client';
import { useMemo } from 'react';
import type { LogLine } from '@/api/logs';
import { countLevels, levelLook, type LevelCounts } from '@/lib/log-levels';
import type { Matcher } from '@/lib/log-text';
import type { LogView } from '@/state/log-reader';
import { volumeOf, type Volume } from '@/lib/volume';
import { matchesLine } from './parsed';

function* linesOf(view: LogView): Generator<LogLine> {
  for (const i of view.window.items) if (i.type === 'line') yield i.line;
}

function* levelsOf(view: LogView): Generator<string | null> {
  for (const l of linesOf(view)) yield l.level;
}

function* weightsOf(view: LogView): Generator<{ t: number; weight: ReturnType<typeof levelLook>['weight'] }> {
  for (const l of linesOf(view)) yield { t: l.t, weight: levelLook(l.level).weight };
}

/* Renewed at most twice a second: see `slow`. */
/* eslint-disable react-hooks/exhaustive-deps */
export const useLevelCounts = (view: LogView): LevelCounts => useMemo(() => countLevels(levelsOf(view)), [view.slow, view.generation]);
export const useVolume = (view: LogView, bars: number): Volume | null => useMemo(() => volumeOf(weightsOf(view), bars), [view.slow, view.generation, bars]);

export function useHits(view: LogView, matcher: Matcher | null): number | null {
  return useMemo(() => {
    if (!matcher) return null;
    let n = 0;
    for (const l of linesOf(view)) if (matchesLine(l, matcher)) n++;
    return n;
  }, [view.slow, view.generation, matcher]);
}
