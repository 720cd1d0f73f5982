'use client';
// The charts of a node: loaded after its page, because uPlot comes with them.
import { ChartLine, Play, RotateCcw, Table2 } from 'lucide-react';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { NodeDetail } from '@/api/types';
import { Button } from '@/components/button';
import { SectionHead } from '@/components/card';
import { SkeletonRows } from '@/components/states';
import { chartsOf, everything, type ChartFacts, type ChartSpec, type Chosen } from '@/lib/charts';
import { clockSeconds } from '@/lib/format';
import { useClock } from '@/state/clock';
import { series, type NodeSeries } from '@/stream/series';
import { Board } from './board';
import { Chart } from './chart';
import { ChartTable } from './chart-table';
import { Cores } from './cores';
import { MemorySplit } from './memory-split';

export default function Charts({ detail }: { detail: NodeDetail }) {
  const node = series.metrics(detail.id);
  const board = useBoard(node, detail.state === 'away');
  const [chosen, setChosen] = useState<Chosen>({ net: everything, disk: everything });
  const [table, setTable] = useState(false);
  const specs = useSpecs(node, detail, chosen);
  const choose = (key: string) => (key === 'net' || key === 'disk' ? (name: string) => setChosen((c) => ({ ...c, [key]: name })) : undefined);
  return (
    <section aria-label="Last 15 minutes">
      <SectionHead title="Last 15 minutes" note={<BoardNote board={board} />}>
        <BoardControls board={board} />
        <Button look="ghost" size="sm" icon={table ? ChartLine : Table2} aria-pressed={table} onClick={() => setTable(!table)}>
          {table ? 'Show as charts' : 'Show as table'}
        </Button>
      </SectionHead>
      {!specs.length && <SkeletonRows rows={6} />}
      {table && specs.length > 0 ? (
        <ChartTable node={node} specs={specs} />
      ) : (
        <div className="charts">
          {specs.map((s) => (
            <Chart key={s.key} board={board} spec={s} chosen={chosen[s.key as keyof Chosen]} onChoose={choose(s.key)}>
              {s.key === 'cpu' && <Cores board={board} names={coreNames(node)} />}
              {s.key === 'memory' && <MemorySplit memory={detail.memory} />}
            </Chart>
          ))}
        </div>
      )}
    </section>
  );
}

function useBoard(node: NodeSeries, away: boolean): Board {
  const board = useMemo(() => new Board(node), [node]);
  useEffect(() => board.start(), [board]);
  useEffect(() => board.setAway(away), [board, away]);
  return board;
}

const coreNames = (node: NodeSeries): string[] =>
  node.names.filter((n) => n.startsWith('core.')).sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));

/* Made anew when the columns change, not at every sample. */
function useSpecs(node: NodeSeries, d: NodeDetail, chosen: Chosen): ChartSpec[] {
  const schema = useSyncExternalStore(node.subscribe, () => node.schema);
  const facts = useFacts(d);
  return useMemo(
    () => chartsOf(node.names, facts, chosen),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the schema stands for the names
    [node, schema, facts, chosen],
  );
}

/* The few facts that charts depend on, by what they say: the detail itself changes every two seconds. */
function useFacts(d: NodeDetail): ChartFacts {
  const critical = d.sensors.find((s) => s.kind === 'temp' && s.critical != null && s.critical <= 110)?.critical ?? null;
  const text = JSON.stringify({
    memoryTotal: d.memory_total,
    swapTotal: d.facts?.swap_total ?? 0,
    virtual: d.interfaces.filter((i) => i.virtual).map((i) => i.name),
    gpus: d.gpus.map((g) => ({ id: g.id, name: g.name, memory: g.memory_total })),
    critical,
  });
  return useMemo(() => {
    const facts = JSON.parse(text) as ChartFacts & { virtual: string[] };
    return { ...facts, virtual: new Set(facts.virtual) };
  }, [text]);
}

const windowMs = 900_000;
const useStatus = (board: Board) => useSyncExternalStore(board.subscribe, () => board.status);

function BoardNote({ board }: { board: Board }) {
  const status = useStatus(board);
  const start = useClock((now) => sinceText(board, now));
  if (status.state === 'live') return `${start}every second`;
  return <span className="num">{status.state === 'paused' ? `paused at ${clockSeconds(status.at)}` : `from ${clockSeconds(status.at)}`}</span>;
}

/* Right after a start the charts reach back to it, not further. */
function sinceText(board: Board, now: number): string {
  const first = board.times[0];
  return first !== undefined && now - first < windowMs - 10_000 ? `since ${clockSeconds(first)}, ` : '';
}

function BoardControls({ board }: { board: Board }) {
  const status = useStatus(board);
  if (status.state === 'zoomed' || board.isPinned)
    return (
      <Button size="sm" icon={board.isPinned ? Play : RotateCcw} onClick={() => board.reset()}>
        {board.isPinned ? 'Resume' : 'Show all 15 min'}
      </Button>
    );
  return null;
}
