// The messages of proto/ in JavaScript: protobufjs over the contract itself.
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './hydrad.mjs';

const require = createRequire(path.join(root, 'web/package.json'));
export const grpc = require('@grpc/grpc-js');
const protobuf = require('protobufjs');

/** The contract as a file says it: {encode(name), decode(name), decodeExact(name)}. */
export function contractOf(file) {
    const contract = protobuf.loadSync(path.join(root, file));
    const type = name => contract.lookupType(`hydra.agent.v1.${name}`);
    const decode = longs => name => b => type(name).toObject(type(name).decode(b), { longs, enums: String, bytes: Buffer, oneofs: true, defaults: true });
    return {
        encode: name => o => Buffer.from(type(name).encode(type(name).fromObject(o)).finish()),
        decode: decode(Number),
        decodeExact: decode(String), // numbers beyond 2^53 as text
    };
}
export const now = contractOf('proto/hydra/agent/v1/agent.proto');
/** As the first agents and hubs spoke: numbers, services and checks, nothing that is done. */
export const first = contractOf('tests/data/proto/agent-v1-first.proto');
export const { encode, decode, decodeExact } = now;
