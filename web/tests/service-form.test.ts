import { describe, expect, test } from 'vitest';
import { emptyForm, fieldOf, formOf, guess, inputOf, inputOfRecord, nameFrom, targetFor } from '@/lib/service-form';

test.each([
  ['http://router.lan/', { url: 'http://router.lan/', kind: 'http' }],
  ['grafana.home.arpa', { url: 'http://grafana.home.arpa', kind: 'http' }],
  ['nas.lan:8443', { url: 'https://nas.lan:8443', kind: 'http' }],
  ['nas:22', { url: '', kind: 'tcp', target: 'nas:22' }],
  ['ssh://nas:2222', { url: '', kind: 'tcp', target: 'nas:2222' }],
  ['redis://user@db/0', { url: '', kind: 'icmp', target: 'db' }],
  ['192.168.1.5:5432', { url: '', kind: 'tcp', target: '192.168.1.5:5432' }],
  ['   ', {}],
])('%s is taken for %j', (typed, meant) => expect(guess(typed)).toEqual(meant));

test.each([
  ['https://grafana.home.arpa/login', 'grafana'],
  ['http://192.168.1.1/', ''],
  ['', ''],
])('the name of %s is “%s”', (url, name) => expect(nameFrom(url)).toBe(name));

test('targets start from the address', () => {
  expect(targetFor('tcp', 'https://nas.lan/x')).toBe('nas.lan:443');
  expect(targetFor('tcp', 'http://nas.lan:8080')).toBe('nas.lan:8080');
  expect(targetFor('icmp', 'http://nas.lan:8080')).toBe('nas.lan');
  expect(targetFor('http', 'http://nas.lan')).toBe('');
});

describe('what is sent', () => {
  test('empty texts are null, the check is whole', () => {
    const form = { ...emptyForm(false), name: ' Router ', url: 'http://r', kind: 'http' as const, icon: 'Plex' };
    expect(inputOf(form, false)).toEqual({
      name: 'Router',
      url: 'http://r',
      icon: 'plex',
      group: null,
      description: null,
      depends_on: [],
      hidden: false,
      check: { kind: 'http', target: null, interval_ms: 30_000, timeout_ms: 5000, retries: 2, expect_status: null, expect_body: null },
    });
  });
  test('a discovered service keeps its own check', () => expect(inputOf(emptyForm(true), true)).toMatchObject({ check: null, hidden: true }));
  test('expectations go only where they mean something', () => {
    const form = { ...emptyForm(false), kind: 'icmp' as const, target: 'r', status: '200', body: 'x' };
    expect(inputOf(form, false).check).toMatchObject({ expect_status: null, expect_body: null });
  });
  test('a record comes back as it was', () => {
    const record = { ...inputOf({ ...emptyForm(false), name: 'a', kind: 'tcp', target: 'a:1', retries: 0, dependsOn: ['x'] }, false) };
    expect(inputOf(formOf(record, false), false)).toEqual(record);
    expect(inputOfRecord(record, true)).toEqual({ ...record, hidden: true });
  });
});

test.each([
  ['name', 'name'],
  ['check.target', 'target'],
  ['/check/interval_ms', 'intervalMs'],
  ['check_expect_body', 'body'],
  ['depends_on[2]', 'dependsOn'],
  ['depends_on/2', 'dependsOn'],
  ['secret', null],
  [undefined, null],
])('the problem field %s is the form’s %s', (field, name) => expect(fieldOf(field)).toBe(name));
