'use client';
import { useQuery } from '@tanstack/react-query';
import { LogOut } from 'lucide-react';
import { useState } from 'react';
import { call } from '@/api/client';
import { sessionsQuery } from '@/api/keys';
import type { SessionList } from '@/api/types';
import { useAct } from '@/app/parts/act';
import { useOffline } from '@/app/parts/offline';
import { Time } from '@/app/parts/time';
import { Button } from '@/components/button';
import { Card, PageHead } from '@/components/card';
import { Chip } from '@/components/chip';
import { Fetched } from '@/components/fetched';
import { Segmented } from '@/components/field';
import { agentName } from '@/lib/agent';
import { count } from '@/lib/format';
import { useMay } from '@/state/session';
import { toast } from '@/state/ui';

type Open = SessionList['sessions'][number];

const whose = [
  { value: 'own', label: 'Yours' },
  { value: 'all', label: 'Everybody’s' },
] as const;

const end = (s: Open) => call<void>(`/api/web/sessions/${encodeURIComponent(s.id)}`, { method: 'DELETE' });

/* Where somebody is signed in. */
export function Sessions() {
  const admin = useMay('sessions:admin');
  const [of, setOf] = useState<'own' | 'all'>('own');
  const sessions = useQuery(sessionsQuery(of === 'all'));
  return (
    <>
      <PageHead title="Sessions" note="Browsers that are signed in">
        {admin && <Segmented label="Whose sessions" value={of} options={[...whose]} onChange={setOf} />}
        {of === 'own' && sessions.data && <EndOthers list={sessions.data.filter((s) => !s.current)} />}
      </PageHead>
      <Fetched query={sessions} what="The sessions">
        {(list) => <List list={list} all={of === 'all'} />}
      </Fetched>
    </>
  );
}

function EndOthers({ list }: { list: Open[] }) {
  const offline = useOffline();
  const act = useAct(['sessions']);
  if (!list.length) return null;
  const run = () => act.mutate(() => Promise.all(list.map(end)).then(() => toast(`Ended ${count(list.length, 'session')}; this browser stays signed in`)));
  return (
    <Button icon={LogOut} disabled={act.isPending} onClick={run} {...offline}>
      End all others
    </Button>
  );
}

function List({ list, all }: { list: Open[]; all: boolean }) {
  const sorted = list.toSorted((a, b) => Number(b.current) - Number(a.current) || Date.parse(b.seen) - Date.parse(a.seen));
  return (
    <Card label="Sessions" className="overflow-x-auto px-4 py-1">
      <table className="data data-tall">
        <thead>
          <tr>
            <th scope="col">Browser</th>
            {all && <th scope="col">User</th>}
            <th scope="col" className="max-m:hidden">
              From
            </th>
            <th scope="col">Last seen</th>
            <th scope="col" className="max-m:hidden">
              Signed in
            </th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((s) => (
            <Row key={s.id} session={s} all={all} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Row({ session: s, all }: { session: Open; all: boolean }) {
  const offline = useOffline();
  const act = useAct(['sessions']);
  const name = agentName(s.agent);
  return (
    <tr>
      <td title={s.agent}>
        <span className="flex flex-wrap items-center gap-x-2.5 gap-y-0.5">
          <span className="font-medium">{name}</span>
          {s.current && <Chip tone="accent">This browser</Chip>}
        </span>
        <span className="block font-mono text-12 text-fg-3 m:hidden">{s.address}</span>
      </td>
      {all && <td>{s.user}</td>}
      <td className="font-mono text-12 text-fg-2 max-m:hidden">{s.address}</td>
      <td>
        <Time of={s.seen} />
      </td>
      <td className="text-fg-2 max-m:hidden">
        <Time of={s.created} />
      </td>
      <td className="text-right">
        {!s.current && (
          <Button look="ghost" size="sm" disabled={act.isPending} onClick={() => act.mutate(() => end(s).then(() => toast(`Ended the session: ${name}`)))} {...offline}>
            End
          </Button>
        )}
      </td>
    </tr>
  );
}
