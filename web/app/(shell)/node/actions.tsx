'use client';
import { Ellipsis } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { NodeFacts } from '@/api/types';
import { useOffers } from '@/app/parts/jobs/offers';
import { IconButton } from '@/components/button';
import { ahead } from '@/lib/ahead';
import { nodeName } from '@/lib/states';
import { useMayThere } from '@/state/session';

const loadMore = () => import('./more');
const More = lazy(loadMore);
ahead(loadMore);

/* Reboot, power, its controller, remove: not drawn for those who may none of it. */
export function Actions({ node: n }: { node: NodeFacts }) {
  const offers = useOffers('node', n.id, nodeName(n));
  const manage = useMayThere('nodes:write', { node: n.id, labels: [] }) ?? false;
  const [wanted, setWanted] = useState(false);
  if (!offers.rest.length && !manage) return null;
  const trigger = <IconButton icon={Ellipsis} label="More actions" aria-haspopup="menu" onPointerEnter={() => void loadMore()} onFocus={() => void loadMore()} onClick={() => setWanted(true)} />;
  return <Suspense fallback={trigger}>{wanted ? <More node={n} offers={offers} manage={manage} /> : trigger}</Suspense>;
}
