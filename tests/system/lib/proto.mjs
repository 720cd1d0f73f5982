// The messages of proto/ in JavaScript: protobufjs over the contract itself.
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './hydrad.mjs';

const require = createRequire(path.join(root, 'web/package.json'));
export const grpc = require('@grpc/grpc-js');
const protobuf = require('protobufjs');
const contract = protobuf.loadSync(path.join(root, 'proto/hydra/agent/v1/agent.proto'));
const type = name => contract.lookupType(`hydra.agent.v1.${name}`);
export const encode = name => o => Buffer.from(type(name).encode(type(name).fromObject(o)).finish());
export const decode = name => b => type(name).toObject(type(name).decode(b), { longs: Number, enums: String, bytes: Buffer, oneofs: true, defaults: true });
