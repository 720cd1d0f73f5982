import { describe, expect, test } from 'vitest';
import { axisLabels, chartsOf, everything, gpuName, means, nearestIndex, niceMax, sum, timeline, timeTicks, type ChartFacts } from '@/lib/charts';
import { setFormat } from '@/lib/format';

const GB = 2 ** 30;
const facts: ChartFacts = { memoryTotal: 64 * GB, swapTotal: 0, virtual: new Set(['docker0', 'veth1']), gpus: [{ id: '0', name: 'RTX 5090', memory: 32 * GB }], critical: 95 };
const names = ['cpu', 'cpu.user', 'cpu.system', 'cpu.iowait', 'core.0', 'mem.used', 'mem.cache', 'disk.nvme0n1.read', 'disk.nvme0n1.write', 'net.eth0.rx', 'net.eth0.tx', 'net.docker0.rx', 'net.docker0.tx', 'temp.Tctl', 'gpu.0.util', 'gpu.0.mem', 'gpu.0.power', 'psi.cpu'];
const all = { net: everything, disk: everything };
const chart = (key: string, chosen = all, of = names) => chartsOf(of, facts, chosen).find((c) => c.key === key);

describe('charts of a node', () => {
  test('only those it has columns for', () => {
    expect(chartsOf(names, facts, all).map((c) => c.key)).toEqual(['cpu', 'memory', 'net', 'disk', 'gpu', 'vram', 'heat', 'psi']);
    expect(chartsOf(['cpu', 'mem.used', 'mem.cache'], facts, all).map((c) => c.key)).toEqual(['cpu', 'memory']);
    expect(chartsOf([], facts, all)).toEqual([]);
  });
  test('the sum of the network leaves out what is counted twice', () => {
    expect(chart('net')?.lines[0]?.columns).toEqual(['net.eth0.rx']);
    expect(chart('net')?.choice?.options).toEqual(['eth0', 'docker0']);
  });
  test('a chosen interface stands alone, a vanished one gives way to all', () => {
    expect(chart('net', { ...all, net: 'docker0' })?.lines[1]?.columns).toEqual(['net.docker0.tx']);
    expect(chart('net', { ...all, net: 'eth9' })?.lines[0]?.columns).toEqual(['net.eth0.rx']);
  });
  test('names with dots', () => {
    expect(chart('net', all, ['cpu', 'net.eth0.20.rx', 'net.eth0.20.tx'])?.lines[0]?.columns).toEqual(['net.eth0.20.rx']);
  });
  test('swap is a line where there is any', () => {
    const lines = (swapTotal: number) => {
      const specs = chartsOf(['mem.used', 'mem.cache', 'swap.used'], { ...facts, swapTotal }, all);
      return specs.find((c) => c.key === 'memory')?.lines.map((l) => l.name);
    };
    expect(lines(0)).toEqual(['Used', 'Cache']);
    expect(lines(GB)).toEqual(['Used', 'Cache', 'Swap']);
  });
  test('one disk needs no choice', () => expect(chart('disk')?.choice).toBeUndefined());
  test('GPUs are called by name, their memory ends at the largest', () => {
    expect(chart('vram')).toMatchObject({ max: 32 * GB, lines: [{ name: 'RTX 5090', columns: ['gpu.0.mem'] }] });
  });
  test('at most four lines', () => {
    const hot = Array.from({ length: 9 }, (_, i) => `temp.c${i}`);
    expect(chart('heat', all, ['cpu', ...hot])?.lines).toHaveLength(4);
  });
});

test.each([
  [0, 10_000, 10_000],
  [10_001, 10_000, 20_000],
  [21e6, 10_000, 50e6],
  [99e6, 10_000, 100e6],
])('the axis over %d is %d', (peak, least, max) => expect(niceMax(peak, least)).toBe(max));

test('three ticks, the unit once', () => {
  expect(axisLabels('percent', 100)).toEqual(['0', '50', '100 %']);
  expect(axisLabels('memory', 128 * GB)).toEqual(['0', '64', '128 GiB']);
  expect(axisLabels('rate', 200e6)).toEqual(['0', '100', '200 MB/s']);
  expect(axisLabels('rate', 5e6)).toEqual(['0', '2.5', '5 MB/s']);
});

test('degrees Fahrenheit have another zero', () => {
  setFormat(null, true);
  expect(axisLabels('temperature', 100)).toEqual(['32', '122', '212 °F']);
  setFormat(null, false);
});

test('a hole becomes one null, a late sample none', () => {
  const line = timeline([1000, 2000, 4400, 9000, 10_000], 1000);
  expect(line.t).toEqual([1000, 2000, 4400, 5400, 9000, 10_000]);
  expect(line.order).toEqual([0, 1, 2, -1, 3, 4]);
  expect(line.holes).toEqual([[4400, 9000]]);
});

test.each([
  [0, 0],
  [1400, 0],
  [1600, 1],
  [99_999, 2],
])('nearest to %d', (at, i) => expect(nearestIndex([1000, 2000, 3000], at)).toBe(i));

test('nothing is nearest to nothing', () => expect(nearestIndex([], 5)).toBe(-1));

test('ticks are round and few', () => {
  expect(timeTicks(0, 900_000)).toEqual([0, 180_000, 360_000, 540_000, 720_000, 900_000]);
  expect(timeTicks(500, 6500)).toEqual([1000, 2000, 3000, 4000, 5000, 6000]);
  expect(timeTicks(0, 900_000, 3)).toEqual([0, 300_000, 600_000, 900_000]);
});

test('a sum is unknown only where everything is', () => {
  expect(sum([[1, null, null], [2, 3, null]])).toEqual([3, 3, null]);
});

test('means of stretches, newest first, unknown where nothing was heard', () => {
  expect(means([0, 1000, 2000, 3000], [2, 4, null, null], 2000)).toEqual([[2000, null], [0, 3]]);
});

test('cards are called by what tells them apart', () => {
  const gpu = (id: string, name: string) => ({ id, name, memory: 0 });
  const gpus = [gpu('0', 'NVIDIA GeForce RTX 5070 Ti'), gpu('1', 'NVIDIA GeForce RTX 5070 Ti'), gpu('intel0', 'Intel Arc A380')];
  expect(gpus.map((g, i) => gpuName(gpus, g.id, i))).toEqual(['RTX 5070 Ti 0', 'RTX 5070 Ti 1', 'Arc A380']);
  expect(gpuName([], '3', 0)).toBe('GPU 3');
});
