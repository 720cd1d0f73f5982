// The page's end of a live log.
import type { FromFeed, ToFeed } from './log-feed';

export interface Tail {
  send(m: ToFeed): void;
  end(): void;
}

export function openTail(receive: (m: FromFeed) => void): Tail {
  const worker = new Worker(new URL('./logs.worker.ts', import.meta.url), { type: 'module', name: 'hydra-logs' });
  worker.onmessage = (e: MessageEvent<FromFeed>) => receive(e.data);
  worker.onerror = () => receive({ type: 'status', status: { state: 'ended', status: 0, text: 'The script that reads the log could not be loaded. Load the page again.' } });
  return {
    send: (m) => worker.postMessage(m),
    end: () => worker.terminate(),
  };
}
