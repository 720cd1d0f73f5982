'use client';
import { Plus, X } from 'lucide-react';
import { Button } from '@/components/button';
import { Icon } from '@/components/icon';
import type { SourceNames } from './names';

interface Props {
  chosen: string[];
  names: SourceNames;
  remove: (id: string) => void;
  choose: () => void;
}

/* The sources that are read, each in its colour. */
export function SourceChips({ chosen, names, remove, choose }: Props) {
  return (
    <div className="log-chips">
      {chosen.map((id) => (
        <span key={id} className={`log-chip c-viz-${names.colourOf(id)}`} title={id}>
          <i aria-hidden />
          <span className="ell">{names.titleOf(id)}</span>
          {chosen.length > 1 && (
            <button type="button" aria-label={`Leave out ${names.titleOf(id)}`} onClick={() => remove(id)}>
              <Icon of={X} size={12} />
            </button>
          )}
        </span>
      ))}
      <Button size="sm" icon={Plus} onClick={choose}>
        {chosen.length ? 'Sources' : 'Choose sources'}
      </Button>
    </div>
  );
}
