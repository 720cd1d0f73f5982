// One ticking clock for all relative times: components that show one render together, and not at all while hidden.
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
const beat = 1000;
let now = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

function tick(): void {
  clearTimeout(timer);
  timer = listeners.size ? setTimeout(tick, beat * 1.25) : undefined;
  if (document.hidden) return;
  now = Date.now();
  listeners.forEach((l) => l());
}

/* Called when the page draws anyway: a second of its own frames is saved where numbers arrive every second. */
export function tickWithFrame(): void {
  if (listeners.size && Date.now() - now > beat * 0.85) tick();
}

function subscribe(l: () => void): () => void {
  listeners.add(l);
  timer ??= setTimeout(tick, beat);
  return () => listeners.delete(l);
}

/* `text` is compared, so a component renders only when what it shows changes. */
export function useClock(text: (now: number) => string): string {
  return useSyncExternalStore(
    subscribe,
    () => text(Math.max(now, Date.now() - 1000)),
    () => '',
  );
}
