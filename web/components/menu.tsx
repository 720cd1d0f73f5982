'use client';
// Radix's menu in our clothes. Import it lazily: it brings its own positioning.
import * as Menu from '@radix-ui/react-dropdown-menu';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';
import { Kbd } from './chip';
import { Icon } from './icon';

interface MenuProps {
  trigger: ReactNode;
  children: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: 'start' | 'end';
}

export function DropdownMenu({ trigger, children, open, onOpenChange, align = 'start' }: MenuProps) {
  return (
    <Menu.Root open={open} onOpenChange={onOpenChange} modal={false}>
      <Menu.Trigger asChild>{trigger}</Menu.Trigger>
      <Menu.Portal>
        <Menu.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="float-in z-[var(--z-dialog)] min-w-52 rounded-3 bg-overlay p-1.5 shadow-3"
        >
          {children}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

interface ItemProps {
  icon?: LucideIcon;
  children: ReactNode;
  keys?: string;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
  note?: string | null; // below it: why not
}

export function MenuItem({ icon, children, keys, onSelect, danger, disabled, note }: ItemProps) {
  return (
    <Menu.Item
      onSelect={onSelect}
      disabled={disabled}
      className={cx('flex min-h-8 gap-2.5 rounded-2 px-2.5 outline-0 max-m:min-h-11', note ? 'items-start py-1.5' : 'items-center', danger && !disabled && 'text-bad', item)}
    >
      {icon && <Icon of={icon} size={14} className={cx(!(danger && !disabled) && 'text-fg-3', note && 'mt-[3px]')} />}
      <span className="flex-1">
        {children}
        {note && <small className="block max-w-64 text-12 text-fg-3">{note}</small>}
      </span>
      {keys && <Kbd>{keys}</Kbd>}
    </Menu.Item>
  );
}

const item = 'data-highlighted:bg-surface-3 data-disabled:text-fg-3';

/* Why nothing below it can be chosen. */
export const MenuNote = ({ children }: { children: ReactNode }) => <p className="max-w-72 px-2.5 py-1.5 text-12 text-fg-2 [overflow-wrap:anywhere]">{children}</p>;

export const MenuLine = () => <Menu.Separator className="mx-1 my-1.5 h-px bg-line" />;
