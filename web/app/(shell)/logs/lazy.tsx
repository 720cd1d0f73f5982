'use client';
import dynamic from 'next/dynamic';

export const LazyLogs = dynamic(() => import('./logs'), { ssr: false });
