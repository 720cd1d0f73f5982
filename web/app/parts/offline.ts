'use client';
import { useConnection } from '@/state/connection';

/* While the connection is lost, what changes things can't be asked: spread it over the button. */
export function useOffline(): { disabled?: boolean; 'data-tip'?: string } {
  const lost = useConnection((s) => s.lost || s.stale);
  return lost ? { disabled: true, 'data-tip': 'Not while the connection to Hydra is lost' } : {};
}
