import type { ServiceDetail } from '@/api/types';
import { Card } from '@/components/card';
import { Shape } from '@/components/shape';

/* Two copies, two claimants of a port, another port than expected: worth knowing even while it works. */
export function Warnings({ detail }: { detail: ServiceDetail }) {
  if (!detail.warnings.length) return null;
  return (
    <Card label="Warnings" className="px-4 py-2.5">
      <ul className="grid gap-2">
        {detail.warnings.map((w) => (
          <li key={w} className="flex items-start gap-2.5">
            <Shape shape="warn" label="Warning" className="mt-[5px]" />
            <span className="[overflow-wrap:anywhere]">{w}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
