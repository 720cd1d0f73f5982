import { expect, test } from 'vitest';
import { badges, diffHref, nameOfPath, olderThan, previousOf, stepsOf, touched, versionsText, type Generation } from '@/lib/generations';

const g = (number: number, more: Partial<Generation> = {}): Generation => ({ number, version: '25.11', path: `/nix/store/${number}`, current: false, booted: false, running: false, ...more });
const list = [g(42, { current: true, running: true }), g(41, { booted: true }), g(39)];

test('a roll-back goes to the one before the current, whatever runs', () => {
  expect(previousOf(list)?.number).toBe(41);
  expect(previousOf([g(42), g(41, { current: true }), g(39)])?.number).toBe(39);
  expect(previousOf([g(39, { current: true })])).toBeUndefined();
  expect(previousOf([g(39)])).toBeUndefined();
  expect(olderThan(list, 41)?.number).toBe(39);
});

test('what a generation is stands beside it', () => {
  expect(badges(g(1, { current: true, booted: true, running: true })).map((b) => b.text)).toEqual(['Current']);
  expect(badges(g(1, { current: true })).map((b) => b.text)).toEqual(['Starts next time']);
  expect(badges(g(1, { running: true, booted: true })).map((b) => b.text)).toEqual(['Running', 'Booted']);
  expect(badges(g(1))).toEqual([]);
});

const shape = (phase: Parameters<typeof stepsOf>[0], reboot = false) => stepsOf(phase, reboot).map((s) => `${s.state} ${s.phase}`);

test('a switch has its steps, and another way once it goes back', () => {
  expect(shape('activating')).toEqual(['done armed', 'now activating', 'next waiting', 'next confirming', 'next confirmed']);
  expect(shape('booting', true)[1]).toBe('now booting');
  expect(shape('rolling-back')).toEqual(['done armed', 'done activating', 'now rolling-back', 'next rolled-back']);
  expect(shape('confirmed').every((s) => s.startsWith('done'))).toBe(true);
});

test('two are compared under an address; a path has the number of its generation', () => {
  expect(diffHref('hydra-ai', 41, 42)).toBe('/node?id=hydra-ai&tab=system&from=41&to=42');
  expect(nameOfPath(list, '/nix/store/41')).toBe('41');
  expect(nameOfPath(list, '/nix/store/x')).toBe('the system before');
  expect(versionsText({ name: 'openssl', from: ['3.0.14'], to: ['3.0.15', '1.1.1w'] })).toBe('3.0.14 → 3.0.15, 1.1.1w');
  expect(touched({ stop: ['a'], start: [], restart: ['b', 'c'], reload: [] })).toBe(3);
});
