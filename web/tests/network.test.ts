import { expect, test } from 'vitest';
import { serviceOf } from '@/lib/links';
import { fitsPort, mayBePort, linesOf, tripsText, whence, type Port, type Trips } from '@/lib/network';

const port = (more: Partial<Port>): Port => ({ protocol: 'tcp', address: '0.0.0.0', port: 8080, scope: 'network', pid: 7, name: 'nginx', user: 'www', service: 'systemd/nginx.service', ...more });

test('a number means a port or a process, whole', () => {
  expect(['80', '8080', '7', 'ngi', 'www tcp', 'q'].map((t) => fitsPort(port({}), t))).toEqual([false, true, true, true, true, false]);
});

test('IPv4 and IPv6 of one program are one line', () => {
  const lines = linesOf([port({}), port({ address: '::' }), port({ address: '127.0.0.1', scope: 'loopback', port: 9 }), port({ protocol: 'udp' })]);
  expect(lines.map((l) => [l.port, l.protocol, l.addresses])).toEqual([[8080, 'tcp', ['0.0.0.0', '::']], [9, 'tcp', ['127.0.0.1']], [8080, 'udp', ['0.0.0.0']]]);
  expect(lines.map(whence)).toEqual(['All addresses', 'Loopback only', 'All addresses']);
  expect(whence(linesOf([port({ address: '10.0.0.5' })])[0]!)).toBe('10.0.0.5');
});

const answer = (more: Partial<Trips>): Trips => ({ sent: 3, answered: 3, min_ms: 0.312, avg_ms: 0.4, max_ms: 12.6, ...more });

test('round trips in words', () => {
  expect(tripsText(answer({}))).toBe('3 of 3, 0.4 ms (0.31 ms to 13 ms)');
  expect(tripsText(answer({ answered: 1, avg_ms: 2 }))).toBe('1 of 3, 2 ms');
  expect(tripsText(answer({ answered: 0, avg_ms: null, min_ms: null, max_ms: null }))).toBe('0 of 3');
  expect(tripsText(answer({ sent: 0 }))).toBe('');
});

test('what can be a port', () => {
  expect(['', '1', '65535', '0', '65536', '80-90', 'x'].map(mayBePort)).toEqual([true, true, true, false, false, false, false]);
});

test("a node's own name of a service is made whole, whatever the node is called", () => {
  expect([serviceOf('tower', 'docker/plex'), serviceOf('docker', 'docker/plex')]).toEqual(['tower/docker/plex', 'docker/docker/plex']);
});
