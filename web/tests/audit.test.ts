import { describe, expect, test } from 'vitest';
import { auditWords } from '@/lib/audit';

describe('audit words', () => {
  test.each([
    ['service.add', 'manual/router', 'done', 'added manual/router'],
    ['user.add', 'guest', 'refused', 'tried to add the user guest'],
    ['login', '01m87gfcne', 'done', 'signed in '],
    ['login', 'shaun', 'failed', 'tried to sign in as shaun'],
    ['session.end', '01m87gfcne', 'done', 'ended a session '],
    ['access.refused', '/api/web/users', 'refused', 'was refused /api/web/users'],
    ['event.publish', 'backup.done', 'done', 'event.publish backup.done'],
  ] as const)('%s %s %s', (action, target, outcome, text) => {
    const { verb, target: shown } = auditWords(action, target, outcome);
    expect(`${verb} ${shown}`).toBe(text);
  });
});
