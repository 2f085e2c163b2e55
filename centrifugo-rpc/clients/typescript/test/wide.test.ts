import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { readReplies } from '../src/calls.js';
import { EncodeError } from '../src/index.js';
import { PUBLISH_OVERHEAD } from '../src/wire.js';
import * as exact from '../src/wire.exact.js';
import { Centrifugo, failure } from './harness.js';

/** Which of the two wire formats this build is on. */
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
