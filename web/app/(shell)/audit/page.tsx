import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Audit } from './audit';

export const metadata: Metadata = { title: 'Audit log' };

export default function Page() {
  return (
    <Mounted>
      <Audit />
    </Mounted>
  );
}
