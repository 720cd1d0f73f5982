import { describe, expect, test } from 'vitest';
import { parseAnsi, plainText } from '@/lib/ansi';

const E = '\x1b';
const styles = (line: string) => parseAnsi(line).map((s) => [s.text, s.style]);

describe('colours and styles', () => {
  test.each([
    ['plain', [['plain', null]]],
    ['', []],
    [`${E}[31mred${E}[0m not`, [['red', { fg: 1 }], [' not', null]]],
    [`${E}[1;4;32mall${E}[22;24mgreen`, [['all', { bold: true, underline: true, fg: 2 }], ['green', { bold: undefined, dim: undefined, underline: undefined, fg: 2 }]]],
    [`${E}[97;101mbright`, [['bright', { fg: 15, bg: 9 }]]],
    [`${E}[38;5;208mx${E}[39my`, [['x', { fg: '#ff8700' }], ['y', null]]],
    [`${E}[38;5;9mx`, [['x', { fg: 9 }]]],
    [`${E}[38;5;244mx`, [['x', { fg: '#808080' }]]],
    [`${E}[48;2;1;2;300mx`, [['x', { bg: '#0102ff' }]]],
    [`${E}[mreset`, [['reset', null]]],
    [`${E}[7mx${E}[27m`, [['x', { inverse: true }]]],
    [`${E}[38;5;999mx`, [['x', null]]],
  ])('%j', (line, expected) => expect(styles(line)).toEqual(expected));
});

describe('what is no text leaves nothing', () => {
  test.each([
    [`a${E}[2Kb${E}[10;20Hc`, 'abc'],
    [`${E}]0;title\x07text`, 'text'],
    [`${E}]8;;https://evil.example/${E}\\link${E}]8;;${E}\\`, 'link'],
    [`${E}Pq#0;2;0;0;0${E}\\after`, 'after'],
    [`cut ${E}`, 'cut '],
    [`cut ${E}[31`, 'cut '],
    [`cut ${E}]0;never ends`, 'cut '],
    ['a\x00b\x07c\x7fd\x85e', 'abcde'],
    ['tab\tstays', 'tab\tstays'],
    ['10%\r55%\r100%', '100%'],
    ['done\r', 'done'],
    ['<b onclick=x>&amp;', '<b onclick=x>&amp;'],
  ])('%j', (line, expected) => expect(plainText(parseAnsi(line))).toBe(expected));
});

test('nothing makes it slow or fail', () => {
  const junk = `${E}[`.repeat(8000) + `${E}]`.repeat(8000);
  const started = performance.now();
  parseAnsi(junk);
  parseAnsi(`${E}[${'1;'.repeat(8000)}m`);
  expect(performance.now() - started).toBeLessThan(2000);
});
