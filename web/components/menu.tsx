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
}

export function MenuItem({ icon, children, keys, onSelect, danger }: ItemProps) {
  return (
    <Menu.Item
      onSelect={onSelect}
      className={cx('flex h-8 items-center gap-2.5 rounded-2 px-2.5 outline-0 max-m:h-11', danger && 'text-bad', 'data-highlighted:bg-surface-3')}
    >
      {icon && <Icon of={icon} size={14} className={danger ? '' : 'text-fg-3'} />}
      <span className="flex-1">{children}</span>
      {keys && <Kbd>{keys}</Kbd>}
    </Menu.Item>
  );
}

export const MenuLine = () => <Menu.Separator className="mx-1 my-1.5 h-px bg-line" />;
