import type { Metadata } from 'next';
import { Mounted } from '@/components/mounted';
import { Users } from './users';

export const metadata: Metadata = { title: 'Users' };

export default function Page() {
  return (
    <Mounted>
      <Users />
    </Mounted>
  );
}
