'use client';
import { useQuery } from '@tanstack/react-query';
import { networksQuery, serviceQuery } from '@/api/keys';
import { SelectField, TextField } from '@/components/field';
import { networksFor, type NetworkDeed } from '@/lib/networks';

interface Props {
  service: string;
  deed: NetworkDeed;
  value: string;
  onChange: (name: string) => void;
}

const label = 'Network';

/* Those of its engine that it can join, or leave; typed where the node does not say which there are. */
export function NetworkField({ service, deed, value, onChange }: Props) {
  const node = useQuery({ ...serviceQuery(service), select: (s) => s.node }).data ?? service.split('/')[0] ?? '';
  const { data, error } = useQuery(networksQuery(node, service.slice(node.length + 1)));
  if (error) return <TextField label={label} hint={`By its name: ${node} does not say which there are. ${error.message}`} value={value} onChange={(e) => onChange(e.target.value)} maxLength={128} autoComplete="off" autoFocus />;
  const list = data && networksFor(data.networks, deed);
  if (list && !list.length) return <p className="text-fg-2">{deed === 'connect' ? 'It is in every network of its engine that can be joined.' : 'It is in no network that it could leave.'}</p>;
  return (
    <SelectField label={label} hint={list ? undefined : `Asking ${node} which there are…`} value={value} onChange={(e) => onChange(e.target.value)} disabled={!list} autoFocus={!!list}>
      <option value="" disabled>
        {list ? 'Choose one' : ''}
      </option>
      {list?.map((n) => (
        <option key={n.name} value={n.name}>
          {n.text}
        </option>
      ))}
    </SelectField>
  );
}
