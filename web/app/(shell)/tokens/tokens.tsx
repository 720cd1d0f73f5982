'use client';
import { useQuery } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { tokensQuery } from '@/api/keys';
import type { Token } from '@/api/types';
import { Gate } from '@/app/parts/gate';
import { lazyDialog } from '@/app/parts/lazy';
import { useOffline } from '@/app/parts/offline';
import { Button } from '@/components/button';
import { Card, PageHead } from '@/components/card';
import { Fetched } from '@/components/fetched';
import { Segmented } from '@/components/field';
import { Empty } from '@/components/states';
import { useMay } from '@/state/session';
import { TokenRow } from './token-row';

const NewToken = lazyDialog(() => import('./new-token'));
const RevokeDialog = lazyDialog(() => import('./revoke-dialog'));

const whose = [
  { value: 'own', label: 'Yours' },
  { value: 'all', label: 'Everybody’s' },
] as const;

export function Tokens() {
  return (
    <Gate permission="tokens:write" what="make API tokens">
      <Screen />
    </Gate>
  );
}

function Screen() {
  const admin = useMay('tokens:admin');
  const offline = useOffline();
  const [of, setOf] = useState<'own' | 'all'>('own');
  const tokens = useQuery(tokensQuery(of === 'all'));
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  return (
    <>
      <PageHead title="API tokens" note="For scripts and the command line: each may only what it was given">
        {admin && <Segmented label="Whose tokens" value={of} options={[...whose]} onChange={setOf} />}
        <Button look="primary" icon={Plus} onClick={() => setAdding(true)} {...offline}>
          New token
        </Button>
      </PageHead>
      <Fetched query={tokens} what="The tokens">
        {(list) => (list.length ? <List tokens={list} all={of === 'all'} revoke={setRevoking} /> : <Nothing add={() => setAdding(true)} />)}
      </Fetched>
      {adding && <NewToken onClose={() => setAdding(false)} />}
      {revoking && <RevokeDialog token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function Nothing({ add }: { add: () => void }) {
  return (
    <Card>
      <Empty icon={KeyRound} title="No API tokens yet" actions={<Button onClick={add}>Make a token</Button>}>
        A token lets a script or <code>hydra</code> on another machine speak for you, with as few rights as you choose.
      </Empty>
    </Card>
  );
}

function List({ tokens, all, revoke }: { tokens: Token[]; all: boolean; revoke: (t: Token) => void }) {
  return (
    <Card label="Tokens" className="overflow-x-auto px-4 py-1">
      <table className="data data-tall">
        <thead>
          <tr>
            <th scope="col">Token</th>
            {all && <th scope="col">User</th>}
            <th scope="col" className="max-m:hidden">
              May
            </th>
            <th scope="col" className="max-m:hidden">
              Last used
            </th>
            <th scope="col">Expires</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((t) => (
            <TokenRow key={t.id} token={t} all={all} revoke={() => revoke(t)} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}
