// A hint while typing, no gate: the server's rules decide.
export const passwordMin = 10;

export interface Strength {
  level: 'short' | 'weak' | 'fair' | 'strong';
  text: string;
}

/* Bits, roughly: repeated and neighbouring characters add little. */
function bits(password: string): number {
  const pools = [/[a-z]/, 26, /[A-Z]/, 26, /\d/, 10, /[^a-zA-Z\d]/, 33] as const;
  let pool = 0;
  for (let i = 0; i < pools.length; i += 2) if ((pools[i] as RegExp).test(password)) pool += pools[i + 1] as number;
  let fresh = 0;
  [...password].forEach((c, i) => {
    const step = i ? c.charCodeAt(0) - password.charCodeAt(i - 1) : 2;
    fresh += Math.abs(step) <= 1 ? 0.25 : password.indexOf(c) < i ? 0.6 : 1;
  });
  return fresh * Math.log2(pool || 1);
}

export function strength(password: string, name: string): Strength {
  const left = passwordMin - [...password].length;
  if (left > 0) return { level: 'short', text: password ? `${left} more ${left === 1 ? 'character' : 'characters'}` : `At least ${passwordMin} characters` };
  const guessable = name.length > 2 && password.toLowerCase().includes(name.toLowerCase());
  const b = bits(password) - (guessable ? 25 : 0);
  if (b < 36) return { level: 'weak', text: guessable ? 'Easy to guess: it contains your name' : 'Easy to guess' };
  if (b < 55) return { level: 'fair', text: 'Fair: a few more words make it strong' };
  return { level: 'strong', text: 'Strong: would take centuries to guess' };
}
