import { describe, expect, test } from 'vitest';
import { parseAnsi } from '@/lib/ansi';
import { countLevels, levelLook } from '@/lib/log-levels';
import { jsonMembers, jsonSummary, membersOf, pieces, searchFor } from '@/lib/log-text';

const hits = (text: string, q: string, regex = false) => searchFor(q, regex).matcher?.hits(text);

describe('searching', () => {
  test.each([
    ['Timeout after timeout', 'timeout', false, [[0, 7], [14, 21]]],
    ['Timeout after timeout', 'Timeout', false, [[0, 7]]],
    ['Err err', '\\Serr|e\\Sr', true, [[0, 3], [4, 7]]],
    ['a.b a+b', 'a.b', false, [[0, 3]]],
    ['a.b a+b', 'a.b', true, [[0, 3], [4, 7]]],
    ['status=500 status=404', 'status=[45]\\d\\d', true, [[0, 10], [11, 21]]],
    ['nothing', 'x*', true, []],
  ])('%j in %j', (text, q, regex, expected) => expect(hits(text, q, regex)).toEqual(expected));

  test('asking whether does not move where it is', () => {
    const { matcher } = searchFor('out', false);
    expect(matcher?.test('timed out')).toBe(true);
    expect(matcher?.hits('timed out')).toEqual([[6, 9]]);
  });

  test('an expression that can not be read says why', () => {
    expect(searchFor('(', true)).toEqual({ matcher: null, error: '“(” is no regular expression: unterminated group' });
    expect(searchFor('', true)).toEqual({ matcher: null, error: null });
  });

  test.each(['(a+)+$', '(\\d*)*x', '([a-z]{1,9}b)+', '(x|y+){2,}'])('%s is left to the server', (q) => expect(searchFor(q, true)).toEqual({ matcher: null, error: null }));
  test.each(['(ab)+', 'a+b*', '(?:err|warn): .*', '\\(a+\\)+'])('%s is marked', (q) => expect(searchFor(q, true).matcher).not.toBeNull());
});

test('pieces cut spans at hits and at the limit', () => {
  const spans = parseAnsi('\x1b[31mred\x1b[0m plain');
  const red = { fg: 1 };
  expect(pieces(spans, [[2, 6]], 100)).toEqual([
    { text: 're', style: red, hit: false },
    { text: 'd', style: red, hit: true },
    { text: ' pl', style: null, hit: true },
    { text: 'ain', style: null, hit: false },
  ]);
  expect(pieces(spans, [], 5).map((p) => p.text)).toEqual(['red', ' p']);
  expect(pieces([], [], 5)).toEqual([]);
});

describe('JSON lines', () => {
  const line = '{"ts":1,"level":"info","msg":"served","status":200,"user":{"name":"mira","tags":["a"]},"nil":null}';
  test('fold out to members with their path', () => {
    expect(jsonMembers(line)).toEqual([['ts', '1'], ['level', 'info'], ['msg', 'served'], ['status', '200'], ['user.name', 'mira'], ['user.tags', '["a"]'], ['nil', 'null']]);
  });
  test('read as their message, then the rest', () => expect(jsonSummary(line)).toBe('served  status=200  user.name=mira  user.tags=["a"]  nil=null'));
  test.each(['', '{', '[1]', '{"a":', 'text {"a":1}', '{not json}'])('%j is none', (t) => expect(jsonMembers(t)).toEqual([]));
  test('without a message stay as they are', () => expect(jsonSummary('{"a":1}')).toBeNull());
  test('what the server knows comes after, each name once', () => expect(membersOf('{"msg":"x"}', { msg: 'y', pid: 7 })).toEqual([['msg', 'x'], ['pid', '7']]));
  test('hundreds of members end somewhere', () => expect(jsonMembers(JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i]))))).toHaveLength(100));
});

test('levels', () => {
  expect(countLevels(['err', 'crit', 'warning', 'info', 'notice', 'debug', null, 'what'])).toEqual({ all: 8, info: 5, warn: 3, error: 2 });
  expect(levelLook('constructor').weight).toBe('none');
  expect(levelLook('emerg')).toEqual({ word: 'EMERG', weight: 'error' });
});
