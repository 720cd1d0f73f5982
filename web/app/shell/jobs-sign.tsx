'use client';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { recentJobsQuery } from '@/api/keys';
import type { Job } from '@/api/types';
import { Link } from '@/components/link';
import { Shape } from '@/components/shape';
import { isActive } from '@/lib/jobs';
import { useMay } from '@/state/session';

const idle = 1500; // the first picture comes first

/* That something is being done, wherever one looks. Nothing while nothing is. */
export function JobsSign() {
  const [later, setLater] = useState(false);
  const may = useMay('services:read');
  useEffect(() => {
    const timer = setTimeout(() => setLater(true), idle);
    return () => clearTimeout(timer);
  }, []);
  const active = useQuery({ ...recentJobsQuery(), enabled: later && may, retry: false, select: signOf }).data;
  if (!active) return null;
  return (
    <Link href="/jobs" className="pop flex h-[30px] min-w-0 items-center gap-2 rounded-2 px-2.5 text-12 text-fg-2 hover:bg-surface-2 hover:text-fg max-m:h-10">
      <Shape shape="working" label="Running" />
      <span className="ell max-m:sr-only">{active}</span>
    </Link>
  );
}

function signOf(jobs: Job[]): string {
  const active = jobs.filter(isActive);
  return active.length > 1 ? `${active.length} jobs` : (active[0]?.title ?? '');
}
