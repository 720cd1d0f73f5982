'use client';
import { useRouter } from 'next/navigation';
import { startTransition, type AnchorHTMLAttributes, type MouseEvent } from 'react';

type Props = AnchorHTMLAttributes<HTMLAnchorElement> & { href: string; here?: boolean };

const plain = (e: MouseEvent): boolean => e.button === 0 && !e.metaKey && !e.ctrlKey && !e.shiftKey && !e.altKey;

/* A link within the dashboard. Next's own costs a hundred lines of work for each of hundreds of rows, and fetches ahead for
   every query string; this one fetches the page ahead when it is about to be used. `here`: the page stays, only what follows the ? is another. */
export function Link({ href, here, onClick, ...rest }: Props) {
  const router = useRouter();
  const warm = () => here || router.prefetch(href.split(/[?#]/)[0] || '/');
  const go = (e: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(e);
    if (e.defaultPrevented || !plain(e) || rest.target || href.startsWith('#')) return;
    e.preventDefault();
    startTransition(() => (here ? history.pushState(null, '', href) : router.push(href)));
  };
  return <a href={href} onClick={go} onPointerEnter={warm} onFocus={warm} {...rest} />;
}
