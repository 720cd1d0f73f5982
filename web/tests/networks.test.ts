import { expect, test } from 'vitest';
import { networksFor } from '@/lib/networks';

const network = (name: string, more = {}) => ({ name, driver: 'bridge', scope: 'local', internal: false, joinable: true, joined: false, ...more });
const all = [network('backend', { driver: 'overlay', scope: 'swarm', internal: true }), network('host', { driver: 'host', joinable: false }), network('media', { joined: true }), network('odd', { joined: null })];

test('a container joins what it is not in, but for host and none', () => {
  expect(networksFor(all, 'connect')).toEqual([
    { name: 'backend', text: 'backend: overlay, swarm, leads nowhere else' },
    { name: 'odd', text: 'odd: bridge' },
  ]);
});

test('it leaves what it is in', () => {
  expect(networksFor(all, 'disconnect')).toEqual([{ name: 'media', text: 'media: bridge' }]);
  expect(networksFor([network('host', { driver: 'host', joinable: false, joined: true })], 'disconnect')).toHaveLength(1);
});
