import { Bone } from '@/components/states';

/* In the exact shape of what comes: sentence, matrix, nodes, services. */
export function OverviewSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading the overview">
      <section aria-label="Verdict" className="verdict">
        <div className="min-w-0 flex-1">
          <h1>
            <span className="size-6 flex-none" />
            <Place id="hydra-sentence" as="span" className="sentence" />
          </h1>
          <Place id="hydra-detail" as="p" className="verdict-detail" />
        </div>
        <Place id="hydra-matrix" as="div" className="matrix" />
      </section>
      <div className="grid gap-3.5 l:grid-cols-3">
        {[0, 1, 2].map((n) => (
          <NodeBones key={n} />
        ))}
      </div>
      <div className="edge mt-3.5 h-72 rounded-3 bg-surface p-4">
        <Bone className="w-24" />
      </div>
    </div>
  );
}

/* hydrad writes what is known in here (src/api/markup.c), so that it is read before the first script has run; React leaves
   it as it is. Empty, it looks like a bone. */
function Place({ as: As, ...rest }: { as: 'span' | 'p' | 'div'; id: string; className: string }) {
  return <As {...rest} suppressHydrationWarning dangerouslySetInnerHTML={nothing} />;
}

const nothing = { __html: '' };

function NodeBones() {
  return (
    <div className="edge h-[186px] rounded-3 bg-surface px-4 pt-4">
      <Bone className="mb-3 w-28" />
      {[0, 1, 2, 3].map((row) => (
        <div key={row} className="flex h-[26px] items-center gap-3">
          <Bone className="w-11" />
          <Bone className="h-4 flex-1" />
          <Bone className="w-16" />
        </div>
      ))}
    </div>
  );
}
