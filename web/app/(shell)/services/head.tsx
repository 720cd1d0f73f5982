'use client';
import { lazy, Suspense } from 'react';
import type { GroupHead } from '@/lib/services';

const Project = lazy(() => import('./project'));

export function Head({ head, index }: { head: GroupHead; index: number }) {
  return (
    <div role="row" aria-rowindex={index} className="svc-head">
      <span role="rowheader" className="ell font-medium text-fg-2">
        {head.title}
      </span>
      <span role="cell" className="num text-fg-3">
        {head.project ? `on ${head.project.node} · ${head.total}` : head.total}
      </span>
      {head.bad > 0 && (
        <span role="cell" className="num whitespace-nowrap text-warn">
          {head.bad} not well
        </span>
      )}
      {head.project && (
        <Suspense>
          <Project of={head.project} />
        </Suspense>
      )}
    </div>
  );
}
