'use client';
import { Ellipsis } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { IconButton } from '@/components/button';
import { ahead } from '@/lib/ahead';

const loadMenu = () => import('./signal-menu');
const SignalMenu = lazy(loadMenu);
ahead(loadMenu);

export interface Of {
  node: string;
  target: string; // PID:START
  name: string;
  pid: number;
}

/* For those who may send signals; what the node allows is asked for when it is opened. */
export function Signals(of: Of) {
  const [wanted, setWanted] = useState(false);
  const trigger = <IconButton small icon={Ellipsis} label={`Signals for ${of.name} (${of.pid})`} aria-haspopup="menu" onPointerEnter={() => void loadMenu()} onFocus={() => void loadMenu()} onClick={() => setWanted(true)} />;
  return <Suspense fallback={trigger}>{wanted ? <SignalMenu of={of} /> : trigger}</Suspense>;
}
