import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { SkeletonRows } from '@/components/states';
import { Services } from './services';

export const metadata: Metadata = { title: 'Services' };

export default function Page() {
  return (
    <Mounted fallback={<SkeletonRows rows={12} />}>
      <Services />
    </Mounted>
  );
}
