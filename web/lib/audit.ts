// What an entry of the audit log says, in words: "added the user", "tried to add the user". Unknown actions stay as they are.
export type Outcome = 'done' | 'refused' | 'failed';

interface Words {
  did: string;
  tried: string;
  bare?: boolean; // the target is an internal id: it stands in the details only
}

const words: Record<string, Words> = {
  setup: { did: 'set Hydra up', tried: 'tried to set Hydra up', bare: true },
  login: { did: 'signed in', tried: 'tried to sign in' },
  logout: { did: 'signed out', tried: 'tried to sign out', bare: true },
  'user.add': { did: 'added the user', tried: 'tried to add the user' },
  'user.change': { did: 'changed the user', tried: 'tried to change the user' },
  'user.remove': { did: 'removed the user', tried: 'tried to remove the user' },
  'token.add': { did: 'made the token', tried: 'tried to make the token' },
  'token.remove': { did: 'revoked the token', tried: 'tried to revoke the token' },
  'session.end': { did: 'ended a session', tried: 'tried to end a session', bare: true },
  'service.add': { did: 'added', tried: 'tried to add' },
  'service.edit': { did: 'edited', tried: 'tried to edit' },
  'service.hide': { did: 'hid', tried: 'tried to hide' },
  'service.remove': { did: 'removed', tried: 'tried to remove' },
  'access.refused': { did: 'asked for', tried: 'was refused' },
  'audit.left-out': { did: 'left further refusals out', tried: 'left further refusals out', bare: true },
};

/* A sign-in names the person it was tried as; the one that worked names its session. */
export function auditWords(action: string, target: string, outcome: Outcome): { verb: string; target: string } {
  const w = words[action];
  if (!w) return { verb: action, target };
  const verb = outcome === 'done' ? w.did : w.tried;
  if (action === 'login') return outcome === 'done' ? { verb, target: '' } : { verb: `${verb} as`, target };
  return { verb, target: w.bare ? '' : target };
}
