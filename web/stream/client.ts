// The tab's end of the stream: finds the worker (or runs the hub itself), says hello and goodbye, hands events on.
import { Hub } from './hub';
import type { FromWorker, StreamStatus, ToWorker, WireEvent } from './protocol';

export interface StreamHandlers {
  events(events: WireEvent[]): void;
  status(status: StreamStatus, cursor: string | null): void;
  /* Back from the page cache: what happened meanwhile is unknown. */
  returned(): void;
}

export interface Stream {
  begin(since: string): void;
  setTopics(topics: string[]): void;
  retry(): void;
  close(): void;
}

type Send = (message: ToWorker) => void;

export function openStream(handlers: StreamHandlers, topics: string[]): Stream {
  const lock = `hydra-tab-${crypto.randomUUID?.() ?? Math.random()}`;
  const releaseLock = holdLock(lock);
  const send = connectPort((m) => {
    if (m.type === 'events') handlers.events(m.events);
    else handlers.status(m.status, m.cursor);
  });
  let wanted = topics;
  let since: string | null = null;
  const hello = () => send({ type: 'hello', topics: wanted, since, lock });
  const away = () => send({ type: 'bye' });
  const back = (e: PageTransitionEvent) => {
    if (!e.persisted) return;
    since = null;
    hello();
    handlers.returned();
  };
  addEventListener('pagehide', away);
  addEventListener('pageshow', back);
  hello();
  return {
    begin: (id) => {
      since = id;
      send({ type: 'since', id });
    },
    setTopics: (next) => send({ type: 'topics', topics: (wanted = next) }),
    retry: () => send({ type: 'retry' }),
    close: () => {
      removeEventListener('pagehide', away);
      removeEventListener('pageshow', back);
      away();
      releaseLock();
    },
  };
}

function holdLock(name: string): () => void {
  let release = () => {};
  const held = new Promise<void>((done) => (release = done));
  void navigator.locks?.request(name, () => held);
  return release;
}

function connectPort(receive: (m: FromWorker) => void): Send {
  if (typeof SharedWorker === 'undefined') return inPage(receive);
  const worker = new SharedWorker(new URL('./stream.worker.ts', import.meta.url), {
    type: 'module',
    name: `hydra-stream-${process.env.NEXT_PUBLIC_STREAM}`,
  });
  worker.port.onmessage = (e: MessageEvent<FromWorker>) => receive(e.data);
  return (m) => worker.port.postMessage(m);
}

const hiddenLimit = 60_000;

/* No SharedWorker: the same hub in the page, which lets go after a hidden minute and catches up when seen again. */
function inPage(receive: (m: FromWorker) => void): Send {
  const hub = new Hub();
  const port = { postMessage: (m: FromWorker) => queueMicrotask(() => receive(m)) };
  let last: Extract<ToWorker, { type: 'hello' }> | null = null;
  let cursor: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let left = false;
  const noted = { postMessage: (m: FromWorker) => (note(m), port.postMessage(m)) };
  const note = (m: FromWorker) => {
    const seen = m.type === 'events' ? m.events.at(-1)?.id : m.cursor;
    if (seen) cursor = seen;
  };
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => {
        left = true;
        hub.detach(noted);
      }, hiddenLimit);
    } else if (left && last) {
      left = false;
      hub.receive(noted, { ...last, since: cursor });
    }
  });
  return (m) => {
    if (m.type === 'hello') last = m;
    if (m.type === 'topics' && last) last = { ...last, topics: m.topics };
    hub.receive(noted, m);
  };
}
