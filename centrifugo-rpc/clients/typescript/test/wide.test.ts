import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { EncodeError } from '../src/index.js';
import { type Codec, Mismatch, float, string, untagged } from '../src/schema.js';
import { wide as bigint } from '../src/wide.js';
import { wide as asNumber } from '../src/wide.number.js';
import { PUBLISH_OVERHEAD } from '../src/sdk.js';
import * as exact from '../src/sdk.exact.js';
import { readReplies } from '../src/wire.js';
import { Centrifugo, failure } from './harness.js';

/** Whether this build has the exact wire format. */
const IS_EXACT = (PUBLISH_OVERHEAD as number) === exact.PUBLISH_OVERHEAD;
const MAX = 2n ** 64n - 1n;

let centrifugo: Centrifugo;
before(async () => {
  centrifugo = await Centrifugo.start();
});
after(() => centrifugo.stop());

test('a wide integer travels exactly, or not at all', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('42');
  if (!IS_EXACT) {
    const error = await failure(client.call('a.b', { id: MAX }));
    assert.ok(error instanceof EncodeError, String(error));
    return;
  }
  const call = client.call('a.b', { id: MAX });
  const request = await worker.request(0);
  await worker.raw(request, `{"correlation_id": ${JSON.stringify(request.correlation_id)}, "result": {"id": ${MAX}, "n": 7}}`);
  assert.deepEqual(await call, { id: MAX, n: 7 });
  const stream = await centrifugo.post('history', JSON.stringify({ channel: 'rpc:requests', limit: 10 }));
  assert.ok(stream.includes(`"params":{"id":${MAX}}`), stream);
});

test('wide integers are exact in replies that come together', () => {
  const result = `{"correlation_id": "a", "result": ${MAX}}`;
  const error = `{"correlation_id": "b", "error": {"code": 1404, "message": "x", "data": ${MAX}}}`;
  const [a, b] = readReplies(exact.read(exact.toData(`{"batch": [${result}, ${error}]}`)));
  assert.deepEqual(a, { correlationId: 'a', answer: { result: MAX } });
  assert.ok(b !== undefined && 'error' in b.answer);
  assert.deepEqual([b.answer.error.code, b.answer.error.data], [1404, MAX]);
});

const [LOWEST, HIGHEST] = ['-9223372036854775808', '9223372036854775807'];

/** Returns the results of reading and of writing a value, or the reason of a mismatch. */
function both(codec: Codec, value: unknown): unknown[] {
  return (['read', 'write'] as const).map((way) => {
    try {
      return codec(value, way);
    } catch (error) {
      assert.ok(error instanceof Mismatch, String(error));
      return error.reason.includes('beyond 2^53') ? 'beyond 2^53' : 'refused';
    }
  });
}

test('wide integers are what the generator was told', () => {
  const kinds = { bigint: bigint(LOWEST, HIGHEST), number: asNumber(LOWEST, HIGHEST) };
  const all = (value: unknown): unknown => Object.fromEntries(Object.entries(kinds).map(([name, codec]) => [name, both(codec, value)]));
  const refused = ['refused', 'refused'];
  assert.deepEqual(all(5), { bigint: [5n, 5n], number: [5, 5] });
  assert.deepEqual(all(-0), { bigint: [0n, 0n], number: [0, 0] });
  assert.deepEqual(all(2 ** 53 - 1), { bigint: [9007199254740991n, 9007199254740991n], number: [9007199254740991, 9007199254740991] });
  const lowest = BigInt(LOWEST);
  assert.deepEqual(all(lowest), { bigint: [lowest, lowest], number: ['beyond 2^53', 'beyond 2^53'] });
  // The engine's parser has already rounded a number of that size.
  assert.deepEqual(all(2 ** 53), { bigint: refused, number: ['beyond 2^53', 'beyond 2^53'] });
  assert.deepEqual(all(2n ** 64n), { bigint: refused, number: refused });
  // A string is not an integer, neither on the wire nor in programs.
  assert.deepEqual(all(HIGHEST), { bigint: refused, number: refused });
  for (const value of ['', '-', '0x10', '1.0', '1e3', ' 1', '9223372036854775808', 1.5, NaN, Infinity, true, null, undefined, {}, []]) {
    assert.deepEqual(all(value), { bigint: refused, number: refused }, String(value));
  }
});

test('wide integers may have a range of their own, whatever they are', () => {
  for (const wide of [bigint, asNumber]) {
    const codec = wide('1', '10000000000000000');
    assert.deepEqual(both(codec, 0), ['refused', 'refused']);
    assert.equal(both(codec, 1).map(String).join(), '1,1');
  }
});

test('an integer that numbers do not hold is not taken for a float instead', () => {
  const union = untagged(string, asNumber(LOWEST, HIGHEST), float);
  assert.deepEqual([5, 1.5, 1e300, 'x'].map((value) => both(union, value)[0]), [5, 1.5, 1e300, 'x']);
  assert.deepEqual(both(union, 2 ** 53), ['beyond 2^53', 'beyond 2^53']);
});
