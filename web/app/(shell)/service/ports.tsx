import type { ServiceDetail } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { count } from '@/lib/format';
import { Reachability } from './reachability';

type Port = ServiceDetail['port_list'][number];

const open = new Set(['0.0.0.0', '::', '*', '']);
const loop = /^(127\.|::1$)/;

function reach(address: string): string {
  if (open.has(address)) return 'Everyone who reaches the machine';
  return loop.test(address) ? 'This machine only' : address;
}

export function Ports({ detail }: { detail: ServiceDetail }) {
  const { port_list: ports } = detail;
  if (!ports.length) return null;
  return (
    <Card label="Ports">
      <CardHead title="Ports" note={count(ports.length, 'port')} />
      <div className="overflow-x-auto px-4 py-1.5">
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Port</th>
              <th scope="col">Reached by</th>
              <th scope="col" className="max-m:hidden">
                Behind it
              </th>
            </tr>
          </thead>
          <tbody>
            {ports.map((p) => (
              <Row key={`${p.address} ${p.port} ${p.protocol}`} port={p} />
            ))}
          </tbody>
        </table>
      </div>
      {detail.node && ports.some((p) => p.protocol === 'tcp') && <Reachability service={detail} />}
    </Card>
  );
}

function Row({ port: p }: { port: Port }) {
  return (
    <tr>
      <td className="num whitespace-nowrap">
        {p.port} <span className="text-fg-3">{p.protocol}</span>
      </td>
      <td className="text-fg-2">{reach(p.address)}</td>
      <td className="text-fg-2 max-m:hidden">
        {p.inner != null && `port ${p.inner} of the container${p.process ? ', by ' : ''}`}
        {p.process && (
          <>
            {p.process} {p.pid != null && <span className="num text-fg-3">{p.pid}</span>}
          </>
        )}
      </td>
    </tr>
  );
}
