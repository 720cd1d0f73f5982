import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Guard } from './guard';

export const metadata: Metadata = { title: 'Guard rails' };

export default function Page() {
  return (
    <Mounted>
      <Guard />
    </Mounted>
  );
}
