import names from '@/lib/icon-names.json';

const known = new Set(names);
const signs = '/icons.svg';

/* A service's sign in the colour of the words beside it; without one, the first letter of its name. */
export function ServiceIcon({ icon, name }: { icon: string | null; name: string }) {
  if (icon && known.has(icon))
    return (
      <svg aria-hidden className="size-4 flex-none fill-current text-fg-3">
        <use href={`${signs}#${icon}`} />
      </svg>
    );
  return (
    <span aria-hidden className="letter-icon">
      {name.slice(0, 1).toUpperCase()}
    </span>
  );
}
