import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Events } from './events';

export const metadata: Metadata = { title: 'Events' };

export default function Page() {
  return (
    <Mounted>
      <Events />
    </Mounted>
  );
}
