'use client';
import { Copy, EyeOff, Filter, Link2, ListCollapse, X } from 'lucide-react';
import type { LogLine } from '@/api/logs';
import { Button, IconButton } from '@/components/button';
import { Chip, type Tone } from '@/components/chip';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { clockMillis, day } from '@/lib/format';
import { nodeHref, serviceHref } from '@/lib/links';
import { levelLook, type Weight } from '@/lib/log-levels';
import { membersOf, pieces, type Matcher } from '@/lib/log-text';
import type { Shape as ShapeName } from '@/lib/states';
import { copyText } from '@/state/copy';
import { parsed } from './parsed';
import { LogText } from './text';

interface Props {
  line: LogLine;
  name: string;
  listed: boolean; // Hydra has a page of the service
  matcher: Matcher | null;
  link: string; // to this line
  onClose: () => void;
  onSearch?: (text: string) => void;
  onOnly?: () => void;
  onHide?: () => void;
  onContext?: () => void;
}

const longest = 16_384;

/* One line in full: its text, its members, what to do with it. */
export function Detail({ line, name, listed, matcher, link, onClose, onSearch, onOnly, onHide, onContext }: Props) {
  const { spans, plain } = parsed(line);
  return (
    <aside className="log-detail" aria-label="Line">
      <header className="flex min-h-[42px] items-center gap-1 border-b border-line pr-2 pl-4">
        <h2 className="flex-1 font-medium">Line</h2>
        <IconButton small icon={Copy} label="Copy the line" onClick={() => void copyText(plain, 'Line')} />
        <IconButton small icon={Link2} label="Copy a link to this line" onClick={() => void copyText(new URL(link, location.href).href, 'Link')} />
        <IconButton small icon={X} label="Close" onClick={onClose} />
      </header>
      <div className="px-4 py-3.5">
        <LevelChip level={line.level} />
        <p className="log-whole">
          <LogText pieces={pieces(spans, matcher?.hits(plain) ?? [], longest)} />
        </p>
        {line.cut && <p className="mt-2 text-12 text-fg-3">The line was longer than 16 KiB; the rest is not kept here.</p>}
      </div>
      <Facts line={line} name={name} listed={listed} />
      <Members line={line} text={plain} onSearch={onSearch} />
      <div className="flex flex-wrap gap-1.5 border-t border-line px-4 py-3.5">
        {onContext && <Button size="sm" icon={ListCollapse} onClick={onContext}>Show around it</Button>}
        {onOnly && <Button size="sm" icon={Filter} onClick={onOnly}>Only {name}</Button>}
        {onHide && <Button size="sm" icon={EyeOff} onClick={onHide}>Hide {name}</Button>}
      </div>
    </aside>
  );
}

const chips: Record<Weight, [Tone, ShapeName | null, string]> = {
  error: ['bad', 'bad', 'Error'],
  warn: ['warn', 'warn', 'Warning'],
  info: ['plain', null, 'Info'],
  debug: ['plain', null, 'Debug'],
  none: ['plain', null, 'No level'],
};
const exactWords: Record<string, string> = { emerg: 'Emergency', alert: 'Alert', crit: 'Critical', notice: 'Notice' };

function LevelChip({ level }: { level: string | null }) {
  const [tone, shape, word] = chips[levelLook(level).weight];
  return (
    <Chip tone={tone}>
      {shape && <Shape shape={shape} size="sm" />}
      {exactWords[level ?? ''] ?? word}
    </Chip>
  );
}

function Facts({ line, name, listed }: Pick<Props, 'line' | 'name' | 'listed'>) {
  return (
    <dl className="log-facts">
      <dt>Time</dt>
      <dd className="num">
        {day(line.t)}, {clockMillis(line.t)}
      </dd>
      {line.service && (
        <>
          <dt>Service</dt>
          <dd>
            {listed ? (
              <Link href={serviceHref(line.service)} className="text-accent hover:underline">
                {name}
              </Link>
            ) : (
              name
            )}
          </dd>
        </>
      )}
      <dt>Node</dt>
      <dd>
        <Link href={nodeHref(line.node)} className="text-accent hover:underline">
          {line.node}
        </Link>
      </dd>
    </dl>
  );
}

/* A JSON line folded out, and what the journal or the engine know of it. */
function Members({ line, text, onSearch }: { line: LogLine; text: string; onSearch?: (t: string) => void }) {
  const members = membersOf(text, line.fields);
  if (!members.length) return null;
  return (
    <table className="log-members">
      <caption className="sr-only">Members</caption>
      <tbody>
        {members.map(([n, v]) => (
          <tr key={n}>
            <th scope="row">{n}</th>
            <td>
              {onSearch && v && v.length <= 200 ? (
                <button type="button" data-tip="Search for this" onClick={() => onSearch(v)}>
                  {v}
                </button>
              ) : (
                v
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
