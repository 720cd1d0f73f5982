import { afterEach, describe, expect, test } from 'vitest';
import { bytes, clock, dayStart, duration, exact, initials, integer, join, lasting, latency, memory, number, percent, rate, setFormat, share, temperature, when } from '@/lib/format';

afterEach(() => setFormat('UTC', false));

describe('number', () => {
  test.each([
    [0, '0'],
    [0.426, '0.43'],
    [7.34, '7.3'],
    [74, '74'],
    [9.99, '10'],
    [118.2, '118'],
    [999.4, '999'],
    [1204, '1,204'],
    [12_400, '12.4k'],
    [999_600, '1M'],
    [-3.21, '-3.2'],
    [null, '–'],
    [NaN, '–'],
  ])('%s → %s', (n, text) => expect(number(n)).toBe(text));
  test.each([[9_999, '9,999'], [42, '42'], [12_345, '12.3k']])('integer %s → %s', (n, text) => expect(integer(n)).toBe(text));
});

describe('quantities', () => {
  test.each([
    [bytes(0), '0 B'],
    [bytes(999), '999 B'],
    [bytes(999.6), '1 KB'],
    [bytes(1.4e12), '1.4 TB'],
    [memory(128 * 2 ** 30), '128 GiB'],
    [memory(null), '–'],
    [rate(212e6), '212 MB/s'],
    [percent(0.42), '0.4 %'],
    [percent(99.6), '100 %'],
    [temperature(61), '61 °C'],
  ])('%j → %s', (q, text) => expect(join(q)).toBe(text));
  test('Fahrenheit', () => {
    setFormat('UTC', true);
    expect(join(temperature(100))).toBe('212 °F');
  });
  test('used and total share the unit of the total', () => {
    expect(share(74 * 2 ** 30, 128 * 2 ** 30, true)).toEqual(['74', { value: '128', unit: 'GiB' }]);
    expect(share(600e9, 3.8e12, false)).toEqual(['0.6', { value: '3.8', unit: 'TB' }]);
    expect(share(1, 0, false)[0]).toBe('–');
  });
  test.each([[0.4, '<1'], [8.4, '8'], [12_000, '12 s'], [null, '']])('latency %s → %s', (ms, text) => expect(latency(ms)).toBe(text));
});

describe('time', () => {
  const now = Date.UTC(2025, 10, 24, 14, 30, 0);
  const S = 1000;
  const M = 60 * S;
  const H = 60 * M;
  test.each([
    [40 * S, '40 s'],
    [12 * M, '12 min'],
    [3 * H + 20 * M, '3 h 20 min'],
    [2 * H, '2 h'],
    [23 * 24 * H + 4 * H, '23 d 4 h'],
    [-5, '0 s'],
  ])('duration %s → %s', (ms, text) => expect(duration(ms)).toBe(text));
  test.each([
    [2 * S, 'just now'],
    [38 * S, '38 s ago'],
    [59 * M, '59 min ago'],
    [2 * H, '12:30'],
    [26 * H, '23 Nov, 12:30'],
    [400 * 24 * H, '20 Oct 2024'],
  ])('%s ms ago → %s', (age, text) => {
    setFormat('UTC', false);
    expect(when(now - age, now)).toBe(text);
  });
  test('how long: for an age under an hour, else since a clock', () => {
    setFormat('UTC', false);
    expect([lasting(now - 40 * S, now), lasting(now - 2 * H, now), lasting(now - 26 * H, now)]).toEqual(['for 40 s', 'since 12:30', 'since 23 Nov, 12:30']);
  });
  test('without a preference: as the browser would say it in its own zone', () => {
    setFormat(null, false);
    const said = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
    for (let month = 0; month < 12; month++) {
      const t = Date.parse('2026-01-01T00:00:07Z') + month * 31 * 24 * H;
      expect(exact(t)).toBe(said.format(t));
    }
  });
  test('the time zone is a preference', () => {
    setFormat('America/New_York', false);
    expect(clock(now)).toBe('09:30');
  });
});

test.each([['shaun', 'SH'], ['Mira Keller', 'MK'], ['a.b', 'AB'], ['x', 'X']])('initials of %s → %s', (name, text) => expect(initials(name)).toBe(text));

test.each([
  ['2026-11-24', 'UTC', '2026-11-24T00:00:00.000Z'],
  ['2026-11-24', 'Asia/Tokyo', '2026-11-23T15:00:00.000Z'],
  ['2026-11-24', 'America/New_York', '2026-11-24T05:00:00.000Z'],
  ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'], // the clocks change later that day
  ['2026-10-26', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
])('%s begins in %s at %s', (date, zone, at) => {
  setFormat(zone, false);
  expect(new Date(dayStart(date)).toISOString()).toBe(at);
  setFormat(null, false);
});
