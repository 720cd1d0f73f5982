'use client';
import { useConnection } from '@/state/connection';

/* While the connection is lost, what changes things can't be asked: spread it over the button. */
export function useOffline(): { disabled?: boolean; 'data-tip'?: string } {
  const stale = useConnection((s) => s.stale);
  return stale ? { disabled: true, 'data-tip': 'Not while the connection to Hydra is lost' } : {};
}
