// The parts of a node's page, and where they are: /node?id=tower&tab=processes. Pure.
import { nodeHref } from './links';

export const tabs = ['overview', 'processes', 'storage', 'network', 'system', 'agent'] as const;
export type NodeTab = (typeof tabs)[number];

export const tabWord: Record<NodeTab, string> = { overview: 'Overview', processes: 'Processes', storage: 'Storage', network: 'Network', system: 'System', agent: 'Agent' };

export const tabOf = (text: string | null): NodeTab => tabs.find((t) => t === text) ?? 'overview';
export const tabHref = (node: string, tab: NodeTab): string => (tab === 'overview' ? nodeHref(node) : `${nodeHref(node)}&tab=${tab}`);
