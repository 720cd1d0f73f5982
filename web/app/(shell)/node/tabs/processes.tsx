'use client';
import { useState } from 'react';
import { Gate } from '@/app/parts/gate';
import { Segmented } from '@/components/field';
import { Processes } from '../processes';
import { Tree } from './tree';

const views = [
  { value: 'tree', label: 'All, as a tree' },
  { value: 'top', label: 'Busiest' },
] as const;

/* Everything that runs on it; signals for those who may. */
export default function ProcessesTab({ node }: { node: string }) {
  const [view, setView] = useState<'tree' | 'top'>('tree');
  return (
    <Gate permission="processes:read" what="see processes" spot={{ node, labels: [] }} level="h3">
      <div className="stack">
        <div>
          <Segmented label="View" value={view} options={[...views]} onChange={setView} />
        </div>
        {view === 'tree' ? <Tree node={node} /> : <Processes node={node} />}
      </div>
    </Gate>
  );
}
