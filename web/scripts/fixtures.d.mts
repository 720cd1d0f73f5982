import type { Overview } from '../api/types';

export function cluster(variant?: string, now?: number): { overview: Overview };
