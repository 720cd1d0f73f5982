'use client';
import { lazyPart } from '@/app/parts/lazy';

export const LazyLogs = lazyPart(() => import('./logs'));
