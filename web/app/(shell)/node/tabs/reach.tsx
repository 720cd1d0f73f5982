'use client';
import { useQuery } from '@tanstack/react-query';
import { Radar } from 'lucide-react';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { askReach, nodeQuery, nodesQuery } from '@/api/keys';
import type { Reach } from '@/api/types';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { SelectField, TextField } from '@/components/field';
import { Shape } from '@/components/shape';
import { mayBePort, resultShape, resultWord, tripsText } from '@/lib/network';
import { nodeName } from '@/lib/states';

const every = ''; // every other node
const typed = '/'; // no node is called so
const kept = 12;

interface Told {
  key: number;
  to: string; // as it was chosen
  answer: Reach | null; // null: it is asked
  error: string | null;
}

/* One host after another: a node asks one at a time. */
function useTold(node: string) {
  const [told, setTold] = useState<Told[]>([]);
  const [busy, setBusy] = useState(false);
  const left = useRef<AbortController | null>(null);
  useEffect(() => () => left.current?.abort(), []);
  const put = (t: Told) => setTold((all) => (all.some((x) => x.key === t.key) ? all.map((x) => (x.key === t.key ? t : x)) : [t, ...all].slice(0, kept)));
  async function ask(targets: string[], port: string) {
    const { signal } = (left.current = new AbortController());
    setBusy(true);
    for (const to of targets) {
      const t = { key: performance.now(), to: port ? `${to}, port ${port}` : to, answer: null, error: null };
      put(t);
      await askReach(node, { to, port }, signal).then(
        (answer) => put({ ...t, answer }),
        (e: Error) => signal.aborted || put({ ...t, error: e.message }),
      );
      if (signal.aborted) return; // the tab was left
    }
    setBusy(false);
  }
  return { told, busy, ask };
}

/* Does it reach another machine, and how fast? */
export function ReachFrom({ node }: { node: string }) {
  const others = (useQuery(nodesQuery()).data ?? []).filter((n) => n !== node);
  const { told, busy, ask } = useTold(node);
  const [choice, setChoice] = useState(every);
  const [host, setHost] = useState('');
  const [port, setPort] = useState('');
  const chosen = others.length ? choice : typed;
  const wrongPort = mayBePort(port) ? null : 'A number from 1 to 65535';
  const targets = chosen === every ? others : [chosen === typed ? host.trim() : chosen].filter(Boolean);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    void ask(targets, port);
  };
  return (
    <Card label="Reach from here">
      <CardHead title="Reach from here" note="pings, or with a port connects" />
      <form onSubmit={submit} className="grid gap-3 px-4 py-3 m:flex m:flex-wrap m:items-start">
        {others.length > 0 && (
          <SelectField label="To" value={choice} onChange={(e) => setChoice(e.target.value)}>
            <option value={every}>Every other node</option>
            {others.map((n) => (
              <NodeOption key={n} id={n} />
            ))}
            <option value={typed}>Another host…</option>
          </SelectField>
        )}
        {chosen === typed && <TextField label="Host" value={host} onChange={(e) => setHost(e.target.value)} placeholder="nas.lan or 192.168.1.5" maxLength={253} spellCheck={false} autoCapitalize="off" />}
        <TextField label="Port, if any" value={port} onChange={(e) => setPort(e.target.value.trim())} inputMode="numeric" error={wrongPort} placeholder="none: ping" />
        <span className="grid m:mt-[22px]">
          <Button type="submit" icon={Radar} disabled={busy || !targets.length || wrongPort !== null}>
            {busy ? 'Asking…' : 'Ask'}
          </Button>
        </span>
      </form>
      {told.length > 0 && (
        <ul aria-live="polite" aria-label="What it met">
          {told.map((t) => (
            <Item key={t.key} told={t} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function NodeOption({ id }: { id: string }) {
  const name = useQuery({ ...nodeQuery(id), select: nodeName }).data;
  return <option value={id}>{name ?? id}</option>;
}

function Item({ told: { to, answer: a, error } }: { told: Told }) {
  return (
    <li className="border-t border-line px-4 py-2.5">
      <div className="flex flex-wrap items-center gap-x-2.5">
        <Shape shape={a ? resultShape[a.result] : error ? 'warn' : 'working'} />
        <b className="font-medium">{to}</b>
        <span className="text-fg-2">{a ? resultWord[a.result] : error ? 'Not asked' : 'Asking…'}</span>
        {a && <span className="num ml-auto text-12 text-fg-3 max-m:ml-0 max-m:basis-full">{tripsText(a)}</span>}
      </div>
      {(error || a) && <p className="text-12 text-fg-3">{error ?? [a?.result !== 'reached' && a?.text, a?.result === 'reached' && a.address, a?.hint].filter(Boolean).join(' ')}</p>}
    </li>
  );
}
