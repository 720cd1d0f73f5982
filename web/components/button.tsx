import type { LucideIcon } from 'lucide-react';
import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { cx } from '@/lib/cx';
import { Icon } from './icon';
import { Link } from './link';

export type ButtonLook = 'plain' | 'primary' | 'ghost' | 'danger' | 'danger-solid';
export type ButtonSize = 'sm' | 'md' | 'lg';

const base = 'pop inline-flex items-center justify-center font-medium whitespace-nowrap rounded-2 disabled:text-fg-off';
const looks: Record<ButtonLook, string> = {
  plain: 'edge-strong bg-surface-2 hover:enabled:bg-surface-3 [a&]:hover:bg-surface-3',
  primary: 'bg-accent-solid text-on-accent hover:bg-accent-strong disabled:bg-surface-3',
  ghost: 'text-fg-2 hover:bg-surface-2 hover:text-fg',
  danger: 'text-bad shadow-[inset_0_0_0_1px_var(--bad-line)] hover:bg-bad-bg',
  'danger-solid': 'bg-bad-solid text-on-bad disabled:bg-surface-3',
};
const sizes: Record<ButtonSize, string> = {
  sm: 'h-6 px-2 gap-[5px] text-12 max-m:h-9 max-m:px-3',
  md: 'h-[30px] px-[11px] gap-[7px] max-m:h-9',
  lg: 'h-10 px-4 gap-2 max-m:h-11',
};

interface Common {
  look?: ButtonLook;
  size?: ButtonSize;
  icon?: LucideIcon;
  wide?: boolean;
  children: ReactNode;
}

const classes = ({ look = 'plain', size = 'md', wide }: Partial<Common>) => cx(base, looks[look], sizes[size], wide && 'w-full');
const tint = (look: ButtonLook = 'plain') => (look === 'plain' ? 'text-fg-2' : '');

type ButtonProps = Common & Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className'>;

export function Button({ look, size, icon, wide, children, type = 'button', ...rest }: ButtonProps) {
  return (
    <button type={type} className={classes({ look, size, wide })} {...rest}>
      {icon && <Icon of={icon} size={size === 'sm' ? 13 : 14} className={tint(look)} />}
      {children}
    </button>
  );
}

export function ButtonLink({ href, look, size, icon, wide, children, external, here }: Common & { href: string; external?: boolean; here?: boolean }) {
  const inside = (
    <>
      {icon && <Icon of={icon} size={size === 'sm' ? 13 : 14} className={tint(look)} />}
      {children}
    </>
  );
  if (external)
    return (
      <a href={href} target="_blank" rel="noreferrer" className={classes({ look, size, wide })}>
        {inside}
      </a>
    );
  return (
    <Link href={href} here={here} className={classes({ look, size, wide })}>
      {inside}
    </Link>
  );
}

type IconButtonProps = { icon: LucideIcon; label: string; small?: boolean } & Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className'>;

/* Icon alone: its label is also its tooltip. */
export function IconButton({ icon, label, small, type = 'button', ...rest }: IconButtonProps) {
  const size = small ? 'size-6 max-m:size-9' : 'size-[30px] max-m:size-10';
  return (
    <button
      type={type}
      aria-label={label}
      data-tip={label}
      className={cx('pop grid place-items-center rounded-2 text-fg-2', 'hover:bg-surface-2 hover:text-fg', size)}
      {...rest}
    >
      <Icon of={icon} size={small ? 14 : 16} />
    </button>
  );
}
