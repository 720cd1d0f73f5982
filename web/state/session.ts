// Who is signed in and what they may. Controls that a role may not use are not drawn.
import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '@/api/keys';
import type { Session } from '@/api/types';
import { mayAdd, mayThere, type Spot } from '@/lib/limits';

export function useSession(): Session | undefined {
  return useQuery(sessionQuery()).data;
}

/* False while unknown: nothing forbidden ever flashes. */
export function useMay(permission: string): boolean {
  const { data } = useQuery({ ...sessionQuery(), select: (s) => s.permissions.includes(permission) });
  return data ?? false;
}

export function useMayAny(permissions: readonly string[]): boolean {
  const { data } = useQuery({ ...sessionQuery(), select: (s) => permissions.some((p) => s.permissions.includes(p)) });
  return data ?? false;
}

/* Undefined while unknown: for pages that must say so when they may not be seen. */
export function useMayKnown(permission: string): boolean | undefined {
  return useQuery({ ...sessionQuery(), select: (s) => s.permissions.includes(permission) }).data;
}

/* Of a service or a node, with the limits of who is signed in: undefined while it is not known. */
export function useMayThere(permission: string, spot: Spot): boolean | undefined {
  const session = useSession();
  return session && mayThere(session, permission, spot);
}

/* Also for what is nowhere yet: who has limits may not. */
export const useMayAnywhere = (permission: string): boolean => useQuery({ ...sessionQuery(), select: (s) => s.permissions.includes(permission) && !s.limits }).data ?? false;

/* Why not there, where the limits say so; null where they don't, or where a label decides: then the server says it. */
export function useOutside(permission: string, spot: Spot): string | null {
  const session = useSession();
  return session?.limits && mayThere(session, permission, spot) === false ? `You act only on ${session.limits.replaceAll(',', ', ')}` : null;
}

export const useMayAdd = (): boolean => useQuery({ ...sessionQuery(), select: mayAdd }).data ?? false;
