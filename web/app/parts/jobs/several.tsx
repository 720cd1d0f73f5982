'use client';
import { useQueryClient } from '@tanstack/react-query';
import { serviceQuery } from '@/api/keys';
import type { Service } from '@/api/types';
import { Dialog } from '@/components/dialog';
import { count } from '@/lib/format';
import { titled } from '@/lib/actions';
import { ask, type Asking } from '@/state/asking';
import { clearSelection } from '@/state/selection';
import { StartForm, useStart } from './ask';

/* Services one after another, in the order in which they were chosen. */
export function Several({ asking }: { asking: Asking }) {
  const client = useQueryClient();
  const services = asking.ids.map((id): Pick<Service, 'id' | 'display' | 'node'> => client.getQueryData(serviceQuery(id).queryKey) ?? { id, display: id, node: null });
  const start = useStart((force) => ({ verb: asking.word, services: asking.ids, ...(force && { force }) }), '/jobs', clearSelection);
  const verb = titled(asking.word);
  const what = count(services.length, 'service');
  return (
    <Dialog
      title={`${verb} ${what} one after another?`}
      description="Each is away for a moment, and so is what depends on it. The next one begins when the one before it has ended well; when one fails, those after it are left as they are."
      onClose={() => ask(null)}
    >
      <ol className="mt-3 grid max-h-60 list-decimal gap-1 overflow-auto pl-6 marker:text-fg-3" aria-label="In this order">
        {services.map((s) => (
          <li key={s.id}>
            {s.display} <span className="text-12 text-fg-3">{s.node && `on ${s.node}`}</span>
          </li>
        ))}
      </ol>
      <StartForm verb={`${verb} ${what}`} forGood={false} start={start} />
    </Dialog>
  );
}
