'use client';
import { Maximize2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { logDownloadUrl } from '@/api/logs';
import { useTyped } from '@/app/parts/typed';
import { Card } from '@/components/card';
import { Icon } from '@/components/icon';
import { Link } from '@/components/link';
import { logsHref, noAddress, queryOf, type LogAddress } from '@/lib/log-address';
import { Detail } from './detail';
import { Lines } from './lines';
import { LogStates } from './states';
import { useHits, useLevelCounts } from './stats';
import { DownloadLink, LevelFilter, LiveChip, LogSearch, LookButtons } from './tools';
import { useDetail, useLog } from './use-log';
import { useLogLook } from './view';
import '@/styles/logs.css';

type Wish = Pick<LogAddress, 'q' | 'regex' | 'context' | 'level'>;

/* The log of one service, on its page. A search is marked among the other lines. */
export default function LogCard({ service, name }: { service: string; name: string }) {
  const [wish, setWish] = useState<Wish>({ q: '', regex: false, context: true, level: '' });
  const set = (part: Partial<Wish>) => setWish((w) => ({ ...w, ...part }));
  const { level, context } = wish;
  const [filter, regex] = context ? ['', false] : [wish.q, wish.regex];
  const query = useMemo(() => queryOf({ ...noAddress, services: [service], level, q: filter, regex }, Date.now()), [service, level, filter, regex]);
  const log = useLog(query, null, wish.q, wish.regex);
  const { reader, view, search } = log;
  const { wrap, relative } = useLogLook();
  const shown = useDetail(log);
  const detail = shown.line;
  const [text, setText] = useTyped(wish.q, (q) => set({ q }));
  const hits = useHits(view, search.matcher);
  const counts = useLevelCounts(view);
  const nothing = filter ? `“${filter}”` : level ? 'this level' : null;
  return (
    <Card label="Log" className="log-card overflow-hidden">
      <header className="log-card-head">
        <h2 className="font-medium">Log</h2>
        <LiveChip view={view} retry={() => reader.retry()} />
        <span className="flex-1" />
        <LevelFilter short value={level} counts={counts} onChange={(v) => set({ level: v })} />
        <LogSearch text={text} onText={setText} regex={wish.regex} onRegex={(r) => set({ regex: r })} context={context} onContext={(c) => set({ context: c })} hits={hits} error={search.error} step={log.hit} />
        <span className="flex items-center">
          <LookButtons />
          <DownloadLink href={logDownloadUrl(query)} />
          <Link href={logsHref({ services: [service], ...wish, context: context && !!wish.q })} className="log-download" aria-label="Open in Logs" data-tip="Open in Logs">
            <Icon of={Maximize2} />
          </Link>
        </span>
      </header>
      <div className="log-card-body" data-detail={detail ? '' : undefined}>
        <LogStates reader={reader} view={view} invalid={search.error} filter={nothing} clear={() => set({ q: '', level: '' })}>
          <Lines key={view.generation} reader={reader} view={view} matcher={search.matcher} wrap={wrap || innerWidth <= 720} relative={relative} active={log.active} sources={null} onPick={shown.pick} handle={log.handle} label={`Log of ${name}`} />
        </LogStates>
        {detail && <Detail line={detail} name={name} listed matcher={search.matcher} link={logsHref({ services: [service], line: detail.cursor })} onClose={shown.close} onSearch={(q) => set({ q, regex: false })} />}
      </div>
    </Card>
  );
}
