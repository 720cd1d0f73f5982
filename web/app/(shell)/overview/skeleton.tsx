import { Bone } from '@/components/states';

/* In the exact shape of what comes: sentence, matrix, nodes, services. */
export function OverviewSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading the overview">
      <div className="mt-0.5 mb-5 flex h-[58px] items-center gap-8">
        <div className="flex-1">
          <Bone className="h-6 w-80 max-w-full" />
          <Bone className="mt-3 w-52" />
        </div>
        <Bone className="h-5 w-96 max-l:hidden" />
      </div>
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
