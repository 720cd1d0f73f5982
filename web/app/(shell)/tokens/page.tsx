import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Tokens } from './tokens';

export const metadata: Metadata = { title: 'API tokens' };

export default function Page() {
  return (
    <Mounted>
      <Tokens />
    </Mounted>
  );
}
