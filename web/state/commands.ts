// One registry of commands feeds the keys, the palette and the `?` sheet. Screens add theirs while they are shown.
import { useEffect } from 'react';
import { create } from 'zustand';

export interface Command {
  id: string;
  title: string; // a verb first: "Go to services", "Restart plex"
  group: 'Go to' | 'Actions' | 'On this page' | 'Appearance';
  keys?: string; // "g s", "/", "Mod+k"; shown as they are typed
  note?: string;
  hidden?: boolean; // a key only: not offered in the palette
  run: () => void;
}

interface Registry {
  sets: ReadonlyMap<symbol, Command[]>;
}

export const useRegistry = create<Registry>(() => ({ sets: new Map() }));

export const allCommands = (sets: ReadonlyMap<symbol, Command[]>): Command[] => [...sets.values()].flat();

export function register(commands: Command[]): () => void {
  const key = Symbol('commands');
  useRegistry.setState(({ sets }) => ({ sets: new Map(sets).set(key, commands) }));
  return () =>
    useRegistry.setState(({ sets }) => {
      const left = new Map(sets);
      left.delete(key);
      return { sets: left };
    });
}

/* Pass a memoised list. */
export function useCommands(commands: Command[]): void {
  useEffect(() => register(commands), [commands]);
}
