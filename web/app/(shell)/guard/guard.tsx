'use client';
import { useQuery } from '@tanstack/react-query';
import { Plus, ShieldOff } from 'lucide-react';
import { useState } from 'react';
import { guardQuery } from '@/api/keys';
import type { GuardRails } from '@/api/types';
import { Gate } from '@/app/parts/gate';
import { lazyDialog } from '@/app/parts/lazy';
import { useOffline } from '@/app/parts/offline';
import { Time } from '@/app/parts/time';
import { Button } from '@/components/button';
import { Card, PageHead } from '@/components/card';
import { Fetched } from '@/components/fetched';
import { Link } from '@/components/link';
import { Empty } from '@/components/states';
import { useMay } from '@/state/session';
import { Rules } from './rules';

const RuleDialog = lazyDialog(() => import('./rule-dialog'));
const RemoveDialog = lazyDialog(() => import('./remove-dialog'));

/* What must not be interrupted, and when. */
export function Guard() {
  return (
    <Gate permission="services:read" what="see the guard rails">
      <Screen />
    </Gate>
  );
}

type At = { edit: number } | { remove: number } | 'add' | null;

function Screen() {
  const may = useMay('settings:write');
  const offline = useOffline();
  const guard = useQuery(guardQuery());
  const [at, setAt] = useState<At>(null);
  const close = () => setAt(null);
  const write = may ? { edit: (i: number) => setAt({ edit: i }), remove: (i: number) => setAt({ remove: i }) } : null;
  return (
    <>
      <PageHead title="Guard rails" note="What must not be interrupted, and when: for this page, the command line, scripts and automation alike">
        {may && (
          <Button look="primary" icon={Plus} disabled={!guard.data} onClick={() => setAt('add')} {...offline}>
            Add rule
          </Button>
        )}
      </PageHead>
      <Fetched query={guard} what="The guard rails">
        {(g) => (
          <>
            {g.rules.length ? <Rules guard={g} write={write} /> : <Nothing add={may ? () => setAt('add') : null} />}
            <About guard={g} may={may} />
            {at === 'add' && <RuleDialog guard={g} onClose={close} />}
            {at && typeof at === 'object' && 'edit' in at && <RuleDialog guard={g} index={at.edit} onClose={close} />}
            {at && typeof at === 'object' && 'remove' in at && <RemoveDialog guard={g} index={at.remove} onClose={close} />}
          </>
        )}
      </Fetched>
    </>
  );
}

function Nothing({ add }: { add: (() => void) | null }) {
  return (
    <Card>
      <Empty icon={ShieldOff} title="Nothing is protected" actions={add && <Button onClick={add}>Add a rule</Button>}>
        A rule names services or machines, and hours in which nobody stops or restarts them by mistake: the film server in the evening, the database always.
      </Empty>
    </Card>
  );
}

function About({ guard: g, may }: { guard: GuardRails; may: boolean }) {
  const audit = useMay('audit:read');
  return (
    <div className="mt-3 grid gap-1 px-0.5 text-12 text-fg-3">
      <p>
        {may ? 'You can insist on an action that a rule stops; it is written to the audit log.' : 'Whoever may change settings can insist on an action that a rule stops.'} Hours are those of the machine that Hydra runs on
        {g.time_zone && ` (${g.time_zone.replaceAll('_', ' ')})`}.
      </p>
      {g.changed && (
        <p>
          Last changed <Time of={g.changed} />
          {g.changed_by && ` by ${g.changed_by}`}
          {audit && (
            <>
              {' · '}
              <Link href="/audit?action=guard.change" className="text-accent hover:underline">
                All changes
              </Link>
            </>
          )}
        </p>
      )}
    </div>
  );
}
