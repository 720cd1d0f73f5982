'use client';
import { Search } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Service } from '@/api/types';
import { PlainSelect, SearchBox, Segmented } from '@/components/field';
import { Shape } from '@/components/shape';
import { countStates, kindWord, withinReach, type Grouping, type ServiceKind } from '@/lib/services';
import { serviceLook, type ServiceState } from '@/lib/states';
import type { View } from './view';

interface Props {
  services: Service[];
  view: View;
  onChange: (v: Partial<View>) => void;
}

export function Toolbar({ services, view, onChange }: Props) {
  return (
    <div className="mb-3.5 grid grid-cols-[minmax(0,1fr)] gap-2.5" role="search">
      <div className="flex flex-wrap items-center gap-2.5">
        <SearchBox label="Search services" icon={Search} placeholder="Search by name, group, port…" value={view.text} onChange={(e) => onChange({ text: e.target.value })} />
        <div className="flex gap-2.5 overflow-x-auto *:flex-none max-m:w-full">
          <Choices services={services} view={view} onChange={onChange} />
          <PlainSelect label="Group by" value={view.by} onChange={(e) => onChange({ by: e.target.value as Grouping })}>
            <option value="purpose">By purpose</option>
            <option value="project">By project</option>
            <option value="node">By node</option>
            <option value="kind">By kind</option>
            <option value="state">By state</option>
          </PlainSelect>
        </div>
      </div>
      <States services={services} view={view} onChange={onChange} />
    </div>
  );
}

const distinct = (values: (string | null)[]): string[] => [...new Set(values.filter((v) => v !== null))].sort((a, b) => a.localeCompare(b));

function Choices({ services, view, onChange }: Props) {
  const kinds = distinct(services.map((s) => s.kind)) as ServiceKind[];
  return (
    <>
      <Choice label="Group" all="All groups" value={view.group} values={distinct(services.map((s) => s.group))} onChange={(group) => onChange({ group })} />
      <Choice label="Kind" all="All kinds" value={view.kind} values={kinds} word={(k) => kindWord[k as ServiceKind]} onChange={(k) => onChange({ kind: k as ServiceKind })} />
      <Choice label="Node" all="All nodes" value={view.node} values={distinct(services.map((s) => s.node))} onChange={(node) => onChange({ node })} />
    </>
  );
}

interface ChoiceProps {
  label: string;
  all: string;
  value: string;
  values: string[];
  word?: (value: string) => ReactNode;
  onChange: (value: string) => void;
}

/* Not drawn where there is nothing to choose. */
function Choice({ label, all, value, values, word = (v) => v, onChange }: ChoiceProps) {
  if (values.length < 2 && !value) return null;
  return (
    <PlainSelect label={label} value={value} onChange={(e) => onChange(e.target.value)}>
      <option value="">{all}</option>
      {values.map((v) => (
        <option key={v} value={v}>
          {word(v)}
        </option>
      ))}
    </PlainSelect>
  );
}

const order: ServiceState[] = ['down', 'degraded', 'unknown', 'working', 'healthy', 'unchecked', 'stopped'];

/* Only states that occur; the chosen one stays, so that it can be left. */
function States({ services, view, onChange }: Props) {
  const reach = withinReach(services, view);
  const counts = countStates(reach);
  const occurring = order.filter((s) => counts[s] > 0 || s === view.state);
  const all = reach.filter((s) => !s.hidden).length;
  const options = [
    { value: '' as const, label: <Tally word="All" n={all} /> },
    ...occurring.map((s) => ({ value: s, label: <Tally word={serviceLook[s].word} n={counts[s]} shape={<Shape shape={serviceLook[s].shape} size="sm" />} /> })),
  ];
  return (
    <div className="overflow-x-auto">
      <Segmented label="State" value={view.state} options={options} onChange={(state) => onChange({ state })} />
    </div>
  );
}

function Tally({ word, n, shape }: { word: string; n: number; shape?: ReactNode }) {
  return (
    <>
      {shape}
      {word} <span className="num text-fg-3">{n}</span>
    </>
  );
}
