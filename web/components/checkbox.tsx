import type { ReactNode } from 'react';

interface Props {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

export function Checkbox({ label, hint, checked, disabled, onChange }: Props) {
  return (
    <label className="flex min-h-6 items-start gap-2.5 py-1 max-m:min-h-9 has-disabled:text-fg-off">
      <input type="checkbox" checked={checked} disabled={disabled} onChange={(e) => onChange(e.target.checked)} className="check mt-0.5" />
      <span>
        {label}
        {hint && <small className="block text-12 text-fg-3">{hint}</small>}
      </span>
    </label>
  );
}
