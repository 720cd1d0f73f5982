// What the page knows about its connection: one store, read by the shell, the banner and disabled buttons.
import { create } from 'zustand';
import type { ApiError } from '@/api/client';
import type { StreamStatus } from '@/stream/protocol';

interface ConnectionState {
  status: StreamStatus;
  lastData: number | null; // when the last event came
  lost: boolean; // there was a connection, and there is none now
  stale: boolean; // the banner's threshold has passed
  failure: ApiError | null; // why there is no first snapshot yet
  retry: () => void;
}

export const useConnection = create<ConnectionState>(() => ({
  status: { state: 'idle' },
  lastData: null,
  lost: false,
  stale: false,
  failure: null,
  retry: () => {},
}));
