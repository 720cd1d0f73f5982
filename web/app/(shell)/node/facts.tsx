'use client';
import { memo } from 'react';
import type { NodeDetail } from '@/api/types';
import { Card, CardHead } from '@/components/card';
import { FactList, type Fact } from '@/components/fact-list';
import { count, exact, join, memory } from '@/lib/format';

type Facts = NonNullable<NodeDetail['facts']>;

const mono = (text: string) => text && <span className="font-mono text-12">{text}</span>;

function cpu(f: Facts): string {
  const cores = f.cpu_cores > 0 && `${count(f.cpu_cores, 'core')}, ${count(f.cpu_threads, 'thread')}`;
  return [f.cpu_sockets > 1 && `${f.cpu_sockets} ×`, f.cpu_model, cores && `(${cores})`].filter(Boolean).join(' ');
}

function factsOf(f: Facts): Fact[] {
  return [
    { name: 'Host name', value: f.hostname },
    { name: 'System', value: f.os },
    { name: 'Kernel', value: mono(f.kernel) },
    { name: 'Architecture', value: f.arch },
    { name: 'Processor', value: cpu(f), long: true },
    { name: 'Memory', value: join(memory(f.memory_total)) },
    { name: 'Swap', value: f.swap_total > 0 ? join(memory(f.swap_total)) : 'none' },
    { name: 'Started', value: f.boot_time && exact(Date.parse(f.boot_time)) },
    { name: 'Time zone', value: f.time_zone },
    { name: 'Runs inside', value: f.virtualization !== 'none' && f.virtualization },
    { name: 'Addresses', value: f.addresses.length > 0 && f.addresses.map((a) => <span key={a} className="block font-mono text-12">{a}</span>), long: true },
  ];
}

export const Facts = memo(function Facts({ facts }: { facts: Facts }) {
  return (
    <Card label="Facts">
      <CardHead title="This machine" />
      <FactList facts={factsOf(facts)} />
    </Card>
  );
});
