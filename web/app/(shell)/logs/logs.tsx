'use client';
import { useQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { logSourcesQuery } from '@/api/keys';
import { logDownloadUrl, type LogLine } from '@/api/logs';
import { lazyDialog } from '@/app/parts/lazy';
import { copyText } from '@/state/copy';
import { Detail } from '@/app/parts/logs/detail';
import { Lines } from '@/app/parts/logs/lines';
import { parsed } from '@/app/parts/logs/parsed';
import { LogStates } from '@/app/parts/logs/states';
import { useHits, useLevelCounts, useVolume } from '@/app/parts/logs/stats';
import { DownloadLink, LevelFilter, LiveChip, LogSearch, LookButtons, PauseButton } from '@/app/parts/logs/tools';
import { useDetail, useLog, type Log } from '@/app/parts/logs/use-log';
import { useLogLook } from '@/app/parts/logs/view';
import { VolumeChart } from '@/app/parts/logs/volume';
import { useTyped } from '@/app/parts/typed';
import { Button } from '@/components/button';
import { Empty, ErrorState } from '@/components/states';
import { useSession } from '@/state/session';
import { toast } from '@/state/ui';
import { isBare, logsHref, queryOf, type LogAddress } from '@/lib/log-address';
import { useAddress, useDefaultSources } from './address';
import { SourceChips } from './chips';
import { useLogKeys } from './keys';
import { useSourceNames } from './names';
import { Times } from './times';
import '@/styles/logs.css';

const Picker = lazyDialog(() => import('./picker'));
const barsFor = (width: number): number => (width <= 720 ? 45 : 90);

/* What was said, where, around that moment? */
export default function Logs() {
  const [address, set] = useAddress();
  const [choosing, setChoosing] = useState(false);
  const sources = useQuery(logSourcesQuery());
  useDefaultSources(address, sources.data, set);
  const bare = isBare(address);
  return (
    <div className="log-page">
      {!bare && <Reading address={address} set={set} choose={() => setChoosing(true)} />}
      {bare && sources.error && <ErrorState title="The sources of logs could not be read" detail={sources.error.message} retry={() => void sources.refetch()} />}
      {bare && sources.data && sources.data.length > 0 && (
        <Empty icon={ScrollText} title="Nothing is chosen" actions={<Button onClick={() => setChoosing(true)}>Choose sources</Button>}>
          Choose what to read: services, or everything that a node logs.
        </Empty>
      )}
      {bare && sources.data?.length === 0 && <NoSources />}
      {choosing && sources.data && (
        <Picker sources={sources.data} chosen={[...address.services, ...address.nodes]} onChange={(services, nodes) => set({ services, nodes, line: null })} onClose={() => setChoosing(false)} />
      )}
    </div>
  );
}

function NoSources() {
  const limits = useSession()?.limits;
  return (
    <Empty icon={ScrollText} title={limits ? 'No log that you may read' : 'Nothing here keeps a log'}>
      {limits ? `You may read logs where your limits fit: ${limits}. Nothing there keeps one.` : 'Containers, units and nodes appear here once Hydra has found them.'}
    </Empty>
  );
}

interface Props {
  address: LogAddress;
  set: (part: Partial<LogAddress>) => void;
  choose: () => void;
}

/* The query stays the same one until the address asks for another. */
function useQueryOf(a: LogAddress) {
  const asked = JSON.stringify([a.services, a.nodes, a.context ? '' : a.q, !a.context && !!a.q && a.regex, a.level, a.range, a.from, a.to]);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `asked` is all of it that counts
  return useMemo(() => queryOf(a, Date.now()), [asked]);
}

function Reading({ address, set, choose }: Props) {
  const query = useQueryOf(address);
  const log = useLog(query, address.line, address.q, address.regex);
  const { reader, view, search } = log;
  const { wrap, relative } = useLogLook();
  const narrow = innerWidth <= 720;
  const chosen = useMemo(() => [...address.services, ...address.nodes], [address.services, address.nodes]);
  const names = useSourceNames(chosen, useQuery(logSourcesQuery()).data);
  const shown = useDetail(log);
  const detail = shown.line;
  const [text, setText] = useTyped(address.q, (q) => set(address.context ? { q } : { q, line: null }));
  const hits = useHits(view, search.matcher);
  const counts = useLevelCounts(view);
  const volume = useVolume(view, barsFor(innerWidth));
  useOpenMarked(address.line, log, shown.pick);
  useEffect(() => {
    if (view.following && view.phase === 'ready' && address.line) set({ line: null });
  }, [view.following, view.phase, address.line, set]);
  const showTime = (t: number) => {
    reader.letGo();
    log.handle.current?.show(Math.max(0, view.window.indexOfTime(t)));
  };
  useLogKeys({
    walk: log.walk,
    hit: log.hit,
    ends: log.ends,
    follow: () => (view.following ? reader.letGo() : reader.follow()),
    pause: () => reader.pause(!view.paused),
    open: shown.open,
    close: shown.close,
    copy: () => {
      const line = shown.chosen();
      if (line) void copyText(parsed(line).plain, 'Line');
    },
    choose,
  });
  const leave = (id: string) => set({ services: address.services.filter((s) => s !== id), nodes: address.nodes.filter((n) => n !== id), line: null });
  const sourceOf = (l: LogLine) => (l.service && chosen.includes(l.service) ? l.service : l.node);
  const filtered = !!query.q || !!address.level || !!address.range;
  return (
    <>
      <div className="log-bar" role="search">
        <LogSearch
          big
          text={text}
          onText={setText}
          regex={address.regex}
          onRegex={(regex) => set({ regex })}
          context={address.context}
          onContext={(context) => set({ context })}
          hits={hits}
          error={search.error}
          step={log.hit}
        />
        <LevelFilter value={address.level} counts={counts} onChange={(level) => set({ level, line: null })} />
      </div>
      <div className="log-bar">
        <SourceChips chosen={chosen} names={names} remove={leave} choose={choose} />
        <LiveChip view={view} retry={() => reader.retry()} />
        <span className="log-tools">
          <Times address={address} set={set} />
          <LookButtons />
          <PauseButton view={view} pause={(on) => reader.pause(on)} />
          <DownloadLink href={logDownloadUrl(query)} />
        </span>
      </div>
      <VolumeChart volume={volume} show={showTime} />
      <div className="log-main" data-detail={detail ? '' : undefined}>
        <LogStates reader={reader} view={view} invalid={search.error} filter={nothingOf(address)} clear={() => set({ q: '', level: '', range: null, from: null, to: null, line: null })}>
          <Lines
            key={view.generation}
            reader={reader}
            view={view}
            matcher={search.matcher}
            wrap={wrap || narrow}
            relative={relative}
            active={log.active}
            sources={chosen.length > 1 || address.nodes.length ? names : null}
            onPick={shown.pick}
            handle={log.handle}
            label="Lines of the log"
          />
        </LogStates>
        {detail && (
          <Detail
            line={detail}
            name={names.name(detail)}
            listed={names.listed(detail)}
            matcher={search.matcher}
            link={logsHref({ ...address, range: null, from: null, to: null, line: detail.cursor })}
            onClose={shown.close}
            onSearch={(q) => set({ q, regex: false, line: null })}
            onOnly={detail.service && (chosen.length > 1 || address.nodes.length) ? () => set({ services: [detail.service ?? ''], nodes: [], line: null }) : undefined}
            onHide={chosen.length > 1 && chosen.includes(sourceOf(detail)) ? () => leave(sourceOf(detail)) : undefined}
            onContext={filtered ? () => set({ context: true, level: '', range: null, from: null, to: null, line: detail.cursor }) : undefined}
          />
        )}
      </div>
    </>
  );
}

/* The line that a link names is opened with its neighbours. */
function useOpenMarked(line: string | null, { reader, view }: Log, open: (l: LogLine) => void): void {
  useEffect(() => {
    const { window, marked, phase } = reader.get();
    if (!line || phase !== 'ready') return;
    const item = marked === null ? undefined : window.items[window.indexOfCursor(marked)];
    if (item?.type === 'line') open(item.line);
    else toast('That line is no longer kept: these are the ones nearest to it', 'info');
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once per window
  }, [view.generation]);
}

function nothingOf(a: LogAddress): string | null {
  if (a.q && !a.context) return a.level ? `“${a.q}” at this level` : `“${a.q}”`;
  if (a.level) return 'this level';
  return a.range || a.from || a.to ? 'this time' : null;
}
