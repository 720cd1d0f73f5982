'use client';
import { kernelLogQuery } from '@/api/keys';
import type { KernelLog } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { Time } from '@/app/parts/time';
import { Chip } from '@/components/chip';
import { Shape } from '@/components/shape';
import { integer } from '@/lib/format';
import { useMayThere } from '@/state/session';

/* What the kernel complained about since it started; what it said over and over is one line. */
export function KernelErrors({ node }: { node: string }) {
  return useMayThere('logs:read', { node, labels: [] }) ? <Told node={node} /> : null;
}

function Told({ node }: { node: string }) {
  const query = useAsked(node, kernelLogQuery(node));
  return (
    <Asked node={node} query={query} title="Errors of the kernel" note={(k) => k.boot_time && <>since it started, <Time of={k.boot_time} /></>}>
      {(k) => (k.entries.length ? <Entries of={k} /> : <p className="px-4 py-3 text-fg-2">None since it started.</p>)}
    </Asked>
  );
}

const grave = new Set(['emerg', 'alert', 'crit']);

function Entries({ of: k }: { of: KernelLog }) {
  return (
    <>
      <ul>
        {k.entries.map((e) => (
          <li key={e.time + e.text} className="flex items-start gap-2.5 border-t border-line px-4 py-2 first:border-0">
            <Shape shape={grave.has(e.level) ? 'bad' : 'warn'} label={grave.has(e.level) ? 'Critical' : 'Error'} className="mt-[5px]" />
            <span className="min-w-0 flex-1">
              <span className="block font-mono text-12 [overflow-wrap:anywhere]">{e.text}</span>
              {e.count > 1 && (
                <span className="text-12 text-fg-3">
                  since <Time of={e.first} />
                </span>
              )}
            </span>
            {e.count > 1 && <Chip>{integer(e.count)} times</Chip>}
            <span className="text-12 whitespace-nowrap text-fg-3">
              <Time of={e.time} />
            </span>
          </li>
        ))}
      </ul>
      {k.cut && <p className="border-t border-line px-4 py-2 text-12 text-fg-3">There were more; these are the newest.</p>}
    </>
  );
}
