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
  test.each([
    ['job.begin', 'tower/docker/plex', 'done', { verb: 'container.restart' }, 'began: restart tower/docker/plex'],
    ['job.end', 'tower', 'failed', { verb: 'machine.reboot' }, 'had no success: reboot tower'],
    ['job.begin', 'tower', 'refused', { verb: 'unit.reset-failed' }, 'was refused: reset failed tower'],
    ['unit.restart', 'tower/nginx.service', 'done', { uid: 0 }, 'on the machine itself did: restart tower/nginx.service'],
    ['job.begin', 'x', 'done', null, 'began x'],
    ['node.enrol', 'pi', 'refused', null, 'was not let in as the node pi'],
    ['node.remove', 'pi', 'done', null, 'removed the node pi'],
  ] as const)('%s %s %s of a deed', (action, target, outcome, detail, text) => {
    const { verb, target: shown } = auditWords(action, target, outcome, detail);
    expect(`${verb} ${shown}`).toBe(text);
  });
});
