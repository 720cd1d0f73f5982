// Paths as one walks through them. Pure.
import { tabHref } from './node-tabs';

/* "/var/lib" → /, /var, /var/lib with their names. */
export function trail(path: string): { name: string; path: string }[] {
  const parts = path.split('/').filter(Boolean);
  return [{ name: '/', path: '/' }, ...parts.map((name, i) => ({ name, path: `/${parts.slice(0, i + 1).join('/')}` }))];
}

export const below = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

export const foldersHref = (node: string, path: string): string => `${tabHref(node, 'storage')}&path=${encodeURIComponent(path).replaceAll('%2F', '/')}`;
