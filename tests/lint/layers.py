#!/usr/bin/env python3
"""Holds the rule of the house: a folder of src/ includes only itself and folders above it.

Prints each include that breaks it and exits 1; exits 0 when there is none."""
import pathlib
import re
import sys

ORDER = ['base', 'io', 'http', 'rpc', 'node', 'stream', 'store', 'access', 'cluster', 'jobs', 'history', 'logs', 'inference',
         'alerts', 'automation', 'boards', 'api', 'hub', 'agent', 'generation', 'demo', 'cli']
# node/ becomes part of the agent, and cli/ a program of its own: they know nothing of the server.
ONLY = {'node': {'base', 'io', 'rpc', 'node'}, 'cli': {'base', 'io', 'cli'},
        'logs': {'base', 'io', 'http', 'node', 'logs'}, 'agent': {'base', 'io', 'http', 'rpc', 'node', 'logs', 'agent'},
        'demo': {'base', 'io', 'rpc', 'node', 'agent', 'demo'}, 'generation': {'base', 'node', 'generation'}, 'http': {'base', 'io', 'http'}}

src = pathlib.Path(__file__).resolve().parents[2] / 'src'
bad = 0
for path in sorted(src.rglob('*.[ch]')):
    folder = path.relative_to(src).parts[0]
    if folder not in ORDER:
        print(f'{path.relative_to(src.parent)}: the folder {folder} is not in the list of layers')
        bad += 1
        continue
    allowed = ONLY.get(folder, set(ORDER[:ORDER.index(folder) + 1]))
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+"([a-z]+)/', line)
        if m and m.group(1) not in allowed:
            print(f'{path.relative_to(src.parent)}:{number}: {folder}/ may not include {m.group(1)}/')
            bad += 1
sys.exit(1 if bad else 0)
