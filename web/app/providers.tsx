'use client';
import { notifyManager, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { ApiError } from '@/api/client';

/* A refusal is an answer: only an unreachable or failing server is asked again. */
const worthAnother = (failures: number, error: Error): boolean =>
  failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500);

// What a frame's patches change is drawn in that frame, not in one of its own.
notifyManager.setScheduler(queueMicrotask);

const makeClient = () => new QueryClient({ defaultOptions: { queries: { retry: worthAnother, staleTime: 5000 } } });

export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(makeClient);
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}
