import { useId } from 'react';
import { cx } from '@/lib/cx';

interface Props<T extends string> {
  label: string;
  value: T;
  options: { value: T; title: string; text: string }[];
  onChange: (value: T) => void;
  error?: string | null;
}

/* A choice whose options need a sentence each. */
export function RadioCards<T extends string>({ label, value, options, onChange, error }: Props<T>) {
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-1.5 text-12 font-medium text-fg-2">{label}</legend>
      <div className="grid gap-1.5">
        {options.map((o) => (
          <label key={o.value} className={cx('edge-strong flex items-start gap-2.5 rounded-2 px-3 py-2', 'has-checked:bg-accent-bg has-checked:shadow-[inset_0_0_0_1px_var(--accent-line)]')}>
            <input type="radio" name={name} checked={o.value === value} onChange={() => onChange(o.value)} className="radio mt-0.5" />
            <span>
              <span className="font-medium">{o.title}</span>
              <small className="block text-12 text-fg-2">{o.text}</small>
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p role="alert" className="mt-1.5 text-12 text-bad">
          {error}
        </p>
      )}
    </fieldset>
  );
}
