// Ids contain slashes and are unknown at build time, so they travel as a query.
const encode = (id: string): string => encodeURIComponent(id).replaceAll('%2F', '/').replaceAll('%3A', ':');

export const nodeHref = (id: string): string => `/node?id=${encode(id)}`;
export const serviceHref = (id: string): string => `/service?id=${encode(id)}`;
/* What a node calls a service of its own, as the hub does. */
export const serviceOf = (node: string, own: string): string => `${node}/${own}`;
/* The list of services, filtered to those of a node, a group, or of no node. */
export const servicesHref = (of: { node: string | null } | { group: string }): string =>
  'group' in of ? `/services?group=${encodeURIComponent(of.group)}` : of.node === null ? '/services?kind=manual' : `/services?node=${encodeURIComponent(of.node)}`;
export const projectHref = (name: string): string => `/services?by=project&q=${encode(name)}`;

/* A path of ours to return to after sign-in; anything else is refused. */
export function safeNext(next: string | null): string {
  if (!next || !next.startsWith('/') || /^\/[/\\]/.test(next) || next.startsWith('/login')) return '/';
  return next;
}
