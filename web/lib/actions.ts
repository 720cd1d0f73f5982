// What can be done to a service or node: how it is asked for, and what the palette understands. Pure.
import type { ServiceKind } from './services';

const ofUpdates = new Set(['mask', 'unmask', 'rename', 'remove', 'update', 'connect', 'disconnect', 'truncate-log']);

/* What it takes to order a verb, and to call it off. */
export function permissionOf(verb: string): string {
  if (verb.startsWith('machine.')) return 'node:reboot';
  if (verb === 'process.signal') return 'process:signal';
  if (verb.startsWith('generation.')) return 'generation:switch';
  if (verb === 'docker.prune' || verb === 'journal.vacuum') return 'service:update';
  if (verb === 'agent.upgrade') return 'nodes:write';
  return verb.startsWith('project.') || ofUpdates.has(wordOf(verb)) ? 'service:update' : 'service:restart';
}

/* What of a node is meant, when not the node itself. */
export interface Part {
  kind: 'project' | 'process' | 'mount';
  target: string; // ENGINE/PROJECT, PID:START, or where it is mounted
}

interface Doable {
  verb: string;
  label: string;
  allowed: boolean;
  danger: boolean;
  argument?: string | null; // of several of one verb: which this is
}

/* "container.restart" → "restart": the same word for containers and units. */
export const wordOf = (verb: string): string => verb.slice(verb.indexOf('.') + 1);

export const findAction = <A extends Doable>(actions: A[], word: string, argument?: string): A | undefined => actions.find((a) => (a.verb === word || wordOf(a.verb) === word) && (!a.argument || a.argument === argument));

/* The server lists them in the order in which they make sense; the first that is allowed gets a button of its own. In a
   restart loop another start would end the same way, so restarting is never first there. */
export function firstAction<A extends Doable>(actions: A[], looping: boolean): A | undefined {
  return actions.find((a) => a.allowed && wordOf(a.verb) !== 'kill' && !(looping && ['restart', 'start'].includes(wordOf(a.verb))));
}

const undone = new Set(['stop', 'mask', 'down', 'reboot', 'power-off', 'soft']);

/* Red is for what is lost for good; what is stopped can be started. */
export const isForGood = (a: Doable): boolean => a.danger && !undone.has(a.argument ?? wordOf(a.verb));

/* Starting what is off is the next step; restarting what is well is not. */
export const isNextStep = (a: Doable): boolean => ['start', 'unpause'].includes(wordOf(a.verb));

/* Nothing manages a bare process or what was added by hand. */
export const isManaged = (kind: ServiceKind): boolean => kind === 'container' || kind === 'unit';

const asked = ['restart', 'start', 'stop', 'update', 'pause'] as const;
const askedOfNodes = ['reboot', 'power-off'] as const;

export interface Wish {
  word: string;
  rest: string; // of what: the letters after the verb
}

/* "rest plex" → restart, "plex". At least three letters of the verb, so that names are not taken for wishes. */
export function wishOf(query: string, of: 'service' | 'node'): Wish | null {
  const [verb = '', ...rest] = query.trim().toLowerCase().split(/\s+/);
  if (verb.length < 3) return null;
  const word = (of === 'node' ? askedOfNodes : asked).find((w) => w.startsWith(verb));
  return word ? { word, rest: rest.join(' ') } : null;
}

export const titled = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1).replaceAll('-', ' ')}`;
