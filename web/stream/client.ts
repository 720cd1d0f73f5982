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
  const port = connectPort((m) => {
    if (m.type === 'events') handlers.events(m.events);
    else handlers.status(m.status, m.cursor);
  });
  const { held, release } = holdLock(lock);
  const send: Send = (m) => void held.then(() => port(m));
  let wanted = topics;
  let since: string | null = null;
  const hello = () => send({ type: 'hello', topics: wanted, since, lock });
  const away = () => port({ type: 'bye' });
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
      release();
    },
  };
}

/* The worker waits for this lock and takes its coming as the tab's end, so it must not hear of the tab before we hold it. */
function holdLock(name: string): { held: Promise<void>; release: () => void } {
  if (!navigator.locks) return { held: Promise.resolve(), release: () => {} };
  let release = () => {};
  const end = new Promise<void>((done) => (release = done));
  const held = new Promise<void>((granted) => {
    void navigator.locks.request(name, () => {
      granted();
      return end;
    });
  });
  return { held, release };
}

function connectPort(receive: (m: FromWorker) => void): Send {
  if (typeof SharedWorker === 'undefined') return inPage(receive);
  const worker = new SharedWorker(new URL('./stream.worker.ts', import.meta.url), {
    type: 'module',
    name: `hydra-stream-${process.env.NEXT_PUBLIC_STREAM}`,
  });
  let send: Send = (m) => worker.port.postMessage(m);
  const sent: ToWorker[] = []; // until the worker has spoken: it may never come
  let alive = false;
  worker.port.onmessage = (e: MessageEvent<FromWorker>) => {
    alive = true;
    sent.length = 0;
    receive(e.data);
  };
  worker.onerror = () => {
    if (alive) return;
    send = inPage(receive); // its script could not be read: the page looks after itself
    sent.splice(0).forEach(send);
  };
  return (m) => {
    if (!alive) sent.push(m);
    send(m);
  };
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
