'use client';
import { toast } from './ui';

/* Without a clipboard (plain http) by way of a field that is gone at once. */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    if (!done) return toast(`${what} could not be copied: the browser does not allow it`, 'bad');
  }
  toast(`${what} copied`);
}
