'use client';
import { useState } from 'react';
import type { Action, DockerUsage } from '@/api/types';
import { StartForm, useStart } from '@/app/parts/jobs/ask';
import { Checkbox } from '@/components/checkbox';
import { Dialog } from '@/components/dialog';
import { gainOf, losesData, pruneKinds, pruneWords, wonBy, type PruneKind } from '@/lib/docker-usage';
import { bytes, count, join } from '@/lib/format';

interface Props {
  node: string;
  engine: DockerUsage['engines'][number];
  action: Action;
  onClose: () => void;
}

const usually: PruneKind[] = ['images', 'networks', 'build-cache'];

/* What goes, and how much is won, before it goes. */
export default function PruneDialog({ node, engine: e, action, onClose }: Props) {
  const [kinds, setKinds] = useState<PruneKind[]>(usually);
  const toggle = (k: PruneKind) => setKinds((now) => (now.includes(k) ? now.filter((x) => x !== k) : pruneKinds.filter((x) => x === k || now.includes(x))));
  const start = useStart(
    (force) => ({ verb: action.verb, node, target: e.engine, argument: kinds.join(','), ...(force && { force }) }),
    null,
    onClose,
  );
  const won = join(bytes(wonBy(e, kinds)));
  return (
    <Dialog title={`Clean up ${e.engine}?`} description="Only what nothing uses is removed; what runs goes on." width="md" onClose={onClose}>
      <StartForm verb={kinds.length ? `Remove, win ${won}` : 'Remove'} forGood={losesData(kinds)} guard={action.guard} start={start} ready={kinds.length > 0} onCancel={onClose}>
        <fieldset className="grid gap-1">
          <legend className="sr-only">What to remove</legend>
          {pruneKinds.map((k) => (
            <Checkbox key={k} label={<Title engine={e} kind={k} />} hint={pruneWords[k].text} checked={kinds.includes(k)} onChange={() => toggle(k)} />
          ))}
        </fieldset>
      </StartForm>
    </Dialog>
  );
}

function Title({ engine, kind }: { engine: Props['engine']; kind: PruneKind }) {
  const gain = gainOf(engine, kind);
  const words = !gain ? '' : gain.count ? `${count(gain.count, 'item')}, ${join(bytes(gain.bytes))}` : 'none';
  return (
    <>
      {pruneWords[kind].title} <span className={gain?.count && losesData([kind]) ? 'text-bad' : 'text-fg-3'}>{words}</span>
    </>
  );
}
