// api/openapi.yaml as a list of operations.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from './hydrad.mjs';

const toJson = 'import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout, default=str)';

export function readContract() {
    return JSON.parse(execFileSync('python3', ['-c', toJson, path.join(root, 'api/openapi.yaml')], { maxBuffer: 1 << 26 }));
}

/** [{method, path, permission, stream, hasBody}], permission null where everybody may. */
export function operations(contract = readContract()) {
    const list = [];
    for (const [where, item] of Object.entries(contract.paths))
        for (const [method, o] of Object.entries(item)) {
            if (method === 'parameters') continue;
            list.push({
                id: o.operationId, method: method.toUpperCase(), path: where,
                permission: o['x-permission'] === 'public' ? null : o['x-permission'],
                hasBody: o.requestBody !== undefined,
                stream: JSON.stringify(o.responses).includes('text/event-stream'),
            });
        }
    return list;
}
