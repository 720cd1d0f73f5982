'use client';
import { useId, useState } from 'react';
import type { NodePolicy } from '@/api/types';
import { Button } from '@/components/button';
import { Checkbox } from '@/components/checkbox';
import { CopyButton } from '@/components/copy-button';
import { Dialog } from '@/components/dialog';
import { grouped, shortVerb, stillDenied, verdictOf, yamlOf } from '@/lib/policy';

interface Props {
  policy: NodePolicy;
  name: string;
  onClose: () => void;
}

/* The file as it would have to be: written here, put there by somebody who may. */
export default function PolicyChange({ policy: p, name, onClose }: Props) {
  const id = useId();
  const [more, setMore] = useState<string[]>([]);
  const path = p.path ?? p.usual_path;
  const text = yamlOf(p, more);
  const missing = p.verbs.filter((v) => verdictOf(p, v).allowed === 'no' && !stillDenied(p, v));
  const toggle = (v: string) => setMore((m) => (m.includes(v) ? m.filter((x) => x !== v) : p.verbs.filter((x) => x === v || m.includes(x))));
  return (
    <Dialog title={`Change what ${name} allows`} description={`It is ${name}’s own word, so it is written there and not from here.`} width="md" onClose={onClose}>
      <div className="mt-3.5 grid gap-3.5">
        {missing.length > 0 && !p.trouble && <Missing verbs={missing} chosen={more} toggle={toggle} />}
        <div>
          <p className="mb-1.5 text-12 text-fg-2">
            {p.trouble ? 'A file that allows what the agent came with and nothing else. Put it into' : 'Put this into'} <code>{path}</code> on {name}, with the rights of an administrator. It holds within seconds; the agent need not be restarted.
          </p>
          <pre id={id} tabIndex={0} aria-label={`The file ${path}`} className="error-text max-h-64 font-mono text-12">
            {p.trouble ? usual : text}
          </pre>
        </div>
        <div className="dialog-foot flex justify-end gap-2">
          <Button look="ghost" onClick={onClose}>
            Close
          </Button>
          <CopyButton text={p.trouble ? usual : text} selectId={id} look="primary" />
        </div>
      </div>
    </Dialog>
  );
}

/* What the program allows without a file: src/node/policy.c. */
const usual = `allow:
  - do: [unit.start, unit.stop, unit.restart, unit.reload, unit.reset-failed]
  - do: [container.start, container.stop, container.restart, container.pause, container.unpause, project.restart, logs]
`;

function Missing({ verbs, chosen, toggle }: { verbs: string[]; chosen: string[]; toggle: (verb: string) => void }) {
  return (
    <fieldset>
      <legend className="mb-1 text-12 font-medium text-fg-2">Allow also, for everything on it</legend>
      <div className="grid max-h-56 gap-x-4 overflow-auto m:grid-cols-2">
        {grouped(verbs).map((g) => (
          <div key={g.title} className="py-1">
            <p className="text-12 text-fg-3">{g.title}</p>
            {g.verbs.map((v) => (
              <Checkbox key={v} label={shortVerb(v)} checked={chosen.includes(v)} onChange={() => toggle(v)} />
            ))}
          </div>
        ))}
      </div>
    </fieldset>
  );
}
