import type { ReactNode } from 'react';

export interface Fact {
  name: string;
  value: ReactNode; // nothing, false or an empty text: not drawn
  long?: boolean; // below its name instead of beside it
}

/* Names on the left, values on the right. */
export function FactList({ facts }: { facts: Fact[] }) {
  return (
    <dl className="facts">
      {facts
        .filter((f) => f.value !== null && f.value !== undefined && f.value !== false && f.value !== '' && f.value !== 0)
        .map((f) => (
          <div key={f.name} data-long={f.long}>
            <dt>{f.name}</dt>
            <dd>{f.value}</dd>
          </div>
        ))}
    </dl>
  );
}
