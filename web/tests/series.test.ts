import { describe, expect, test } from 'vitest';
import type { Vitals } from '@/api/types';
import { sparkPaths, stepUp } from '@/components/sparkline';
import { diskRoom, NodeSeries, NodeVitals, Ring, trendPoints, trendStep } from '@/stream/series';

describe('Ring', () => {
  test('keeps the newest, oldest first, with gaps', () => {
    const r = new Ring(3, 2);
    [[1, 10], [2, null], [3, 30], [4, 40]].forEach(([t, v]) => r.push(t ?? 0, [v, (v ?? 0) * 2]));
    expect(r.time()).toEqual([2, 3, 4]);
    expect(r.column(0)).toEqual([null, 30, 40]);
    expect(r.column(1)).toEqual([0, 60, 80]);
    expect(r.column(7)).toEqual([]);
  });
  test('refuses what is not newer', () => {
    const r = new Ring(3, 1);
    expect([r.push(5, [1]), r.push(5, [2]), r.push(4, [3])]).toEqual([true, false, false]);
    expect(r.column(0)).toEqual([1]);
  });
});

const vitals = (t: number, cpu: number | null): Vitals => ({
  t, cpu, load1: null, mem_used: 50, mem_total: 100, swap_used: null, disk_used: null, disk_total: null, disk_available: null, disk_worst: null,
  net_rx: 3, net_tx: 4, temp: null, power: null, psi_cpu: 1, psi_mem: 5, psi_io: null, gpus: [],
});

describe('NodeVitals', () => {
  test('a point is the mean of its ten seconds', () => {
    const v = new NodeVitals();
    [10, 20, 30].forEach((cpu, i) => v.push(vitals(trendStep + i * 1000, cpu)));
    v.push(vitals(2 * trendStep, 50));
    expect(v.column('cpu')).toEqual([20, 50]);
    expect(v.column('mem')).toEqual([50, 50]);
    expect(v.column('net')).toEqual([7, 7]);
    expect(v.column('psi')).toEqual([5, 5]);
    expect(v.column('disk')).toEqual([null, null]);
  });
  test('a disk is as full as df says: what is kept for root is not counted', () => {
    const v = new NodeVitals();
    v.push({ ...vitals(trendStep, 1), disk_used: 600, disk_total: 1000, disk_available: 300 });
    expect(v.column('disk')[0]).toBeCloseTo(66.67, 1);
    expect(diskRoom({ ...vitals(0, 1), disk_total: 5 })).toBe(5);
  });
  test('older points go before what came live, which stays', () => {
    const v = new NodeVitals();
    v.push(vitals(100 * trendStep, 90));
    const times = [97, 98, 99, 100].map((n) => n * trendStep);
    v.fill(times, times.map(() => [1, 2, null, 3, null, null]));
    expect(v.times()).toEqual(times);
    expect(v.column('cpu')).toEqual([1, 1, 1, 90]);
  });
  test('a replayed sample changes nothing', () => {
    const v = new NodeVitals();
    v.push(vitals(5000, 10));
    const before = v.version;
    v.push(vitals(5000, 99));
    expect([v.version, v.latest?.cpu]).toEqual([before, 10]);
  });
  test('on its grid what is missing is a gap, also at the end', () => {
    const v = new NodeVitals();
    [100, 101, 103].forEach((n) => v.push(vitals(n * trendStep, n)));
    const grid = v.aligned('cpu', 105 * trendStep + 500);
    expect(grid).toHaveLength(trendPoints);
    expect(grid.slice(-7)).toEqual([null, 100, 101, null, 103, null, null]);
  });
  test('stays bounded', () => {
    const v = new NodeVitals();
    for (let i = 0; i < trendPoints * 3; i++) v.push(vitals(i * trendStep, i));
    expect(v.times()).toHaveLength(trendPoints);
  });
});

describe('NodeSeries', () => {
  const window = { event_id: '1-1', schema: 3, step_ms: 1000, t: [1000, 2000], columns: [{ name: 'cpu', unit: '%' }], values: [[1, 2]] };
  test('frames that came before the window follow it once', () => {
    const s = new NodeSeries();
    expect(s.push({ schema: 3, t: 2000, v: [2] })).toBe(true);
    expect(s.push({ schema: 3, t: 3000, v: [3] })).toBe(true);
    s.load(window);
    expect(s.time()).toEqual([1000, 2000, 3000]);
    expect(s.column('cpu')).toEqual([1, 2, 3]);
    expect(s.latest('cpu')).toBe(3);
  });
  test('another schema asks for another window', () => {
    const s = new NodeSeries();
    s.load(window);
    expect(s.push({ schema: 4, t: 3000, v: [1, 2] })).toBe(false);
  });
});

describe('sparklines', () => {
  test('a gap breaks line and area', () => {
    const { line, area } = sparkPaths([0, 100, null, 100], 100);
    expect(line.match(/M/g)).toHaveLength(2);
    expect(area.match(/Z/g)).toHaveLength(2);
  });
  test('the last value stands at the right', () => expect(sparkPaths([null, 50, 50], 100).line).toMatch(/^M60\.0 .*L120\.0 /));
  test.each([[[3], 1, 5], [[12, 49], 1, 50], [[null], 10, 10], [[501], 1, 1000]])('scale of %j is %s', (values, least, max) =>
    expect(stepUp(values, least)).toBe(max),
  );
});
