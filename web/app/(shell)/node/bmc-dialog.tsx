'use client';
// By what a machine is switched on and off when it hears nothing itself.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Server } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { ApiError, call, idPath } from '@/api/client';
import { bmcQuery, nodesQuery } from '@/api/keys';
import type { Bmc } from '@/api/types';
import { Button, ButtonLink } from '@/components/button';
import { Dialog } from '@/components/dialog';
import { PasswordField, SelectField, TextField } from '@/components/field';
import { FormError } from '@/components/form-error';
import { Bone, Empty } from '@/components/states';
import { toast } from '@/state/ui';

interface Props {
  id: string;
  name: string;
  onClose: () => void;
}

export default function BmcDialog({ id, name, onClose }: Props) {
  const { data, error } = useQuery(bmcQuery(id));
  return (
    <Dialog title={`Management controller of ${name}`} description="Its BMC (IPMI) switches it on and off, whatever the machine itself does. Another node asks it, with ipmitool." width="sm" onClose={onClose}>
      <div className="mt-3.5">{data ? <Form id={id} name={name} bmc={data} onClose={onClose} /> : error ? <FormError error={error} /> : <Bone className="w-4/5" />}</div>
    </Dialog>
  );
}

const alone = 'There is no other node: add one in its network first';

/* Off, it could not ask its own controller: what would be entered here, nobody could use. */
function Alone({ name, onClose }: Omit<Props, 'id'>) {
  const actions = (
    <>
      <Button look="ghost" onClick={onClose}>
        Cancel
      </Button>
      <ButtonLink href="/nodes?add" look="primary">
        Add a node
      </ButtonLink>
    </>
  );
  return (
    <Empty icon={Server} title="There is no other node" actions={actions}>
      Once {name} is off, another node has to ask its controller. Add one in its network first.
    </Empty>
  );
}

function Form({ id, name, bmc, onClose }: Props & { bmc: Bmc }) {
  const client = useQueryClient();
  const others = (useQuery(nodesQuery()).data ?? []).filter((other) => other !== id);
  const [address, setAddress] = useState(bmc.address ?? '');
  const [user, setUser] = useState(bmc.user ?? '');
  const [password, setPassword] = useState('');
  const [chosen, setVia] = useState<string | null>(null);
  const via = chosen ?? bmc.via ?? (others.includes(bmc.hub_node) ? bmc.hub_node : (others[0] ?? ''));
  const path = `/api/web/nodes/${idPath(id)}/bmc`;
  const end = (text: string) => () => {
    toast(text);
    void client.invalidateQueries({ queryKey: ['actions', id] });
    onClose();
  };
  const save = useMutation({
    mutationFn: () => call(path, { method: 'PUT', body: { address: address.trim(), user: user.trim(), via: via === bmc.hub_node ? null : via, ...(password && { password }) } }),
    onSuccess: end(`${name} can be switched by its controller`),
  });
  const forget = useMutation({ mutationFn: () => call(path, { method: 'DELETE' }), onSuccess: end(`The controller of ${name} is forgotten`) });
  const problem = save.error instanceof ApiError ? save.error.problem : null;
  const errorOf = (field: string) => (problem?.field === field ? problem.detail : null);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  if (!others.length && !bmc.set) return <Alone name={name} onClose={onClose} />;
  return (
    <form onSubmit={submit} noValidate className="grid gap-3.5">
      <TextField label="Address" hint="192.168.1.9, bmc.lan, or with a port" value={address} onChange={(e) => setAddress(e.target.value)} error={errorOf('address')} autoComplete="off" spellCheck={false} maxLength={271} autoFocus />
      <TextField label="User" hint="Of the controller, with the privilege OPERATOR" value={user} onChange={(e) => setUser(e.target.value)} error={errorOf('user')} autoComplete="off" spellCheck={false} maxLength={16} />
      <PasswordField label="Password" hint={bmc.set ? 'Empty: the one before. It is never shown' : 'Sealed, and never shown again'} value={password} onChange={(e) => setPassword(e.target.value)} error={errorOf('password')} autoComplete="new-password" maxLength={20} />
      <SelectField label="Asked by" hint={others.length ? 'A node in its network, whose policy allows machine.power' : alone} value={via} onChange={(e) => setVia(e.target.value)} error={errorOf('via')}>
        {via && !others.includes(via) && <option value={via}>{via} (removed)</option>}
        {others.map((other) => (
          <option key={other} value={other}>
            {other}
          </option>
        ))}
      </SelectField>
      {save.error && !problem?.field && <FormError error={save.error} />}
      {forget.error && <FormError error={forget.error} />}
      <div className="flex justify-end gap-2">
        {bmc.set && (
          <Button look="danger" onClick={() => forget.mutate()} disabled={forget.isPending}>
            Forget it
          </Button>
        )}
        <Button look="ghost" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" look="primary" disabled={save.isPending || !address.trim() || !user.trim() || !via || (!bmc.set && !password)}>
          Save
        </Button>
      </div>
    </form>
  );
}
