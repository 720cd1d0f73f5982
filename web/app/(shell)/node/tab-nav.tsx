'use client';
import { useEffect, useRef } from 'react';
import { Link } from '@/components/link';
import { tabHref, tabs, tabWord, type NodeTab } from '@/lib/node-tabs';
import { useMay } from '@/state/session';

/* The parts of the page. Each has an address of its own. */
export function TabNav({ node, current }: { node: string; current: NodeTab }) {
  const processes = useMay('processes:read');
  const here = useRef<HTMLElement>(null);
  useEffect(() => {
    here.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current, processes]);
  return (
    <nav ref={here} aria-label="Parts of this node" className="tabs">
      {tabs
        .filter((t) => t !== 'processes' || processes)
        .map((t) => (
          <Link key={t} here href={tabHref(node, t)} aria-current={t === current ? 'page' : undefined} className="tab">
            {tabWord[t]}
          </Link>
        ))}
    </nav>
  );
}
