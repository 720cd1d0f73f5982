import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Jobs } from './jobs';

export const metadata: Metadata = { title: 'Jobs' };

export default function Page() {
  return (
    <Mounted>
      <Jobs />
    </Mounted>
  );
}
