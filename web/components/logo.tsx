const head =
  'M9.1 5.3 6.5 3.5 2 7.1 2.3 9.2 5.8 8.9 6.75 10 9.1 10ZM6.75 5.85a.9.9 0 1 1-1.8 0 .9.9 0 0 1 1.8 0Z';

/* Three heads on one body, drawn on 24 units. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden className="flex-none text-accent">
      <g fill="none" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round">
        <path d="M12 22.2V7" />
        <path d="M12 21.8C12 14.6 6.9 16.6 6.75 10" />
        <path d="M12 21.8C12 14.6 17.1 16.6 17.25 10" />
      </g>
      <g fill="currentColor" fillRule="evenodd" stroke="currentColor" strokeWidth=".7" strokeLinejoin="round">
        <path d="M12 .9 14.9 5.1 13.2 8.3H10.8L9.1 5.1Z" transform="translate(0 -.3)" />
        <path d={head} transform="translate(-1.2 1)" />
        <path d={head} transform="matrix(-1 0 0 1 25.2 1)" />
      </g>
    </svg>
  );
}
