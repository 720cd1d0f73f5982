'use client';
import { useQuery } from '@tanstack/react-query';
import { ChevronRight, FilePen } from 'lucide-react';
import { useState } from 'react';
import { policyQuery } from '@/api/keys';
import type { NodeFacts, NodePolicy } from '@/api/types';
import { lazyDialog } from '@/app/parts/lazy';
import { Button } from '@/components/button';
import { Card, CardHead } from '@/components/card';
import { Fetched } from '@/components/fetched';
import { Icon } from '@/components/icon';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { count } from '@/lib/format';
import { grouped, noun, shortVerb, untouchable, verdictOf, type Verdict } from '@/lib/policy';
import { nodeName } from '@/lib/states';

const Change = lazyDialog(() => import('./policy-change'));

/* What a node allows to be done to it: its own word, whatever Hydra may ask for. */
export function Policy({ node }: { node: NodeFacts }) {
  const policy = useQuery(policyQuery(node.id));
  return (
    <Fetched query={policy} what="What this node allows">
      {(p) => <Panel policy={p} name={nodeName(node)} />}
    </Fetched>
  );
}

function Panel({ policy: p, name }: { policy: NodePolicy; name: string }) {
  const [changing, setChanging] = useState(false);
  return (
    <Card label="What it allows">
      <CardHead title="What it allows" note={p.path ?? 'as installed'}>
        {p.told && (
          <Button size="sm" icon={FilePen} onClick={() => setChanging(true)}>
            Change
          </Button>
        )}
      </CardHead>
      <Source policy={p} name={name} />
      {p.told && !p.trouble && grouped(p.verbs).map((g) => <Group key={g.title} title={g.title} verbs={g.verbs} policy={p} />)}
      {p.told && !p.trouble && <Untouchable names={untouchable(p)} />}
      {changing && <Change policy={p} name={name} onClose={() => setChanging(false)} />}
    </Card>
  );
}

function Source({ policy: p, name }: { policy: NodePolicy; name: string }) {
  if (!p.told) return <p className="px-4 py-3 text-fg-2">{name} has not told what it allows. It tells when its agent reports.</p>;
  if (p.trouble)
    return (
      <div role="alert" className="flex items-start gap-2.5 bg-bad-bg px-4 py-3">
        <Shape shape="bad" label="Broken" className="mt-[5px]" />
        <p className="min-w-0 [overflow-wrap:anywhere]">
          It allows nothing until its file is mended. {p.trouble}
          <span className="block text-12 text-fg-2">It is read again within seconds of a change.</span>
        </p>
      </div>
    );
  return (
    <p className="border-b border-line px-4 py-2.5 text-12 text-fg-2">
      {p.path ? `What ${name} lets itself be told, by its own file: nobody can change it from here.` : `What ${name} lets itself be told. It has no file of its own, so what the agent came with holds.`} Roles decide who may ask; what Hydra itself
      and the way into the machine need can never be stopped.
    </p>
  );
}

function Group({ title, verbs, policy }: { title: string; verbs: string[]; policy: NodePolicy }) {
  return (
    <section aria-label={title} className="grid gap-x-4 gap-y-1 border-b border-line px-4 py-2.5 last:border-0 m:grid-cols-[140px_minmax(0,1fr)]">
      <h3 className="text-12 font-medium text-fg-2">{title}</h3>
      <ul className="flex flex-wrap gap-x-4 gap-y-1">
        {verbs.map((v) => (
          <Verb key={v} verb={v} verdict={verdictOf(policy, v)} />
        ))}
      </ul>
    </section>
  );
}

function Untouchable({ names }: { names: string[] }) {
  if (!names.length) return null;
  return (
    <p className="border-t border-line px-4 py-2.5 [overflow-wrap:anywhere]">
      Never touched, whatever is asked: <code>{names.join(', ')}</code>
    </p>
  );
}

const words = { yes: 'Allowed', some: 'Allowed for some', no: 'Not allowed' } as const;
const shapes = { yes: 'ok', some: 'info', no: 'stopped' } as const;

function Verb({ verb, verdict: v }: { verb: string; verdict: Verdict }) {
  return (
    <li className={cx('max-w-full', v.allowed === 'no' && 'text-fg-3')}>
      <span className="flex flex-wrap items-center gap-1.5">
        <Shape shape={shapes[v.allowed]} size="sm" label={words[v.allowed]} />
        {shortVerb(verb)}
        <Targets lead="only" names={v.only} many={`on ${count(v.only.length, noun(verb))}`} />
        {v.allowed !== 'no' && <Targets lead="not" names={v.but} many={`except ${v.but.length} protected ${noun(verb)}s`} />}
      </span>
    </li>
  );
}

const shownNames = 2;

/* A few are named; many are a number that unfolds. */
function Targets({ lead, names, many }: { lead: string; names: string[]; many: string }) {
  const [open, setOpen] = useState(false);
  if (!names.length) return null;
  if (names.length <= shownNames)
    return (
      <span className="text-12 text-fg-3 [overflow-wrap:anywhere]">
        {lead} {names.join(', ')}
      </span>
    );
  return (
    <>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="inline-flex items-center gap-1 text-12 text-fg-2 hover:text-fg">
        <Icon of={ChevronRight} size={12} className={cx('fold-arrow', open && 'fold-open')} />
        {many}
      </button>
      {open && <span className="basis-full pl-4 text-12 text-fg-3 [overflow-wrap:anywhere]">{names.join(', ')}</span>}
    </>
  );
}
