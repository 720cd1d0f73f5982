'use client';
import { usePathname, useRouter, useSearchParams } from 'next/navigation';
import { useCallback, useEffect, useMemo } from 'react';
import type { LogSource } from '@/api/logs';
import { firstSources, isBare, readAddress, writeAddress, type LogAddress } from '@/lib/log-address';

const lastKey = 'hydra-logs-sources';
type Sources = Pick<LogAddress, 'services' | 'nodes'>;

/* The address holds everything, so that it can be sent to somebody. */
export function useAddress(): [LogAddress, (part: Partial<LogAddress>) => void] {
  const router = useRouter();
  const path = usePathname();
  const text = useSearchParams().toString();
  const address = useMemo(() => readAddress(new URLSearchParams(text)), [text]);
  const set = useCallback(
    (part: Partial<LogAddress>) => {
      const now = readAddress(new URLSearchParams(location.search)); // two changes at once are both kept
      const q = writeAddress({ ...now, ...part });
      router.replace(q ? `${path}?${q}` : path, { scroll: false });
    },
    [router, path],
  );
  return [address, set];
}

/* Without sources in the address: those read last in this browser, else what every node writes, else what there is. */
export function useDefaultSources(address: LogAddress, sources: LogSource[] | undefined, set: (part: Partial<LogAddress>) => void): void {
  const bare = isBare(address);
  useEffect(() => {
    if (!sources) return;
    if (!bare) localStorage.setItem(lastKey, JSON.stringify({ services: address.services, nodes: address.nodes }));
    else {
      const first = lastSources(sources) ?? firstSources(sources);
      if (first.services.length || first.nodes.length) set(first);
    }
  }, [bare, sources, address.services, address.nodes, set]);
}

function lastSources(sources: LogSource[]): Sources | null {
  try {
    const last: Partial<Sources> = JSON.parse(localStorage.getItem(lastKey) ?? '{}');
    const known = new Set(sources.map((s) => s.service));
    const services = (last.services ?? []).filter((s) => known.has(s));
    const nodes = (last.nodes ?? []).filter((n) => known.has(n));
    return services.length || nodes.length ? { services, nodes } : null;
  } catch {
    return null;
  }
}

