'use client';
import NextLink from 'next/link';
import { useRouter } from 'next/navigation';
import type { ComponentProps } from 'react';

type Props = Omit<ComponentProps<typeof NextLink>, 'prefetch' | 'href'> & { href: string };

/* Prefetched when it is about to be used: a list of links must not fetch two files for every row. */
export function Link({ href, ...rest }: Props) {
  const router = useRouter();
  const warm = () => router.prefetch(href.split('?')[0] ?? href);
  return <NextLink href={href} prefetch={false} onPointerEnter={warm} onFocus={warm} {...rest} />;
}
