import { useEffect, useSyncExternalStore } from 'react';
import { series, type NodeVitals } from '@/stream/series';
import { live } from './live';

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

const idle = 1200; // numbers first, then the lines behind them

/* Older points of the sparklines come when the page has nothing better to do. */
export function useTrends(): void {
  useEffect(() => {
    const timer = setTimeout(() => void live()?.fillTrends(), idle);
    return () => clearTimeout(timer);
  }, []);
}
