import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Sessions } from './sessions';

export const metadata: Metadata = { title: 'Sessions' };

export default function Page() {
  return (
    <Mounted>
      <Sessions />
    </Mounted>
  );
}
