// How far a machine has come on its way to being a node. Pure: the screen hands in what it knows.
interface Token {
  state: 'waiting' | 'used' | 'expired';
  used: string | null;
}
interface Joining {
  state: 'online' | 'late' | 'away';
  os: string;
  agent: { connected: string | null };
}

export type Joined = 'waiting' | 'enrolled' | 'reporting' | 'expired' | 'withdrawn';

/* `left`: what remains of the token, in ms. A node that is replaced is there before its machine is: only an agent that came
   since counts. */
export function progressOf(token: Token | undefined, node: Joining | undefined, left: number): Joined {
  if (!token) return 'withdrawn';
  if (token.used) return node && isReporting(node, Date.parse(token.used)) ? 'reporting' : 'enrolled';
  return token.state === 'expired' || left <= 0 ? 'expired' : 'waiting';
}

const isReporting = (node: Joining, since: number): boolean => node.state === 'online' && !!node.os && !!node.agent.connected && Date.parse(node.agent.connected) >= since;

/* "9:05", and in words from an hour on where seconds mean nothing. */
export function countdown(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  if (s >= 86_400) return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}
