'use client';
import { Dialog } from '@/components/dialog';
import { Kbd } from '@/components/chip';
import { allCommands, useRegistry, type Command } from '@/state/commands';
import { openOverlay } from '@/state/ui';

const groups: Command['group'][] = ['Go to', 'On this page', 'Actions', 'Appearance'];

export const keyParts = (keys: string): string[] => keys.replace('Mod+', 'Ctrl ').replace('Shift+', 'Shift ').split(' ').map((k) => (k.length === 1 && keys.includes('Mod') ? k.toUpperCase() : k));

/* Every key that works here, made from the same registry. */
export default function Keys() {
  const commands = allCommands(useRegistry((s) => s.sets)).filter((c) => c.keys);
  return (
    <Dialog title="Keyboard" onClose={() => openOverlay(null)}>
      <div className="mt-3 grid gap-x-8 gap-y-4 m:grid-cols-2">
        {groups.map((g) => {
          const list = commands.filter((c) => c.group === g);
          return list.length > 0 && <Group key={g} title={g} commands={list} />;
        })}
      </div>
    </Dialog>
  );
}

function Group({ title, commands }: { title: string; commands: Command[] }) {
  return (
    <section>
      <h3 className="mb-1 text-12 font-medium text-fg-3">{title}</h3>
      <dl>
        {commands.map((c) => (
          <div key={c.id} className="flex h-8 items-center gap-3">
            <dt className="flex-1">{c.title}</dt>
            <dd className="flex gap-1">
              {keyParts(c.keys ?? '').map((k) => (
                <Kbd key={k}>{k}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
