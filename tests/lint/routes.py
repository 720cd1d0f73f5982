#!/usr/bin/env python3
"""Holds router and contract in step: every operation of api/openapi.yaml has a route with the same permission, and
every route stands in the contract.

usage: routes.py BUILD (which holds the program print-routes)"""
import pathlib
import re
import subprocess
import sys

import yaml

root = pathlib.Path(__file__).resolve().parents[2]
PAGES = ('/', '/nodes', '/node', '/services', '/service', '/events')  # of the dashboard
NOT_IN_CONTRACT = {('GET', p) for p in PAGES}

contract = {}
for path, item in yaml.safe_load((root / 'api/openapi.yaml').read_text(encoding='utf-8'))['paths'].items():
    for method in ('get', 'post', 'put', 'patch', 'delete'):
        if method in item:
            contract[(method.upper(), path)] = item[method]['x-permission']

routes = {}
for line in subprocess.run([sys.argv[1] + '/tests/unit/print-routes'], capture_output=True, text=True, check=True).stdout.splitlines():
    method, path, permission = line.split(' ')
    routes[(method, re.sub(r'\.\.\.}', '}', path))] = permission

bad = 0
for key in sorted(set(contract) | set(routes)):
    if key in NOT_IN_CONTRACT:
        continue
    want, have = contract.get(key), routes.get(key)
    if want != have:
        print(f'{key[0]} {key[1]}: contract says {want}, router says {have}')
        bad += 1
print(f'{len(contract)} operations, {len(routes)} routes, {bad} differences')
sys.exit(1 if bad else 0)
