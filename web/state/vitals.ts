import { useSyncExternalStore } from 'react';
import { series, type NodeVitals } from '@/stream/series';

/* Renders its component at every sample of that node: keep what uses it small. */
export function useVitals(node: string): NodeVitals {
  const vitals = series.vitals(node);
  useSyncExternalStore(
    vitals.subscribe,
    () => vitals.version,
    () => 0,
  );
  return vitals;
}
