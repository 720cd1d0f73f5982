import { expect, test } from 'vitest';
import { faults, vacuumArgument, wonBySize } from '@/lib/log-usage';

test.each([
  [{ megabytes: '500', days: '' }, 'size:500000000'],
  [{ megabytes: ' 500 ', days: '14' }, 'size:500000000 age:1209600'],
  [{ megabytes: '', days: '1' }, 'age:86400'],
  [{ megabytes: '', days: '' }, null],
  [{ megabytes: '1', days: '' }, null],
  [{ megabytes: '500', days: '0' }, null],
  [{ megabytes: '1.5', days: '' }, null],
  [{ megabytes: '500 MB', days: '' }, null],
  [{ megabytes: '', days: '-1' }, null],
  [{ megabytes: '9999999999', days: '' }, null],
])('%j is ordered as %j', (stay, argument) => expect(vacuumArgument(stay)).toBe(argument));

test('a fault is said beside its field', () => {
  expect(faults({ megabytes: 'x', days: '14' })).toEqual({ megabytes: 'A whole number, from 2 on.', days: null });
  expect(faults({ megabytes: '', days: '99999' })).toEqual({ megabytes: null, days: 'That is more than any machine keeps.' });
});

test('what is won is known by size alone', () => {
  expect(wonBySize(3_000_000_000, { megabytes: '500', days: '' })).toBe(2_500_000_000);
  expect(wonBySize(100, { megabytes: '500', days: '7' })).toBe(0);
  expect(wonBySize(3_000_000_000, { megabytes: '', days: '7' })).toBeNull();
  expect(wonBySize(3_000_000_000, { megabytes: 'x', days: '' })).toBeNull();
});
