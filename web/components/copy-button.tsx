'use client';
import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Button, type ButtonLook } from './button';

/* Says that it copied, where it was pressed. Without a clipboard (plain http) the text is selected instead. */
export function CopyButton({ text, look = 'plain', selectId }: { text: string; look?: ButtonLook; selectId?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
    } catch {
      select(selectId);
    }
  };
  return (
    <Button look={look} icon={done ? Check : Copy} onClick={() => void copy()}>
      {done ? 'Copied' : 'Copy'}
    </Button>
  );
}

function select(id: string | undefined): void {
  const node = id && document.getElementById(id);
  if (node) getSelection()?.selectAllChildren(node);
}
