import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Page as NodePage } from './node';

export const metadata: Metadata = { title: 'Node' };

export default function Page() {
  return (
    <Mounted>
      <NodePage />
    </Mounted>
  );
}
