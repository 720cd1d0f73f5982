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
  'job.begin': { did: 'began', tried: 'tried to begin' },
  'job.end': { did: 'finished', tried: 'did not finish' },
  'job.cancel': { did: 'called off a job', tried: 'tried to call off a job', bare: true },
  'node.enrolment': { did: 'made a token to add the node', tried: 'tried to make a token to add the node' },
  'node.enrolment.remove': { did: 'revoked the token to add the node', tried: 'tried to revoke the token to add the node' },
  'node.enrol': { did: 'was let in as the node', tried: 'was not let in as the node' },
  'node.remove': { did: 'removed the node', tried: 'tried to remove the node' },
  'node.reset': { did: 'reset the certificates of nodes', tried: 'tried to reset the certificates of nodes' },
  'node.renew': { did: 'renewed the certificate of the node', tried: 'tried to renew the certificate of the node' },
  'bmc.set': { did: 'set the management controller of', tried: 'tried to set the management controller of' },
  'bmc.remove': { did: 'removed the management controller of', tried: 'tried to remove the management controller of' },
  'guard.change': { did: 'changed the guard rails', tried: 'tried to change the guard rails', bare: true },
  'logs.download': { did: 'downloaded the log of', tried: 'tried to download the log of' },
  'access.refused': { did: 'asked for', tried: 'was refused' },
  'audit.left-out': { did: 'left further refusals out', tried: 'left further refusals out', bare: true },
};

const deeds: Record<string, string> = { 'machine.power-off': 'power off', 'machine.reboot': 'reboot', 'machine.wake': 'wake', 'machine.power': 'switch by its controller', 'agent.upgrade': 'upgrade the agent of', 'docker.prune': 'clean up containers of', 'generation.collect': 'clean up the store of', 'process.signal': 'signal a process of', 'mount.remount': 'remount a file system of', 'journal.vacuum': 'shorten the journal of', 'container.truncate-log': 'empty the log of' };

/* "unit.reset-failed" → "reset failed" */
const deedOf = (verb: string): string => deeds[verb] ?? verb.slice(verb.indexOf('.') + 1).replaceAll('-', ' ');

const ofJobs: Record<string, Record<Outcome, (deed: string) => string>> = {
  'job.begin': { done: (d) => `began: ${d}`, refused: (d) => `was refused: ${d}`, failed: (d) => `could not begin: ${d}` },
  'job.end': { done: (d) => `had done: ${d}`, refused: (d) => `was refused by the node: ${d}`, failed: (d) => `had no success: ${d}` },
};
const local = { done: (d: string) => `on the machine itself did: ${d}`, refused: (d: string) => `on the machine itself was refused: ${d}`, failed: (d: string) => `on the machine itself had no success: ${d}` };
const verbs = /^(unit|container|project|machine|process|generation|docker|agent|mount|journal)\.[a-z-]+$/;

/* What was to be done is in the detail of a job's entries; what a node's own people did is the action itself. */
function deedWords(action: string, outcome: Outcome, detail: unknown): string | null {
  if (verbs.test(action)) return local[outcome](deedOf(action));
  const verb = detail && typeof detail === 'object' && 'verb' in detail && typeof detail.verb === 'string' ? detail.verb : null;
  return verb ? (ofJobs[action]?.[outcome](deedOf(verb)) ?? null) : null;
}

/* A sign-in names the person it was tried as; the one that worked names its session. */
export function auditWords(action: string, target: string, outcome: Outcome, detail?: unknown): { verb: string; target: string } {
  const deed = deedWords(action, outcome, detail);
  if (deed) return { verb: deed, target };
  const w = words[action];
  if (!w) return { verb: action, target };
  const verb = outcome === 'done' ? w.did : w.tried;
  if (action === 'login') return outcome === 'done' ? { verb, target: '' } : { verb: `${verb} as`, target };
  return { verb, target: w.bare ? '' : target };
}
