// What an engine keeps, in parts, and what a clean-up would take. Pure.
export const pruneKinds = ['images', 'networks', 'build-cache', 'containers', 'volumes', 'named-volumes'] as const;
export type PruneKind = (typeof pruneKinds)[number];

interface Part {
  count: number;
  in_use: number;
  reclaimable_bytes: number;
}
interface Volume {
  bytes: number;
  in_use: boolean;
  anonymous: boolean;
}
export interface EngineUsage {
  images: Part;
  containers: Part;
  volumes: Part & { items: Volume[] };
  build_cache: Part;
}

export interface Gain {
  count: number;
  bytes: number;
}

const ofPart = (p: Part): Gain => ({ count: p.count - p.in_use, bytes: p.reclaimable_bytes });

function ofVolumes(all: Volume[], anonymous: boolean): Gain {
  const free = all.filter((v) => !v.in_use && v.anonymous === anonymous);
  return { count: free.length, bytes: free.reduce((n, v) => n + v.bytes, 0) };
}

/* Null: the engine does not tell. */
export function gainOf(e: EngineUsage, kind: PruneKind): Gain | null {
  if (kind === 'networks') return null;
  if (kind === 'images') return ofPart(e.images);
  if (kind === 'containers') return ofPart(e.containers);
  return kind === 'build-cache' ? ofPart(e.build_cache) : ofVolumes(e.volumes.items, kind === 'volumes');
}

export const wonBy = (e: EngineUsage, kinds: readonly PruneKind[]): number => kinds.reduce((n, k) => n + (gainOf(e, k)?.bytes ?? 0), 0);

/* What is in a volume is nowhere else. */
export const losesData = (kinds: readonly PruneKind[]): boolean => kinds.includes('volumes') || kinds.includes('named-volumes');

export const pruneWords: Record<PruneKind, { title: string; text: string }> = {
  images: { title: 'Images that no container uses', text: 'They are pulled again when they are needed.' },
  networks: { title: 'Networks that no container is in', text: 'Compose makes its own anew.' },
  'build-cache': { title: 'Build cache', text: 'The next builds take longer.' },
  containers: { title: 'Containers that are stopped', text: 'With what they wrote inside themselves. Volumes stay, and so does what an update put aside.' },
  volumes: { title: 'Volumes without a name that no container uses', text: 'What is in them is lost for good.' },
  'named-volumes': { title: 'Volumes with a name that no container uses', text: 'What is in them is lost for good. A project that is down now may need them.' },
};
