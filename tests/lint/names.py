#!/usr/bin/env python3
"""Spelling of docs/internals/names.md: words that have a better one here don't appear as names in src/.

Each row of its second table is `wrong | right | where`; a name is an identifier of C, whole or between underscores."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
text = (root / 'docs/internals/names.md').read_text(encoding='utf-8')
wrong = {}
for row in text.split('## Not these')[1].splitlines():
    cells = [c.strip(' `') for c in row.strip('|').split('|')]
    if len(cells) >= 2 and re.fullmatch(r'[a-z_]+', cells[0]) and cells[0] != 'not':
        wrong[cells[0]] = cells[1]

bad = 0
for path in sorted((root / 'src').rglob('*.[ch]')):
    code = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"', lambda m: '\n' * m.group().count('\n'),
                  path.read_text(encoding='utf-8'), flags=re.S)
    for number, line in enumerate(code.splitlines(), 1):
        for name in re.findall(r'[A-Za-z_][A-Za-z0-9_]*', line):
            if name.isupper():
                continue  # the system's own constants
            for part in name.split('_'):
                if part in wrong:
                    print(f'{path.relative_to(root)}:{number}: {name}: say {wrong[part]}')
                    bad += 1
sys.exit(1 if bad else 0)
