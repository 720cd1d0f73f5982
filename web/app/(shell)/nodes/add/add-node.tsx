'use client';
import { useState } from 'react';
import type { EnrolmentSecret } from '@/api/types';
import { Command } from './command';
import { Name } from './name';

interface Made extends EnrolmentSecret {
  until: number; // by this browser's clock, which need not be the server's
}

interface Props {
  name?: string; // of a token that ran out: a new one for the same node
  onClose: () => void;
}

/* Names the machine, then shows the line to run there and how far it has come. */
export default function AddNode({ name = '', onClose }: Props) {
  const [wanted, setWanted] = useState(name);
  const [made, setMade] = useState<Made | null>(null);
  const [round, setRound] = useState(0);
  const again = (next: string) => {
    setWanted(next);
    setMade(null);
    setRound(round + 1);
  };
  if (!made) return <Name key={round} name={wanted} onClose={onClose} onMade={(secret) => setMade({ ...secret, until: Date.now() + lifeOf(secret) })} />;
  return <Command made={made} until={made.until} again={again} onClose={onClose} />;
}

const lifeOf = ({ enrolment: e }: EnrolmentSecret): number => Date.parse(e.expires) - Date.parse(e.created);
