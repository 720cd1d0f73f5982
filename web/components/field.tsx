import { ChevronDown, Eye, EyeOff, type LucideIcon } from 'lucide-react';
import { useId, useState, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from 'react';
import { cx } from '@/lib/cx';
import { IconButton } from './button';
import { Icon } from './icon';

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | null;
}

const box = 'edge-control flex min-w-0 items-center gap-2 rounded-2 bg-field px-2.5';
const inner = 'h-full w-full min-w-0 border-0 bg-transparent outline-0 focus-visible:outline-0';
const heights = { md: 'h-[30px] max-m:h-10', lg: 'h-10 max-m:h-11' } as const;

interface ShellProps extends FieldProps {
  children: (props: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }) => ReactNode;
}

/* Label above, hint or error below, tied together for screen readers. */
export function Field({ label, hint, error, children }: ShellProps) {
  const id = useId();
  const note = error ?? hint;
  const described = note ? `${id}-note` : undefined;
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1.5 block text-12 font-medium text-fg-2">
        {label}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': error ? true : undefined })}
      {note && (
        <p id={described} className={cx('mt-1.5 text-12', error ? 'text-bad' : 'text-fg-3')}>
          {note}
        </p>
      )}
    </div>
  );
}

type InputProps = FieldProps & { size?: keyof typeof heights; trail?: ReactNode } & Omit<InputHTMLAttributes<HTMLInputElement>, 'size' | 'className'>;

export function TextField({ label, hint, error, size = 'md', trail, ...input }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (
        <span className={cx(box, heights[size])} data-invalid={error ? '' : undefined}>
          <input className={inner} {...props} {...input} />
          {trail}
        </span>
      )}
    </Field>
  );
}

export function PasswordField(props: Omit<InputProps, 'type' | 'trail'>) {
  const [shown, setShown] = useState(false);
  const toggle = (
    <IconButton small icon={shown ? EyeOff : Eye} label={shown ? 'Hide password' : 'Show password'} onClick={() => setShown(!shown)} />
  );
  return <TextField {...props} type={shown ? 'text' : 'password'} trail={toggle} />;
}

type SelectProps = FieldProps & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'size' | 'className'>;

/* The platform's own list: it works by touch and keyboard everywhere. */
export function SelectField({ label, hint, error, children, ...select }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (
        <span className={cx('edge-control relative flex rounded-2 bg-field', heights.md)}>
          <select className={cx(chooser, 'w-full bg-transparent pl-2.5')} {...props} {...select}>
            {children}
          </select>
          <Chevron />
        </span>
      )}
    </Field>
  );
}

/* Room on the right for our own mark: the platform's sits too close to the words. */
const chooser = 'h-full min-w-0 appearance-none truncate rounded-2 border-0 pr-7 outline-0 focus-visible:outline-0';

const Chevron = () => <Icon of={ChevronDown} size={14} className="pointer-events-none absolute top-1/2 right-2 -translate-y-1/2 text-fg-3" />;

type PlainSelectProps = { label: string } & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'size' | 'className'>;

/* In bars and card heads, where the label would only repeat what the choice says. */
export function PlainSelect({ label, children, ...select }: PlainSelectProps) {
  return (
    <span className={cx('edge-choice pop relative inline-flex min-w-0 rounded-2 bg-surface-2 hover:bg-surface-3', heights.md)}>
      <select aria-label={label} className={cx(chooser, 'max-w-60 bg-transparent pl-[11px] font-medium')} {...select}>
        {children}
      </select>
      <Chevron />
    </span>
  );
}

type SearchProps = { label: string; icon: LucideIcon } & Omit<InputHTMLAttributes<HTMLInputElement>, 'size' | 'className'>;

/* A search box of a list; `/` finds it by data-search. */
export function SearchBox({ label, icon, ...input }: SearchProps) {
  return (
    <span className={cx(box, heights.md, 'flex-1 basis-56')}>
      <Icon of={icon} size={14} className="text-fg-3" />
      <input type="search" aria-label={label} data-search className={inner} {...input} />
    </span>
  );
}

interface SegmentedProps<T extends string> {
  label: string;
  value: T;
  options: { value: T; label: ReactNode }[];
  onChange: (value: T) => void;
}

/* A few choices side by side: radio buttons in the look of a switch. */
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  const name = useId();
  return (
    <fieldset className="edge-strong inline-flex rounded-2 bg-sunken p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map((o) => (
        <label key={o.value} className={cx('pop relative inline-flex h-[26px] items-center rounded-[4px] px-2.5 max-m:h-9', segment)}>
          <input
            type="radio"
            name={name}
            value={o.value}
            checked={o.value === value}
            onChange={() => onChange(o.value)}
            className="absolute inset-0 appearance-none rounded-[4px]"
          />
          {o.label}
        </label>
      ))}
    </fieldset>
  );
}

const segment = cx('gap-1.5 text-12 font-medium whitespace-nowrap text-fg-2', 'has-checked:bg-surface-3 has-checked:text-fg has-checked:shadow-1');

interface ToggleProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: string;
}

export function Toggle({ label, checked, onChange, hint }: ToggleProps) {
  return (
    <label className="flex items-center gap-2.5">
      <input type="checkbox" role="switch" checked={checked} onChange={(e) => onChange(e.target.checked)} className="switch" />
      <span>
        {label}
        {hint && <small className="block text-12 text-fg-3">{hint}</small>}
      </span>
    </label>
  );
}
