// One ticking clock for all relative times: components that show one render together, and not at all while hidden.
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let now = 0;
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  if (document.hidden) return;
  now = Date.now();
  listeners.forEach((l) => l());
}

function subscribe(l: () => void): () => void {
  listeners.add(l);
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(l);
    if (!listeners.size) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/* `text` is compared, so a component renders only when what it shows changes. */
export function useClock(text: (now: number) => string): string {
  return useSyncExternalStore(
    subscribe,
    () => text(Math.max(now, Date.now() - 1000)),
    () => '',
  );
}
