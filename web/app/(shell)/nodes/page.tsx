import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { NodeList } from './node-list';

export const metadata: Metadata = { title: 'Nodes' };

export default function Page() {
  return (
    <Mounted>
      <NodeList />
    </Mounted>
  );
}
