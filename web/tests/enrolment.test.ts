import { expect, test } from 'vitest';
import { countdown, progressOf } from '@/lib/enrolment';

const waiting = { state: 'waiting', used: null } as const;
const used = { state: 'used', used: '2026-11-24T10:00:00Z' } as const;
const node = { state: 'online', os: 'Debian 12', agent: { connected: '2026-11-24T10:00:05Z' } } as const;

test.each([
  ['a fresh token', waiting, undefined, 1000, 'waiting'],
  ['time ran out here first', waiting, undefined, 0, 'expired'],
  ['the server says so', { ...waiting, state: 'expired' }, undefined, 9000, 'expired'],
  ['used, nothing heard', used, undefined, 1000, 'enrolled'],
  ['used after its time ran out', used, node, -5000, 'reporting'],
  ['linked, but nothing said yet', used, { ...node, os: '' }, 1000, 'enrolled'],
  ['the node that is replaced', used, { ...node, agent: { connected: '2026-11-24T09:59:59Z' } }, 1000, 'enrolled'],
  ['known, but away', used, { ...node, state: 'away' }, 1000, 'enrolled'],
  ['online', used, node, 1000, 'reporting'],
  ['cancelled elsewhere', undefined, undefined, 1000, 'withdrawn'],
] as const)('%s', (_what, token, of, left, expected) => expect(progressOf(token, of, left)).toBe(expected));

test.each([
  [0, '0:00'],
  [-5, '0:00'],
  [65_000, '1:05'],
  [899_001, '15:00'],
  [3_600_000, '1 h 0 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms are left: %s', (ms, text) => expect(countdown(ms)).toBe(text));
