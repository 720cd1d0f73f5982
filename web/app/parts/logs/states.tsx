'use client';
import { ScrollText, SearchX } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '@/components/button';
import { Shape } from '@/components/shape';
import { Bone, Empty, ErrorState } from '@/components/states';
import { cx } from '@/lib/cx';
import { moment } from '@/lib/format';
import type { LogReader, LogView } from '@/state/log-reader';

interface Props {
  reader: LogReader;
  view: LogView;
  invalid: string | null; // why what is searched for is no regular expression
  filter: string | null; // what narrows the lines: “timeout”, “errors”
  clear: () => void;
  children: ReactNode;
}

/* The lines, or why there are none. */
export function LogStates({ reader, view, invalid, filter, clear, children }: Props) {
  if (view.phase === 'error' && invalid)
    return (
      <p role="alert" className="p-4 text-fg-2 [overflow-wrap:anywhere]">
        {invalid}
      </p>
    );
  if (view.phase === 'error') return <ErrorState title="The log could not be read" detail={view.error?.text ?? ''} requestId={view.error?.requestId} retry={() => reader.again()} />;
  if (view.phase === 'loading' && !view.generation) return <LogSkeleton />;
  if (!view.window.items.length && view.phase === 'ready' && !view.window.start)
    return (
      <Empty icon={SearchX} title={filter ? `No line matches ${filter} so far` : 'No line so far'} actions={<Further reader={reader} view={view} clear={clear} />}>
        {view.back ? <SearchedBack view={view} /> : 'The search stopped after a while.'}
      </Empty>
    );
  if (!view.window.items.length && view.phase === 'ready')
    return filter ? (
      <Empty icon={SearchX} title={`No line matches ${filter}`} actions={<Button onClick={clear}>Clear the filter</Button>} />
    ) : (
      <Empty icon={ScrollText} title="Nothing has been logged yet">
        Lines appear here as they are written.
      </Empty>
    );
  return (
    <div className="log-lines" data-loading={view.phase === 'loading' || undefined}>
      <Partial view={view} />
      {children}
    </div>
  );
}

/* How far a search has come that has not found enough yet. */
export function SearchedBack({ view: { back, busy } }: { view: LogView }) {
  if (!back) return null;
  return <span role="status">{`${busy === 'older' ? 'Searching… back' : 'Searched back'} to ${moment(back.reached, Date.now())}`}</span>;
}

function Further({ reader, view, clear }: { reader: LogReader; view: LogView; clear: () => void }) {
  return (
    <>
      <Button disabled={view.busy !== null} onClick={() => reader.older()}>
        {view.busy ? 'Searching…' : 'Search further back'}
      </Button>
      <Button look="ghost" onClick={clear}>
        Clear the filter
      </Button>
    </>
  );
}

function Partial({ view }: { view: LogView }) {
  if (!view.partial.length) return null;
  return (
    <div className="log-partial" role="status">
      <Shape shape="warn" />
      <span>{view.partial.map((p) => p.text).join(' ')}</span>
    </div>
  );
}

const widths = ['w-3/5', 'w-2/5', 'w-1/2', 'w-4/5', 'w-1/3'];

/* In the shape of lines. */
function LogSkeleton() {
  return (
    <div role="status" aria-busy="true" aria-label="Loading" className="log-skeleton">
      {Array.from({ length: 24 }, (_, i) => (
        <div key={i} className="flex h-5 items-center gap-4 px-4">
          <Bone className="w-20" />
          <Bone className="w-9" />
          <Bone className={cx(widths[i % widths.length])} />
        </div>
      ))}
    </div>
  );
}
