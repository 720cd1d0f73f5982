// Serves all tabs from one connection. Runs in the SharedWorker, or in the page where there is none.
import { Connection, type Surroundings } from './connection';
import type { FromWorker, StreamStatus, ToWorker, WireEvent } from './protocol';

export interface Port {
  postMessage(message: FromWorker): void;
}

export class Hub {
  private readonly tabs = new Map<Port, string[]>();
  private readonly connection: Connection;

  constructor(around?: Surroundings) {
    const hooks = {
      events: (events: WireEvent[]) => this.tell({ type: 'events', events }),
      status: (status: StreamStatus) => this.tell(this.statusMessage(status)),
    };
    this.connection = new Connection(hooks, around);
  }

  receive(port: Port, message: ToWorker): void {
    switch (message.type) {
      case 'hello':
        this.tabs.set(port, message.topics);
        this.reconsider();
        port.postMessage(this.statusMessage(this.connection.status));
        if (message.since) this.connection.start(message.since);
        return;
      case 'topics':
        if (this.tabs.has(port)) this.tabs.set(port, message.topics);
        return this.reconsider();
      case 'since':
        return this.connection.start(message.id);
      case 'retry':
        return this.connection.retryNow();
      case 'bye':
        return this.detach(port);
    }
  }

  detach(port: Port): void {
    if (!this.tabs.delete(port)) return;
    if (this.tabs.size) return this.reconsider();
    this.connection.stop();
    this.connection.cursor = null;
  }

  private reconsider(): void {
    this.connection.setTopics([...new Set([...this.tabs.values()].flat())].sort());
  }

  private statusMessage(status: StreamStatus): FromWorker {
    return { type: 'status', status, cursor: this.connection.cursor };
  }

  private tell(message: FromWorker): void {
    for (const port of this.tabs.keys()) port.postMessage(message);
  }
}
