import { expect, test } from 'vitest';
import { branches, commandParts, orderOf, settled } from '@/lib/processes';

const row = (pid: number, cpu: number, memory: number, name = `p${pid}`) => ({ pid, name, command: `/bin/${name}`, user: 'root', cpu, memory, gpu_memory: null });

test('an order stays while numbers change; who is new stands below, who is gone leaves', () => {
  const order = orderOf([row(1, 5, 1), row(2, 9, 1), row(3, 1, 9)], 'cpu');
  expect(order).toEqual([2, 1, 3]);
  const later = [row(3, 99, 9), row(2, 0, 1), row(4, 50, 1)];
  expect(settled(later, order, '').map((r) => r.pid)).toEqual([2, 3, 4]);
});

test('by memory, by name', () => {
  const rows = [row(1, 5, 1, 'b'), row(2, 9, 3, 'a'), row(3, 1, 9, 'a')];
  expect(orderOf(rows, 'memory')).toEqual([3, 2, 1]);
  expect(orderOf(rows, 'name')).toEqual([2, 3, 1]);
});

test('a filter sees command, user and number', () => {
  const rows = [row(12, 1, 1, 'redis'), row(34, 1, 1, 'nginx')];
  expect(settled(rows, [12, 34], 'redis').map((r) => r.pid)).toEqual([12]);
  expect(settled(rows, [12, 34], '34').map((r) => r.pid)).toEqual([34]);
});

const linked = (pid: number, parent: number, kernel = false) => ({ pid, parent, kernel });
const tree = [linked(1, 0), linked(10, 1), linked(2, 0, true), linked(30, 2, true), linked(12, 10), linked(11, 10), linked(99, 77)];
const plainly = { folded: new Set<number>(), kernel: false, fits: null };
const shape = (list: { process: { pid: number }; depth: number }[]) => list.map((b) => `${'-'.repeat(b.depth)}${b.process.pid}`);

test('parents stand before their children; who has none that is known stands at the top', () => {
  expect(shape(branches(tree, plainly))).toEqual(['1', '-10', '--11', '--12', '99']);
  expect(shape(branches(tree, { ...plainly, kernel: true }))).toEqual(['1', '-10', '--11', '--12', '2', '-30', '99']);
});

test('what is folded keeps its children; a search shows the way to what it finds', () => {
  expect(branches(tree, { ...plainly, folded: new Set([10]) }).map((b) => [b.process.pid, b.children])).toEqual([[1, 3], [10, 2], [99, 0]]);
  expect(shape(branches(tree, { ...plainly, folded: new Set([1]), fits: (p) => p.pid === 12 }))).toEqual(['1', '-10', '--12']);
});

test('the folder of a program stands apart', () => {
  expect(commandParts('/usr/bin/redis-server *:6379')).toEqual(['/usr/bin/', 'redis-server *:6379']);
  expect(commandParts('/usr/lib/plex/Plex Media Server')).toEqual(['/usr/lib/plex/', 'Plex Media Server']);
  expect(commandParts('sshd: /usr/sbin/sshd -D')).toEqual(['', 'sshd: /usr/sbin/sshd -D']);
  expect(commandParts('/')).toEqual(['', '/']);
  expect(commandParts('init')).toEqual(['', 'init']);
});
