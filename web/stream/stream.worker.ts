// The SharedWorker's entry: one hub, a port per tab. Ports don't report closing, so each tab holds a lock that frees when
// it dies, however it dies.
import { Hub } from './hub';
import type { ToWorker } from './protocol';

const hub = new Hub();
const scope = self as unknown as { onconnect: (e: MessageEvent) => void };

scope.onconnect = (e) => {
  const port = e.ports[0];
  if (!port) return;
  port.onmessage = (m: MessageEvent<ToWorker>) => {
    hub.receive(port, m.data);
    if (m.data.type === 'hello') void navigator.locks?.request(m.data.lock, () => hub.detach(port));
  };
};
