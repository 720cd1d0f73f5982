// What a tab and the worker say to each other.
export interface WireEvent {
  id: string;
  event: string;
  data: string;
}

export type StreamStatus =
  | { state: 'idle' }
  | { state: 'connecting'; since: number }
  | { state: 'live'; since: number; rtt: number }
  | { state: 'waiting'; since: number; until: number; attempt: number }
  | { state: 'ended'; why: 'signed-out' | 'forbidden' };

export type ToWorker =
  | { type: 'hello'; topics: string[]; since: string | null; lock: string }
  | { type: 'topics'; topics: string[] }
  | { type: 'since'; id: string } // the tab has a snapshot that stands for this id
  | { type: 'retry' }
  | { type: 'bye' };

export type FromWorker =
  | { type: 'status'; status: StreamStatus; cursor: string | null }
  | { type: 'events'; events: WireEvent[] };

/* Ids are "<epoch>-<sequence>"; a later epoch is a later server. Negative: a is older. */
export function compareIds(a: string, b: string): number {
  const [ea = 0, sa = 0] = a.split('-').map(Number);
  const [eb = 0, sb = 0] = b.split('-').map(Number);
  return ea === eb ? sa - sb : ea - eb;
}
