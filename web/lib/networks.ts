// Which networks of its engine a container can join or leave, and how each is called. Pure.
import type { EngineNetworks } from '@/api/types';

export type NetworkDeed = 'connect' | 'disconnect';

type Network = EngineNetworks['networks'][number];

/* "media: bridge", "backend: overlay, swarm, leads nowhere else" */
const textOf = (n: Network): string => `${n.name}: ${[n.driver, n.scope !== 'local' && n.scope, n.internal && 'leads nowhere else'].filter(Boolean).join(', ')}`;

export const networksFor = (all: Network[], deed: NetworkDeed): { name: string; text: string }[] =>
  all.filter((n) => (deed === 'connect' ? n.joinable && !n.joined : n.joined)).map((n) => ({ name: n.name, text: textOf(n) }));
