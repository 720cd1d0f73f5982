'use client';
import { useMemo } from 'react';
import type { LogLine, LogSource } from '@/api/logs';

export interface SourceNames {
  name: (l: LogLine) => string;
  colour: (l: LogLine) => number; // one to eight
  titleOf: (id: string) => string;
  listed: (l: LogLine) => boolean;
  colourOf: (id: string) => number;
}

const colours = 8;
const field = (l: LogLine, n: string): string | null => (typeof l.fields?.[n] === 'string' ? l.fields[n] : null);
const lastPart = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

/* A source keeps its colour while it is chosen; a line of a node has its node's. */
export function useSourceNames(chosen: string[], sources: LogSource[] | undefined): SourceNames {
  return useMemo(() => {
    const names = new Map(sources?.map((s) => [s.service, s.name]));
    const place = new Map(chosen.map((id, i) => [id, (i % colours) + 1]));
    const titleOf = (id: string) => names.get(id) ?? lastPart(id);
    const colourOf = (id: string) => place.get(id) ?? 8;
    return {
      titleOf,
      listed: (l) => l.service !== null && names.has(l.service),
      colourOf,
      name: (l) => (l.service ? titleOf(l.service) : (field(l, 'identifier') ?? field(l, 'unit') ?? l.node)),
      colour: (l) => (l.service && place.get(l.service)) || colourOf(l.node),
    };
  }, [chosen, sources]);
}
