'use client';
import { X } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { generationDiffQuery } from '@/api/keys';
import type { GenerationDiff, Generations } from '@/api/types';
import { Asked, useAsked } from '@/app/parts/asked';
import { Button, ButtonLink } from '@/components/button';
import { PlainSelect } from '@/components/field';
import { SkeletonRows } from '@/components/states';
import { count } from '@/lib/format';
import { diffHref, versionsText } from '@/lib/generations';
import { tabHref } from '@/lib/node-tabs';

interface Props {
  node: string;
  list: Generations['generations'];
  from: string;
  to: string;
}

/* What changed between two generations: under an address that can be sent to somebody. */
export default function Difference({ node, list, from, to }: Props) {
  const query = useAsked(node, { ...generationDiffQuery(node, from, to), staleTime: Infinity, placeholderData: (before) => before });
  const card = useRef<HTMLDivElement>(null);
  const told = !!query.data;
  useEffect(() => {
    void card.current?.scrollIntoView({ block: 'start' }); // it stands below the list whose link led here
  }, [told, from, to]);
  const go = (a: string, b: string) => history.pushState(null, '', diffHref(node, Number(a), Number(b)));
  const options = list.map((g) => (
    <option key={g.number} value={g.number}>
      {g.number}
    </option>
  ));
  return (
    <div ref={card} className="scroll-mt-16">
      <Asked node={node} query={query} title="What changed" rows={8} wait="The node compares all that belongs to the two.">
        {(d) => (
          <>
            <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
              from
              <PlainSelect label="From generation" value={from} onChange={(e) => go(e.target.value, to)}>
                {options}
              </PlainSelect>
              to
              <PlainSelect label="To generation" value={to} onChange={(e) => go(from, e.target.value)}>
                {options}
              </PlainSelect>
              <span className="ml-auto">
                <ButtonLink here href={tabHref(node, 'system')} look="ghost" size="sm" icon={X}>
                  Close
                </ButtonLink>
              </span>
            </div>
            {query.isPlaceholderData ? <SkeletonRows rows={8} /> : <Found diff={d} />}
          </>
        )}
      </Asked>
    </div>
  );
}

function Found({ diff: { from, to, packages: p, units: u } }: { diff: GenerationDiff }) {
  const packages = p.changed.length + p.added.length + p.removed.length;
  const units = u.changed.length + u.added.length + u.removed.length;
  return (
    <>
      {from.kernel !== to.kernel && (
        <p className="px-4 pt-2.5">
          Kernel {from.kernel} → {to.kernel}
        </p>
      )}
      <p className="px-4 py-2.5">
        {packages ? count(packages, 'package') : 'No package'} and {units ? count(units, 'unit') : 'no unit'} differ
        {p.rebuilt > 0 && <span className="text-fg-3">; {count(p.rebuilt, 'more was', 'more were')} built anew in the same version</span>}.
      </p>
      <Part title="Packages in another version" items={p.changed.map((c) => [c.name, versionsText(c)])} />
      <Part title="New packages" items={p.added.map((c) => [c.name, c.to.join(', ')])} />
      <Part title="Packages that are gone" items={p.removed.map((c) => [c.name, c.from.join(', ')])} />
      <Part title="Units that changed" items={u.changed.map((x) => [x, ''])} />
      <Part title="New units" items={u.added.map((x) => [x, ''])} />
      <Part title="Units that are gone" items={u.removed.map((x) => [x, ''])} />
    </>
  );
}

const shownFirst = 20;

function Part({ title, items }: { title: string; items: [string, ReactNode][] }) {
  const [all, setAll] = useState(false);
  if (!items.length) return null;
  return (
    <section aria-label={title} className="border-t border-line px-4 py-2.5">
      <h3 className="mb-1 text-12 font-medium text-fg-2">
        {title} <span className="num text-fg-3">{items.length}</span>
      </h3>
      <ul>
        {(all ? items : items.slice(0, shownFirst)).map(([name, text]) => (
          <li key={name} className="flex flex-wrap gap-x-3 py-0.5">
            <span className="[overflow-wrap:anywhere]">{name}</span>
            {text && <span className="font-mono text-12 text-fg-2 [overflow-wrap:anywhere]">{text}</span>}
          </li>
        ))}
      </ul>
      {items.length > shownFirst && (
        <Button look="ghost" size="sm" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${items.length}`}
        </Button>
      )}
    </section>
  );
}
