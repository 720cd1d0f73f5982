import { expect, test } from 'vitest';
import { grouped, noun, shortVerb, stillDenied, untouchable, verdictOf, yamlOf, type Rules } from '@/lib/policy';

const rules: Rules = {
  allow: [{ do: ['unit.*', 'logs'], on: [] }, { do: ['container.restart'], on: ['docker/plex', 'backup-*'] }],
  deny: [{ do: ['unit.mask'], on: [] }, { do: ['*'], on: ['docker/database'] }, { do: ['unit.*', 'container.*'], on: ['nas'] }],
};

test('what a verb may is read from all rules about it', () => {
  expect(verdictOf(rules, 'unit.restart')).toEqual({ allowed: 'yes', only: [], but: ['nas'] });
  expect(verdictOf({ ...rules, deny: [] }, 'unit.restart')).toEqual({ allowed: 'yes', only: [], but: [] });
  expect(verdictOf(rules, 'unit.mask').allowed).toBe('no');
  expect(verdictOf(rules, 'container.restart')).toEqual({ allowed: 'some', only: ['docker/plex', 'backup-*'], but: ['nas'] });
  expect(untouchable(rules)).toEqual(['docker/database']);
  expect(verdictOf(rules, 'machine.reboot').allowed).toBe('no');
  expect(stillDenied(rules, 'unit.mask')).toBe(true);
  expect(stillDenied(rules, 'unit.restart')).toBe(false);
});

test('verbs stand in groups, and new ones somewhere', () => {
  expect(grouped(['unit.start', 'logs', 'machine.reboot', 'brand.new'])).toEqual([
    { title: 'Units', verbs: ['unit.start'] },
    { title: 'The machine', verbs: ['machine.reboot'] },
    { title: 'Logs and more', verbs: ['logs', 'brand.new'] },
  ]);
  expect(shortVerb('unit.reset-failed')).toBe('reset failed');
  expect(['unit.stop', 'container.stop', 'process.signal', 'logs'].map(noun)).toEqual(['unit', 'container', 'target', 'target']);
});

test('the file says what holds, and what is added', () => {
  expect(yamlOf(rules, ['machine.reboot'])).toBe(
    'allow:\n  - do: [unit.*, logs]\n  - do: container.restart\n    on: [docker/plex, "backup-*"]\n  - do: machine.reboot\ndeny:\n  - do: unit.mask\n  - do: "*"\n    on: docker/database\n  - do: [unit.*, container.*]\n    on: nas\n',
  );
  expect(yamlOf({ allow: [], deny: [] })).toBe('allow: []\n');
});
