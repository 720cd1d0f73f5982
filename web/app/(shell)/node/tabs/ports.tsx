'use client';
import { Search } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { portsQuery } from '@/api/keys';
import type { Ports as Answer } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { ServiceName } from '@/app/parts/service-name';
import { Button } from '@/components/button';
import { SearchBox } from '@/components/field';
import { Shape } from '@/components/shape';
import { count, integer, none } from '@/lib/format';
import { serviceOf } from '@/lib/links';
import { fitsPort, linesOf, whence, type PortLine } from '@/lib/network';

const shownFirst = 100;

/* Every port that somebody waits on. */
export function Ports({ node }: { node: string }) {
  const query = useAsked(node, portsQuery(node));
  return (
    <Asked node={node} query={query} title="Who listens" note={(d) => d.ports.length > 0 && count(linesOf(d.ports).length, 'port')} rows={6}>
      {(d) => <Found node={node} answer={d} />}
    </Asked>
  );
}

function Found({ node, answer }: { node: string; answer: Answer }) {
  const [text, setText] = useState('');
  const [all, setAll] = useState(false);
  const wanted = useDeferredValue(text);
  const fitting = useMemo(() => linesOf(wanted ? answer.ports.filter((p) => fitsPort(p, wanted)) : answer.ports), [answer, wanted]);
  const shown = all ? fitting : fitting.slice(0, shownFirst);
  return (
    <>
      <div className="flex border-b border-line px-4 py-2.5" role="search">
        <SearchBox label="Filter ports" icon={Search} placeholder="Port, process, user or service" value={text} onChange={(e) => setText(e.target.value)} />
      </div>
      {fitting.length > 0 ? <Table node={node} lines={shown} /> : <p className="px-4 py-3 text-fg-2">{emptyText(wanted, answer)}</p>}
      {fitting.length > shown.length && (
        <div className="flex justify-center border-t border-line py-1">
          <Button look="ghost" size="sm" onClick={() => setAll(true)}>
            Show all {integer(fitting.length)}
          </Button>
        </div>
      )}
      <Notes answer={answer} />
    </>
  );
}

const emptyText = (wanted: string, answer: Answer): string => (/^\d+$/.test(wanted) ? `Nobody listens on port ${wanted}.` : wanted ? `No port matches “${wanted}”.` : (answer.text ?? 'Nobody listens here.'));

function Notes({ answer: a }: { answer: Answer }) {
  const notes = [a.cut && 'There are more ports than it tells; these are the first.', a.ports.length > 0 && a.text, a.hint].filter(Boolean);
  return notes.length > 0 && <p className="border-t border-line px-4 py-2 text-12 text-fg-3">{notes.join(' ')}</p>;
}

function Table({ node, lines }: { node: string; lines: PortLine[] }) {
  return (
    <div className="overflow-x-auto px-4 py-1">
      <table className="data">
        <thead>
          <tr>
            <th scope="col" className="n">
              Port
            </th>
            <th scope="col">Process</th>
            <th scope="col" className="max-m:hidden">
              User
            </th>
            <th scope="col" className="max-m:hidden">
              Service
            </th>
            <th scope="col">Listens on</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((p) => (
            <Row key={`${p.port} ${p.protocol} ${p.pid} ${p.addresses.join()}`} node={node} line={p} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ node, line: p }: { node: string; line: PortLine }) {
  const inner = p.scope === 'loopback';
  return (
    <tr>
      <td className="n whitespace-nowrap">
        <b className="font-medium">{p.port}</b> <span className="text-12 text-fg-3">{p.protocol.toUpperCase()}</span>
      </td>
      <td className="w-full max-w-0 min-w-24">
        <span className="ell block font-mono text-12" title={p.pid ? `${p.name ?? ''} (${p.pid})` : undefined}>
          {p.name ?? none} {p.pid && <span className="text-fg-3">{p.pid}</span>}
        </span>
      </td>
      <td className="ell max-w-28 text-fg-2 max-m:hidden">{p.user}</td>
      <td className="ell max-w-48 text-fg-2 max-m:hidden">{p.service && <ServiceName id={serviceOf(node, p.service)} />}</td>
      <td className="whitespace-nowrap text-fg-2" title={p.addresses.join(', ')}>
        <Shape shape={inner ? 'stopped' : 'ok'} size="sm" className="mr-2 inline" />
        {whence(p)}
      </td>
    </tr>
  );
}
