// A client with `--typescript-int64 number`: integers within 2^53 - 1 travel both ways, and no other integer is rounded.

import assert from 'node:assert/strict';

import { WebSocket } from 'ws';

import { APIClient, CentrifugoRPCClient, DecodeError, EncodeError } from './sdk/index.js';

const { ZOO_URL = '', ZOO_TOKEN = '' } = process.env;
const rpc = new CentrifugoRPCClient(ZOO_URL, ZOO_TOKEN, 'keeper', { websocket: WebSocket });
await rpc.connect();
const api = new APIClient(rpc);

const largest = { signed: Number.MAX_SAFE_INTEGER, unsigned: Number.MAX_SAFE_INTEGER, length: 9, offset: -9 };
const held = [largest, { signed: 0, unsigned: 0, length: 0, offset: 0 }];
for (const [index, expected] of held.entries()) {
  const at = index + 2;
  const value = await api.zooGetWideIntegers({ case: at });
  assert.deepEqual(value, expected);
  assert.equal(await api.zooCheckWideIntegers({ case: at, value }), true);
}

async function refused(call: Promise<unknown>, kind: typeof DecodeError | typeof EncodeError, path: string, reason: RegExp): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.equal(error.path, path);
    assert.match(error.message, reason);
    return true;
  });
}

// The bounds of the Rust types, and the first integers that a number does not hold.
const beyond = /beyond 2\^53 - 1.*--typescript-int64 bigint/;
for (const at of [0, 1]) await refused(api.zooGetWideIntegers({ case: at }), DecodeError, 'signed', beyond);
const check = (value: typeof largest): Promise<boolean> => api.zooCheckWideIntegers({ case: 2, value });
await refused(check({ ...largest, unsigned: 2 ** 53 }), EncodeError, 'value.unsigned', beyond);
await refused(check({ ...largest, signed: -(2 ** 53) }), EncodeError, 'value.signed', beyond);
await refused(check({ ...largest, unsigned: -1 }), EncodeError, 'value.unsigned', /not in 0 to 18446744073709551615/);
await refused(check({ ...largest, signed: 0.5 }), EncodeError, 'value.signed', /expected an integer, got 0.5/);

// The first number beyond the range of `f32`.
const single = 3.4028235677973366e38;
await refused(api.zooCheckFloats({ case: 0, value: { single, double: single } }), EncodeError, 'value.single', /too large for 32 bits/);

await rpc.close();
console.log('ok');
