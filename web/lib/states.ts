// One table says how a state looks and what it is called; shape and word always go together.
export type Shape = 'ok' | 'warn' | 'bad' | 'unknown' | 'unchecked' | 'info' | 'working' | 'stopped' | 'silenced';

export type ServiceState = 'healthy' | 'unchecked' | 'degraded' | 'down' | 'unknown' | 'working' | 'stopped';
export type NodeState = 'online' | 'late' | 'away';
export type Severity = 'ok' | 'info' | 'warn' | 'bad' | 'unknown';

export interface Look {
  shape: Shape;
  word: string;
}

export const serviceLook: Record<ServiceState, Look> = {
  healthy: { shape: 'ok', word: 'Healthy' },
  unchecked: { shape: 'unchecked', word: 'No check' },
  degraded: { shape: 'warn', word: 'Degraded' },
  down: { shape: 'bad', word: 'Down' },
  unknown: { shape: 'unknown', word: 'Unknown' },
  working: { shape: 'working', word: 'Working' },
  stopped: { shape: 'stopped', word: 'Stopped' },
};

export const severityLook: Record<Severity, Look> = {
  ok: { shape: 'ok', word: 'Healthy' },
  info: { shape: 'info', word: 'Info' },
  warn: { shape: 'warn', word: 'Degraded' },
  bad: { shape: 'bad', word: 'Down' },
  unknown: { shape: 'unknown', word: 'Unknown' },
};

export function nodeLook(state: NodeState, severity: Severity): Look {
  if (state === 'away') return { shape: 'unknown', word: 'Away' };
  if (state === 'late') return { shape: 'unknown', word: 'Late' };
  return severityLook[severity];
}

/* What it is called everywhere; what it calls itself may be the name of others, too. */
export const nodeName = (n: { id: string }): string => n.id;

/* What a node calls itself, where that is not what it is called here. */
export const hostName = (n: { id: string; name: string }): string | null => (n.name && n.name !== n.id ? n.name : null);

const order: ServiceState[] = ['down', 'degraded', 'unknown', 'working', 'unchecked', 'stopped', 'healthy'];
export const stateRank = (s: ServiceState): number => order.indexOf(s);
