'use client';
import { ChevronRight } from 'lucide-react';
import { memo, useState } from 'react';
import type { AuditEntry } from '@/api/types';
import { Card } from '@/components/card';
import { Icon } from '@/components/icon';
import { Shape } from '@/components/shape';
import { auditWords } from '@/lib/audit';
import { cx } from '@/lib/cx';
import { clockSeconds, dayName, exact } from '@/lib/format';
import { groupBy } from '@/lib/group';
import type { Look } from '@/lib/states';

const looks: Record<AuditEntry['outcome'], Look> = {
  done: { shape: 'ok', word: 'Done' },
  refused: { shape: 'warn', word: 'Refused' },
  failed: { shape: 'bad', word: 'Failed' },
};

export function Entries({ list }: { list: AuditEntry[] }) {
  const now = Date.now();
  return groupBy(list, (e) => dayName(Date.parse(e.time), now)).map(([name, entries]) => (
    <section key={name} aria-label={name} className="mb-3.5">
      <h2 className="mb-1.5 px-0.5 text-12 font-medium text-fg-3">{name}</h2>
      <Card>
        <ul>
          {entries.map((e) => (
            <Entry key={e.sequence} entry={e} />
          ))}
        </ul>
      </Card>
    </section>
  ));
}

const Entry = memo(function Entry({ entry: e }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  const look = looks[e.outcome];
  const t = Date.parse(e.time);
  const { verb, target } = auditWords(e.action, e.target, e.outcome, e.detail);
  return (
    <li className="audit-item">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="audit-row">
        <time dateTime={e.time} className="num text-12 text-fg-3">
          {clockSeconds(t)}
        </time>
        <Shape shape={look.shape} size="sm" label={look.word} />
        <span className="ell">
          <b className="font-medium">{e.actor || 'somebody'}</b> <span className="text-fg-2">{verb}</span> {target}
        </span>
        <span className="ell text-right text-12 text-fg-3 max-m:hidden">
          {e.via}
          {e.address && ` from ${e.address}`}
        </span>
        <Icon of={ChevronRight} size={14} className={cx('fold-arrow text-fg-3', open && 'fold-open')} />
      </button>
      {open && <Detail entry={e} at={exact(t)} word={look.word} />}
    </li>
  );
});

function Detail({ entry: e, at, word }: { entry: AuditEntry; at: string; word: string }) {
  const facts = [
    ['Entry', String(e.sequence)],
    ['Time', at],
    ['Outcome', word],
    ['Who', e.actor],
    ['Through', e.via],
    ['From', e.address],
    ['Action', e.action],
    ['Target', e.target],
  ].filter(([, v]) => v);
  return (
    <div className="audit-detail">
      <dl>
        {facts.map(([name, value]) => (
          <div key={name} className="flex gap-3">
            <dt className="w-16 text-fg-3">{name}</dt>
            <dd className="min-w-0 [overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
      </dl>
      {e.detail && (
        <pre tabIndex={0} aria-label="Detail" className="error-text">
          {JSON.stringify(e.detail, null, 2)}
        </pre>
      )}
    </div>
  );
}
