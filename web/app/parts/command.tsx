import { commandParts } from '@/lib/processes';

/* A command line; where there is little room, without the folder of its program. */
export function Command({ children }: { children: string }) {
  const [folder, rest] = commandParts(children);
  return (
    <>
      {folder && <span className="text-fg-3 max-m:hidden">{folder}</span>}
      {rest}
    </>
  );
}
