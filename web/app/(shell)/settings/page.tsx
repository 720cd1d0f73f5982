import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Settings } from './settings';

export const metadata: Metadata = { title: 'Settings' };

export default function Page() {
  return (
    <Mounted>
      <Settings />
    </Mounted>
  );
}
