'use client';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useEffect, useMemo } from 'react';
import { call } from '@/api/client';
import { KeySequence } from '@/lib/keys';
import { allCommands, useCommands, useRegistry, type Command } from '@/state/commands';
import { useSession } from '@/state/session';
import { applyTheme, openOverlay, shownTheme, useUi, type Theme } from '@/state/ui';
import { places } from './places';

export function focusSearch(): void {
  const box = document.querySelector<HTMLInputElement>('[data-search]');
  if (box) box.select();
  else openOverlay('palette');
}

/* Kept on the server too, so that it follows the person to another browser. */
export function useSetTheme(): (theme: Theme) => void {
  const client = useQueryClient();
  const session = useSession();
  return (theme) => {
    applyTheme(theme);
    if (!session) return;
    const preferences = { ...session.preferences, theme };
    client.setQueryData(['session'], { ...session, preferences });
    void call('/api/web/profile', { method: 'PUT', body: { preferences } }).catch(() => {});
  };
}

export async function signOut(): Promise<void> {
  await call('/api/web/logout', { method: 'POST' }).catch(() => {});
  location.assign('/login');
}

const fixed: Command[] = [
  { id: 'palette', title: 'Search or run a command', group: 'Actions', keys: 'Mod+k', hidden: true, run: () => openOverlay('palette') },
  { id: 'keys', title: 'Show all keys', group: 'Actions', keys: '?', run: () => openOverlay('keys') },
  { id: 'search', title: 'Search on this page', group: 'On this page', keys: '/', hidden: true, run: focusSearch },
];

/* The commands that every screen has. */
export function useShellCommands(): void {
  const router = useRouter();
  const session = useSession();
  const setTheme = useSetTheme();
  const permissions = session?.permissions;
  const go = useMemo(() => {
    const open = places.filter((p) => !p.needs || permissions?.includes(p.needs));
    return open.map((p): Command => ({
      id: `go ${p.href}`,
      title: p.title,
      group: 'Go to',
      keys: p.keys,
      run: () => router.push(p.href),
    }));
  }, [router, permissions]);
  const adds = useMemo(
    (): Command[] => (permissions?.includes('nodes:write') && !session?.limits ? [{ id: 'add-a-node', title: 'Add a node', group: 'Actions', run: () => router.push('/nodes?add') }] : []),
    [router, permissions, session?.limits],
  );
  const looks = useMemo((): Command[] => {
    const look = (theme: Theme): Command => ({ id: `theme ${theme}`, title: `Use the ${theme} theme`, group: 'Appearance', run: () => setTheme(theme) });
    const flip = () => setTheme(shownTheme() === 'dark' ? 'light' : 'dark');
    return [
      { id: 'theme', title: 'Switch between dark and light', group: 'Appearance', keys: 't', run: flip },
      look('dark'),
      look('light'),
      look('system'),
      { id: 'sign-out', title: 'Sign out', group: 'Actions', run: () => void signOut() },
    ];
    // eslint-disable-next-line react-hooks/exhaustive-deps -- setTheme reads the session when it runs
  }, [session]);
  useCommands(fixed);
  useCommands(go);
  useCommands(adds);
  useCommands(looks);
}

const typing = (t: EventTarget | null): boolean =>
  t instanceof HTMLElement && (t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName)) && !isChoice(t);
const presses = (t: EventTarget | null, key: string): boolean =>
  (key === ' ' || key === 'Enter') && t instanceof HTMLElement && !!t.closest('button, a, summary, input, [role=menuitem]');
const isEmptySearch = (t: EventTarget | null): t is HTMLInputElement => t instanceof HTMLInputElement && t.matches('[data-search]') && !t.value;
const isChoice = (t: HTMLElement): boolean => t instanceof HTMLInputElement && /^(radio|checkbox)$/.test(t.type);

/* One listener for all keys. In a text field only combinations with Ctrl or ⌘ count. */
export function useShellKeys(): void {
  useEffect(() => {
    const words = () => allCommands(useRegistry.getState().sets).flatMap((c) => c.keys ?? []);
    const sequence = new KeySequence(words);
    const onKey = (e: KeyboardEvent) => {
      const combined = e.ctrlKey || e.metaKey;
      if (e.key === 'Escape' && isEmptySearch(e.target)) return e.target.blur(); // the first press empties it
      if (e.defaultPrevented || presses(e.target, e.key) || (typing(e.target) && !combined)) return;
      if (useUi.getState().overlay || document.querySelector('[role=dialog]')) return;
      const word = sequence.press(e, performance.now());
      const command = word ? allCommands(useRegistry.getState().sets).findLast((c) => c.keys === word) : undefined;
      if (!command) return;
      e.preventDefault();
      command.run();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
