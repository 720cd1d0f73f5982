// What a node allows, as its rules say it: worded for people, and written as the file that would say it. The node itself decides. Pure.
import { fits } from './guard';

export interface PolicyRule {
  do: string[];
  on: string[]; // none: everything
}

export interface Rules {
  allow: PolicyRule[];
  deny: PolicyRule[];
}

export interface Verdict {
  allowed: 'yes' | 'some' | 'no';
  only: string[]; // "some": on these
  but: string[]; // not on these
}

const about = (rule: PolicyRule, verb: string): boolean => rule.do.some((d) => fits(d, verb));
const targets = (rules: PolicyRule[]): string[] => [...new Set(rules.flatMap((r) => r.on))];

/* Under deny whatever is to be done: said once, not with each verb. */
export const untouchable = ({ deny }: Rules): string[] => targets(deny.filter((r) => r.do.includes('*')));

export function verdictOf({ allow, deny }: Rules, verb: string): Verdict {
  const yes = allow.filter((r) => about(r, verb));
  const no = deny.filter((r) => about(r, verb) && !(r.on.length && r.do.includes('*')));
  if (!yes.length || no.some((r) => !r.on.length)) return { allowed: 'no', only: [], but: [] };
  const but = targets(no);
  const everything = yes.some((r) => !r.on.length);
  return everything && !but.length ? { allowed: 'yes', only: [], but } : { allowed: everything ? 'yes' : 'some', only: everything ? [] : targets(yes), but };
}

const groups: [string, string][] = [
  ['unit.', 'Units'],
  ['container.', 'Containers'],
  ['project.', 'Compose projects'],
  ['generation.', 'Generations'],
  ['docker.', 'Docker'],
  ['process.', 'Processes'],
  ['machine.', 'The machine'],
  ['agent.', 'The agent'],
];
const ofOther = 'Logs and more';

/* "unit.restart" stands under Units as "restart". */
export function grouped(verbs: string[]): { title: string; verbs: string[] }[] {
  const titleOf = (v: string) => groups.find(([p]) => v.startsWith(p))?.[1] ?? ofOther;
  const titles = [...groups.map(([, t]) => t), ofOther];
  return titles.map((title) => ({ title, verbs: verbs.filter((v) => titleOf(v) === title) })).filter((g) => g.verbs.length);
}

/* What a verb is done to. */
export function noun(verb: string): string {
  const kind = verb.slice(0, verb.indexOf('.'));
  return ['unit', 'container', 'project', 'generation'].includes(kind) ? kind : 'target';
}

export const shortVerb = (verb: string): string => verb.slice(verb.indexOf('.') + 1).replaceAll('-', ' ');

/* A word that YAML reads as a text: patterns and the like are quoted. */
const scalar = (text: string): string => (/^[A-Za-z0-9_][A-Za-z0-9_./-]*(\.\*)?$/.test(text) && !text.startsWith('*') ? text : JSON.stringify(text));
const list = (words: string[]): string => (words.length === 1 ? scalar(words[0] ?? '') : `[${words.map(scalar).join(', ')}]`);

const written = (rule: PolicyRule): string => `  - do: ${list(rule.do)}\n${rule.on.length ? `    on: ${list(rule.on)}\n` : ''}`;
const block = (name: string, rules: PolicyRule[]): string => (rules.length ? `${name}:\n${rules.map(written).join('')}` : '');

/* The file: what holds now, and what is to be allowed beside it. */
export const yamlOf = ({ allow, deny }: Rules, more: string[] = []): string => block('allow', more.length ? [...allow, { do: more, on: [] }] : allow) + block('deny', deny) || 'allow: []\n';

/* What a rule that denies it everywhere would still stop. */
export const stillDenied = ({ deny }: Rules, verb: string): boolean => deny.some((r) => about(r, verb) && !r.on.length);
