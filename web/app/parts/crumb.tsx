'use client';
import { useEffect, useState } from 'react';
import { createPortal } from 'react-dom';

/* The name of what this page is about, in the top bar behind its list, and in the window's title. */
export function Crumb({ name, note }: { name: string; note?: string }) {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  useEffect(() => setPlace(document.getElementById('crumb')), []);
  useEffect(() => {
    document.title = `${name} · Hydra`;
  }, [name]);
  if (!place) return null;
  return createPortal(
    <>
      <span className="mr-2 font-regular text-fg-3" aria-hidden>
        ›
      </span>
      {name}
      {note && <span className="ml-2 font-regular text-fg-3 max-m:hidden">{note}</span>}
    </>,
    place,
  );
}
