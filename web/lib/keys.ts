// Turns key presses into key words: "g s" is g, then s within a second; "Mod" is Ctrl, or ⌘ on Apple's. With Shift a letter
// is "Shift+g" where such a word is known, else the letter: a locked Shift changes nothing.
export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey?: boolean;
}

export const sequenceLimit = 1000;

export function pressName(e: Press): string | null {
  if (e.altKey) return null;
  if (['Control', 'Meta', 'Shift', 'Alt'].includes(e.key)) return null;
  const key = e.key === ' ' ? 'Space' : e.key.length === 1 ? e.key.toLowerCase() : e.key;
  return e.ctrlKey || e.metaKey ? `Mod+${key}` : key;
}

export class KeySequence {
  private before = '';
  private at = 0;

  constructor(private readonly known: () => Iterable<string>) {}

  /* The known key word that this press completes, or null. */
  press(e: Press, now: number): string | null {
    const name = pressName(e);
    if (!name) return null;
    const both = this.before && now - this.at < sequenceLimit ? `${this.before} ${name}` : name;
    const all = [...this.known()];
    const shifted = `Shift+${name}`;
    if (e.shiftKey && all.includes(shifted)) return this.done(shifted);
    for (const word of both === name ? [name] : [both, name]) {
      if (all.includes(word)) return this.done(word);
      if (all.some((k) => k.startsWith(`${word} `))) return this.wait(word, now);
    }
    return this.done(null);
  }

  private done(word: string | null): string | null {
    this.before = '';
    return word;
  }

  private wait(word: string, now: number): null {
    this.before = word;
    this.at = now;
    return null;
  }
}
