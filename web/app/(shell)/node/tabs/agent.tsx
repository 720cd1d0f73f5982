'use client';
import type { NodeDetail, NodeFacts } from '@/api/types';
import { Agent } from '../agent';
import { Sources } from '../sources';
import { Policy } from './policy';

/* What speaks for this machine, what it lets itself be told, and what it can read. */
export default function AgentTab({ node, detail }: { node: NodeFacts; detail: NodeDetail }) {
  return (
    <div className="columns">
      <Policy node={node} />
      <div className="stack">
        <Agent node={node} />
        <Sources list={detail.sources} />
      </div>
    </div>
  );
}
