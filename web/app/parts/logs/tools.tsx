'use client';
import { ArrowDown, ArrowUp, Clock, Download, Filter, Pause, Play, Regex, Search, WrapText } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import { Chip, Kbd } from '@/components/chip';
import { IconButton } from '@/components/button';
import { Segmented } from '@/components/field';
import { Icon } from '@/components/icon';
import { Shape } from '@/components/shape';
import { number } from '@/lib/format';
import type { LevelCounts } from '@/lib/log-levels';
import type { LogView } from '@/state/log-reader';
import { toggleRelative, toggleWrap, useLogLook } from './view';

interface SearchProps {
  text: string;
  onText: (t: string) => void;
  regex: boolean;
  onRegex: (on: boolean) => void;
  context: boolean;
  onContext: (on: boolean) => void;
  hits: number | null;
  error: string | null;
  step: (s: 1 | -1) => void;
  big?: boolean;
}

/* Enter goes to the match before, as one comes from the newest line; with Shift to the one after. */
export function LogSearch({ text, onText, regex, onRegex, context, onContext, hits, error, step, big }: SearchProps) {
  const keys = (e: KeyboardEvent) => {
    if (e.key !== 'Enter' || !text) return;
    e.preventDefault();
    step(e.shiftKey ? 1 : -1);
  };
  return (
    <span className="log-search edge-control" data-big={big || undefined} data-invalid={error ? '' : undefined}>
      <Icon of={Search} size={14} className="text-fg-3" />
      <input
        type="search"
        data-search
        aria-label="Search the log"
        aria-invalid={error ? true : undefined}
        title={error ?? undefined}
        placeholder={context ? 'Find in the lines' : 'Show lines with…'}
        value={text}
        onChange={(e) => onText(e.target.value)}
        onKeyDown={keys}
      />
      {text && (
        <>
          <span className="num text-12 whitespace-nowrap text-fg-3" role="status">
            {error ? context && <span className="text-bad">no expression</span> : hits === null ? '' : `${number(hits)} ${hits === 1 ? 'hit' : 'hits'}`}
          </span>
          <IconButton small icon={ArrowUp} label="Previous match, older" onClick={() => step(-1)} />
          <IconButton small icon={ArrowDown} label="Next match, newer" onClick={() => step(1)} />
        </>
      )}
      <Switch icon={Filter} label="Only lines that match" on={!context} onChange={(on) => onContext(!on)} />
      <Switch icon={Regex} label="Regular expression" on={regex} onChange={onRegex} />
      {big && !text && (
        <span className="max-m:hidden">
          <Kbd>/</Kbd>
        </span>
      )}
    </span>
  );
}

function Switch({ icon, label, on, onChange }: { icon: typeof Search; label: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <span className="log-switch" data-on={on || undefined}>
      <IconButton small icon={icon} label={label} aria-pressed={on} onClick={() => onChange(!on)} />
    </span>
  );
}

const count = (n: number | null): ReactNode => n !== null && <span className="num font-regular text-fg-3">{number(n)}</span>;

/* A level and what is worse. Counts are of the lines that are here; below the chosen level nothing is known. */
export function LevelFilter({ value, counts, onChange, short }: { value: string; counts: LevelCounts; onChange: (v: string) => void; short?: boolean }) {
  const known = ['', 'info', 'warning', 'err'].indexOf(value);
  const of = (rank: number, n: number) => count(known > rank ? null : n);
  return (
    <Segmented
      label="Level"
      value={value}
      onChange={onChange}
      options={[
        { value: '', label: <>All {of(0, counts.all)}</> },
        ...(short ? [] : [{ value: 'info', label: <>Info {of(1, counts.info)}</> }]),
        { value: 'warning', label: <><Shape shape="warn" />Warn {of(2, counts.warn)}</> },
        { value: 'err', label: <><Shape shape="bad" />Error {of(3, counts.error)}</> },
      ]}
    />
  );
}

export function LiveChip({ view, retry }: { view: LogView; retry: () => void }) {
  const { status, paused, following, phase } = view;
  if (phase !== 'ready') return null;
  if (paused) return <Chip><Shape shape="silenced" size="sm" />Paused</Chip>;
  if (status.state === 'waiting')
    return (
      <button type="button" onClick={retry} data-tip="Try again now">
        <Chip tone="warn"><Shape shape="warn" size="sm" />Reconnecting</Chip>
      </button>
    );
  if (status.state === 'ended') return <span title={status.text}><Chip tone="bad"><Shape shape="bad" size="sm" />Not live</Chip></span>;
  if (status.state === 'closed') return <Chip>History</Chip>;
  if (status.state === 'connecting') return <Chip><Shape shape="working" size="sm" />Connecting</Chip>;
  return following ? <Chip tone="accent"><Shape shape="ok" size="sm" />Following</Chip> : <Chip><Shape shape="ok" size="sm" />Live</Chip>;
}

export function LookButtons() {
  const { wrap, relative } = useLogLook();
  return (
    <>
      <span className="log-switch log-wraps" data-on={wrap || undefined}>
        <IconButton icon={WrapText} label="Wrap lines" aria-pressed={wrap} onClick={toggleWrap} />
      </span>
      <span className="log-switch" data-on={relative || undefined}>
        <IconButton icon={Clock} label="Show how long ago" aria-pressed={relative} onClick={toggleRelative} />
      </span>
    </>
  );
}

export function DownloadLink({ href }: { href: string }) {
  return (
    <a href={href} download aria-label="Download these lines as text" data-tip="Download these lines as text" className="log-download">
      <Icon of={Download} />
    </a>
  );
}

export function PauseButton({ view, pause }: { view: LogView; pause: (on: boolean) => void }) {
  return <IconButton icon={view.paused ? Play : Pause} label={view.paused ? 'Go on' : 'Pause'} disabled={view.status.state === 'closed'} onClick={() => pause(!view.paused)} />;
}
