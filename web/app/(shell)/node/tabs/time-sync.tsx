'use client';
import { timeQuery } from '@/api/keys';
import type { TimeState } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { FactList, type Fact } from '@/components/fact-list';
import { Shape } from '@/components/shape';
import { number } from '@/lib/format';

/* Is its clock right, and who sees to that? */
export function TimeSync({ node }: { node: string }) {
  const query = useAsked(node, timeQuery(node));
  return (
    <Asked node={node} query={query} title="Clock" rows={3}>
      {(t) => (
        <>
          <p className="flex items-start gap-2.5 px-4 pt-2.5">
            <Shape shape={t.synchronised ? 'ok' : 'warn'} label={t.synchronised ? 'Synchronised' : 'Not synchronised'} className="mt-[5px]" />
            {t.text}
          </p>
          <FactList facts={factsOf(t)} />
        </>
      )}
    </Asked>
  );
}

const ms = (n: number | null) => n !== null && `${number(n)} ms`;

const factsOf = (t: TimeState): Fact[] => [
  { name: 'Time zone', value: t.zone },
  { name: 'Kept right by', value: t.by },
  { name: 'Off by', value: ms(t.offset_ms) },
  { name: 'At most', value: ms(t.max_error_ms) },
  { name: 'Hardware clock', value: t.rtc_local && <span className="text-warn">in local time</span> },
];
