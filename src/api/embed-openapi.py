#!/usr/bin/env python3
"""embed-openapi.py OPENAPI.yaml OUT.c: the contract as compact JSON in a C array."""
import json
import sys

import yaml

document = json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8')), separators=(',', ':'), default=str)
data = document.encode()
with open(sys.argv[2], 'w', encoding='ascii') as out:
    out.write('#include "api/openapi-json.h"\n\nconst char openapi_json[] = {\n')
    for i in range(0, len(data), 24):
        out.write(','.join(str(b) for b in data[i:i + 24]) + ',\n')
    out.write(f'0}};\nconst size_t openapi_json_len = {len(data)};\n')
