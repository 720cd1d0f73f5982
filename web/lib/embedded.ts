/* What the server put into the page as a JSON data block. Read once: later visits of a screen have the cache. */
export function takeEmbedded<T>(id: string): T | null {
  const block = document.getElementById(id);
  if (!block?.textContent) return null;
  const value: T = JSON.parse(block.textContent);
  block.remove();
  return value;
}
