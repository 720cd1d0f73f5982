'use client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { EnrolmentSecret, EnrolmentSystem } from '@/api/types';
import { enrolmentsQuery, nodeQuery } from '@/api/keys';
import { Button, ButtonLink } from '@/components/button';
import { CopyButton } from '@/components/copy-button';
import { Dialog } from '@/components/dialog';
import { Segmented } from '@/components/field';
import { Ring } from '@/components/ring';
import { countdown, progressOf, type Joined } from '@/lib/enrolment';
import { nodeHref } from '@/lib/links';
import { useClock } from '@/state/clock';
import { Way } from './way';

interface Props {
  made: EnrolmentSecret;
  until: number;
  again: (name: string) => void;
  onClose: () => void;
}

const systems: { value: EnrolmentSystem; label: string }[] = [
  { value: 'debian', label: 'Debian' },
  { value: 'nixos', label: 'NixOS' },
  { value: 'docker', label: 'Docker, Unraid' },
];
const how: Record<EnrolmentSystem, string> = {
  debian: 'Run this on the machine. It installs the agent as a service.',
  nixos: 'Put this into the configuration of the machine, then switch to it.',
  docker: 'Run this on the machine, also on Unraid. The agent is a container that looks at its host.',
};

/* The list is told anew whenever a token changes, so what happened elsewhere shows here. */
export function Command({ made, until, again, onClose }: Props) {
  const { node } = made.enrolment;
  const token = useQuery({ ...enrolmentsQuery(), select: (all) => all.find((e) => e.id === made.enrolment.id) }).data;
  const facts = useQuery(nodeQuery(node)).data;
  const seconds = Number(useClock((now) => String(Math.max(0, Math.ceil((until - now) / 1000)))));
  const stage = progressOf(token, facts, seconds * 1000);
  return (
    <Dialog title={`Add ${node}`} onClose={onClose}>
      {stage === 'waiting' && <Line made={made} seconds={seconds} />}
      <Way stage={stage} token={token} name={node} node={facts} />
      <Foot stage={stage} node={node} again={again} onClose={onClose} />
    </Dialog>
  );
}

const place = 'enrolment-command';

function Line({ made, seconds }: { made: EnrolmentSecret; seconds: number }) {
  const [system, setSystem] = useState<EnrolmentSystem>('debian');
  const { created, expires } = made.enrolment;
  const life = (Date.parse(expires) - Date.parse(created)) / 1000;
  const text = made.commands[system];
  return (
    <div className="mt-3 mb-1 grid grid-cols-[minmax(0,1fr)] gap-2.5">
      <div className="overflow-x-auto">
        <Segmented label="System of the machine" value={system} options={systems} onChange={setSystem} />
      </div>
      <p className="text-fg-2">{how[system]}</p>
      <pre id={place} tabIndex={0} aria-label="Command" className="command">
        {text}
      </pre>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <p className="num flex flex-1 basis-56 items-center gap-2 text-12 text-fg-3">
          <Ring part={seconds / life} />
          Lets in one machine, {countdown(seconds * 1000)} left. It is shown this once.
        </p>
        <span className="ml-auto">
          <CopyButton key={system} text={text} look="primary" selectId={place} />
        </span>
      </div>
    </div>
  );
}

function Foot({ stage, node, again, onClose }: { stage: Joined; node: string; again: (name: string) => void; onClose: () => void }) {
  const over = stage === 'expired' || stage === 'withdrawn';
  return (
    <div className="dialog-foot flex flex-wrap items-center justify-end gap-2">
      {stage === 'waiting' && <p className="flex-1 basis-56 text-12 text-fg-3">You may close this: {node} waits in the list of nodes.</p>}
      <Button look="ghost" onClick={onClose}>
        Close
      </Button>
      {over && (
        <Button look="primary" onClick={() => again(node)}>
          New token
        </Button>
      )}
      {stage === 'reporting' && (
        <>
          <Button onClick={() => again('')}>Add another</Button>
          <ButtonLink href={nodeHref(node)} look="primary">
            Open {node}
          </ButtonLink>
        </>
      )}
    </div>
  );
}
