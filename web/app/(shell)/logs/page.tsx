import type { Metadata } from 'next';
import { Gate } from '@/app/parts/gate';
import { Mounted } from '@/components/mounted';
import { LazyLogs } from './lazy';

export const metadata: Metadata = { title: 'Logs' };

export default function Page() {
  return (
    <Mounted>
      <Gate permission="logs:read" what="read logs">
        <LazyLogs />
      </Gate>
    </Mounted>
  );
}
