'use client';
// How lines are shown: this browser's wish, kept.
import { create } from 'zustand';

interface LogLook {
  wrap: boolean;
  relative: boolean;
}

const storeKey = 'hydra-logs';

function kept(): LogLook {
  try {
    const value: Partial<LogLook> = JSON.parse(localStorage.getItem(storeKey) ?? '{}');
    return { wrap: value.wrap === true, relative: value.relative === true };
  } catch {
    return { wrap: false, relative: false };
  }
}

export const useLogLook = create<LogLook>(kept);

export function setLook(part: Partial<LogLook>): void {
  useLogLook.setState(part);
  const { wrap, relative } = useLogLook.getState();
  localStorage.setItem(storeKey, JSON.stringify({ wrap, relative }));
}

export const toggleWrap = (): void => setLook({ wrap: !useLogLook.getState().wrap });
export const toggleRelative = (): void => setLook({ relative: !useLogLook.getState().relative });
