'use client';
import type { ReactNode } from 'react';
import type { ServiceDetail } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { FactList, type Fact } from '@/components/fact-list';
import { Link } from '@/components/link';
import { dayYear, exact } from '@/lib/format';
import { nodeHref, projectHref } from '@/lib/links';
import { kindWord } from '@/lib/services';

const mono = (text: string | null): ReactNode => text && <span className="font-mono text-12">{text}</span>;
const lines = (texts: string[]): ReactNode =>
  texts.length > 0 && texts.map((t) => <span key={t} className="block font-mono text-12">{t}</span>);

function factsOf(d: ServiceDetail): Fact[] {
  return [
    { name: 'Node', value: d.node && <Link href={nodeHref(d.node)} className="text-accent hover:underline">{d.node}</Link> },
    { name: 'Kind', value: d.kind === 'container' ? `Container, ${d.engine}` : kindWord[d.kind] },
    { name: 'Group', value: d.group },
    { name: 'Link', value: d.url && <a href={d.url} target="_blank" rel="noreferrer" className="text-accent hover:underline">{d.url}</a> },
    { name: 'Project', value: d.project && <Link href={projectHref(d.project)} className="text-accent hover:underline">{d.project}</Link> },
    { name: 'Image', value: mono(d.image), long: true },
    { name: 'Image id', value: mono(d.image_id && d.image_id.replace('sha256:', '').slice(0, 12)) },
    { name: 'Container', value: mono(d.container_id?.slice(0, 12) ?? null) },
    { name: 'Unit file', value: mono(d.unit_file), long: true },
    { name: 'Starts at boot', value: d.enabled == null ? null : d.enabled ? 'Yes' : 'No' },
    { name: 'Started', value: d.started && exact(Date.parse(d.started)) },
    { name: 'Main process', value: d.main_pid && <span className="num">{d.main_pid}</span> },
    { name: 'Command', value: mono(d.command), long: true },
    { name: 'Mounts', value: lines(d.mounts), long: true },
    { name: 'Networks', value: d.networks.join(', ') },
    { name: 'Added', value: d.manual && d.record && dayYear(Date.parse(d.record.created)) },
    { name: 'Changed by hand', value: d.overridden && d.record && dayYear(Date.parse(d.record.changed)) },
    { name: 'Id', value: mono(d.id), long: true },
  ];
}

export function Facts({ detail }: { detail: ServiceDetail }) {
  return (
    <Card label="Facts">
      <CardHead title="Facts" />
      <FactList facts={factsOf(detail)} />
    </Card>
  );
}
