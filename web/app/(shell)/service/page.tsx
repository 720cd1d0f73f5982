import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Page as ServicePage } from './service';

export const metadata: Metadata = { title: 'Service' };

export default function Page() {
  return (
    <Mounted>
      <ServicePage />
    </Mounted>
  );
}
