'use client';
import { useSyncExternalStore, type ReactNode } from 'react';

const never = () => () => {};

/* True in the browser after hydration: dates, queries of the address and virtual lists wait for it, because the policy
   drops prerendered styles and a prerendered date is never right. */
export const useMounted = (): boolean =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  );

export function Mounted({ children, fallback = null }: { children: ReactNode; fallback?: ReactNode }) {
  return useMounted() ? children : fallback;
}
