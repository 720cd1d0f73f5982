// Client state that outlives a screen: theme, open overlays, toasts.
import { create } from 'zustand';

export type Theme = 'dark' | 'light' | 'system';
export type Overlay = 'palette' | 'keys' | null;

export interface Toast {
  id: number;
  tone: 'ok' | 'bad' | 'info';
  text: string;
  action?: { label: string; run: () => void };
}

interface UiState {
  theme: Theme;
  overlay: Overlay;
  toasts: Toast[];
}

export const useUi = create<UiState>(() => ({ theme: 'dark', overlay: null, toasts: [] }));

export const openOverlay = (overlay: Overlay): void => useUi.setState({ overlay });

export function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  root.dataset.switching = '';
  root.dataset.theme = theme;
  requestAnimationFrame(() => requestAnimationFrame(() => delete root.dataset.switching));
  localStorage.setItem('theme', theme);
  useUi.setState({ theme });
}

/* The theme the inline script chose before the first paint. */
export function readTheme(): Theme {
  const t = document.documentElement.dataset.theme;
  return t === 'light' || t === 'system' ? t : 'dark';
}

/* What this browser remembers, for a page whose inline script has not run. */
export function keptTheme(): Theme {
  const t = localStorage.getItem('theme');
  return t === 'light' || t === 'system' ? t : 'dark';
}

export function shownTheme(): 'dark' | 'light' {
  const t = readTheme();
  if (t !== 'system') return t;
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

let nextToast = 1;
const toastLife = 10_000;

export function toast(text: string, tone: Toast['tone'] = 'ok', action?: Toast['action']): void {
  const id = nextToast++;
  useUi.setState((s) => ({ toasts: [...s.toasts.slice(-2), { id, tone, text, action }] }));
  setTimeout(() => dropToast(id), toastLife);
}

export const dropToast = (id: number): void =>
  useUi.setState((s) => ({ toasts: s.toasts.filter((t) => t.id !== id) }));
