import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, before, test } from 'node:test';

import { ConnectionError, EncodeError, RpcError, RpcTimeoutError } from '../src/index.js';
import { Centrifugo, type Json, events, failure, until } from './harness.js';

let centrifugo: Centrifugo;
before(async () => {
  centrifugo = await Centrifugo.start();
});
after(() => centrifugo.stop());

test('a call is published as the protocol says, and its result reaches it', async (t) => {
  const worker = await centrifugo.worker(t, ({ params }) => ({ got: params ?? 'none' }));
  const client = await centrifugo.connected('42');
  const options = { timeoutMs: 5000, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  assert.deepEqual(await client.call('a.b', { x: ['ü', null] }, options), { got: { x: ['ü', null] } });
  assert.deepEqual(await client.call('a.b', null), { got: 'none' });
  const [first, second] = worker.requests;
  assert.match(first?.correlation_id ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(first?.reply_to ?? '', /^reply:[0-9a-f-]{36}#42$/);
  const { correlation_id: _, reply_to, timeout_ms = 0, ...rest } = first ?? {};
  assert.deepEqual(rest, { method: 'a.b', batch: true, params: { x: ['ü', null] }, traceparent: options.traceparent });
  // The time that is left of the timeout.
  assert.ok(timeout_ms > 1000 && timeout_ms <= 5000, `${timeout_ms} ms`);
  assert.equal(second?.reply_to, reply_to, 'one session per client');
  assert.ok(second !== undefined && !('params' in second) && !('traceparent' in second));
  assert.ok((second.timeout_ms ?? 0) > 20_000 && (second.timeout_ms ?? 0) <= 30_000);
});

test('an error reaches its call with code, message and data', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('42');
  const codes = [400, 401, 403, 404, 408, 413, 429, 499, 500, 503, 504, 1404];
  for (const [index, code] of codes.entries()) {
    const failed = failure(client.call('a.b'));
    await worker.error(await worker.request(index), { code, message: `no ${code}`, ...(code === 1404 ? { data: { id: 7 } } : {}) });
    const error = await failed;
    assert.ok(error instanceof RpcError);
    assert.deepEqual([error.code, error.message, error.data], [code, `no ${code}`, code === 1404 ? { id: 7 } : undefined]);
    assert.equal(error.isRetryable, code === 429 || code === 503);
    assert.equal(error.isTimeout, code === 408);
  }
});

test('replies that are malformed, unknown or second ones change nothing', async (t) => {
  const worker = await centrifugo.worker(t);
  const { all, onEvent } = events();
  const client = await centrifugo.connected('42', { onEvent });
  const call = client.call('a.b');
  const request = await worker.request(0);
  const id = JSON.stringify(request.correlation_id);
  const bad = [
    '5', '"text"', '[]', '{}', '{"result": 1}', '{"correlation_id": 7, "result": 1}', '{"correlation_id": "unknown", "result": 1}',
    `{"correlation_id": ${id}, "error": 5}`, `{"correlation_id": ${id}, "error": {"code": "400", "message": "x"}}`,
    `{"correlation_id": ${id}, "error": {"code": 400}}`,
  ];
  for (const json of bad) await worker.raw(request, json);
  await worker.raw(request, `{"correlation_id": ${id}, "result": "right", "later": 1}`);
  await worker.raw(request, `{"correlation_id": ${id}, "result": "second"}`);
  assert.equal(await call, 'right');
  const ignored = (): string[] => all.flatMap((event) => (event.type === 'ignored-reply' ? [event.reason] : []));
  await until(() => ignored().length === bad.length + 1);
  assert.equal(ignored().filter((reason) => reason === 'unknown').length, 2);
});

test('replies that come together each end their own call', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('42');
  const [one, two, failed] = [client.call('a.one'), client.call('a.two'), failure(client.call('a.none'))];
  const request = await worker.request(2);
  const reply = (method: string, answer: object): object => {
    return { correlation_id: worker.requests.find((made) => made.method === method)?.correlation_id, ...answer };
  };
  const none = { error: { code: 404, message: 'none', data: { id: 7 } } };
  const batch = [reply('a.two', { result: [2] }), reply('a.none', none), reply('a.one', { result: null })];
  await worker.raw(request, JSON.stringify({ batch, later: 1 }));
  assert.deepEqual(await Promise.all([one, two]), [null, [2]]);
  const error = await failed;
  assert.ok(error instanceof RpcError);
  assert.deepEqual([error.code, error.message, error.data], [404, 'none', { id: 7 }]);
  assert.equal(client.pendingCalls, 0);
});

test('what is malformed, unknown or second among replies that come together costs the others nothing', async (t) => {
  const worker = await centrifugo.worker(t);
  const { all, onEvent } = events();
  const client = await centrifugo.connected('42', { onEvent });
  const call = client.call('a.b');
  const request = await worker.request(0);
  const wrong = { correlation_id: request.correlation_id, result: 'wrong' };
  const right = { correlation_id: request.correlation_id, result: 'right' };
  for (const batch of [null, false, 5, 'text', wrong]) await worker.raw(request, JSON.stringify({ ...wrong, batch }));
  await worker.raw(request, '{"batch": []}');
  const bad = [null, 5, [wrong], {}, { result: 1 }, { ...wrong, error: 5 }, { batch: [wrong] }, { ...wrong, batch: [] }];
  const unknown = { correlation_id: 'unknown', result: 1 };
  await worker.raw(request, JSON.stringify({ batch: [...bad, unknown, right, wrong] }));
  assert.equal(await call, 'right');
  const ignored = (): string[] => all.flatMap((event) => (event.type === 'ignored-reply' ? [event.reason] : []));
  await until(() => ignored().length === 5 + bad.length + 2);
  assert.deepEqual(ignored(), [...Array<string>(5 + bad.length).fill('malformed'), 'unknown', 'unknown']);
});

test('a call without an answer ends a little after its timeout, and its worker is told to stop', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('42');
  const began = performance.now();
  const error = await failure(client.call('a.b', undefined, { timeoutMs: 100 }));
  const took = performance.now() - began;
  assert.ok(error instanceof RpcTimeoutError);
  assert.deepEqual([error.message, error.published, error.isRetryable], ['no answer to `a.b` within 100 ms', true, false]);
  assert.ok(took >= 350 && took < 10_000, `${took} ms`);
  const request = await worker.request(0);
  assert.deepEqual(await worker.request(1), { cancel: request.correlation_id, reply_to: client.replyChannel });
  assert.equal(client.pendingCalls, 0);
});

test('aborting a call rejects it with the reason of the signal, and its worker is told to stop', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('42');
  const controller = new AbortController();
  const call = client.call('a.b', undefined, { signal: controller.signal });
  const request = await worker.request(0);
  const reason = new Error('enough');
  controller.abort(reason);
  await assert.rejects(call, reason);
  assert.deepEqual(await worker.request(1), { cancel: request.correlation_id, reply_to: client.replyChannel });
  await assert.rejects(client.call('a.b', undefined, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  await client.notify('a.last');
  await until(() => worker.requests.some(({ method }) => method === 'a.last'));
  assert.equal(worker.requests.length, 3, 'a call that was aborted before is not sent');
});

test('calls leave nothing on their signal', async (t) => {
  await centrifugo.worker(t, () => 1);
  const client = await centrifugo.connected('42');
  const warnings: Error[] = [];
  const warned = (warning: Error): number => warnings.push(warning);
  process.on('warning', warned);
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 100 }, () => client.call('a.b', undefined, { signal })));
  await client.notify('a.b', undefined, { signal });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.deepEqual(warnings, []);
  process.off('warning', warned);
});

test('a thousand calls at a time each get their own result', async (t) => {
  await centrifugo.worker(t, ({ params }) => params ?? null);
  const client = await centrifugo.connected('42');
  const results = await Promise.all(Array.from({ length: 1000 }, (_, index) => client.call('a.b', [index])));
  results.forEach((result, index) => assert.deepEqual(result, [index]));
  assert.equal(client.pendingCalls, 0);
});

test('a notification has no return address, and resolves when it was taken', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('42');
  assert.equal(await client.notify('a.note', { key: 'x' }), undefined);
  const { timeout_ms, ...rest } = await worker.request(0);
  assert.deepEqual(rest, { method: 'a.note', params: { key: 'x' } });
  assert.ok(timeout_ms !== undefined);
  assert.equal(client.pendingCalls, 0);
});

test('a request over the message limit is answered here, and one just below it is not', async (t) => {
  const worker = await centrifugo.worker(t, ({ params }) => (typeof params === 'string' ? params.length : null));
  const client = await centrifugo.connected('42');
  const error = await failure(client.call('a.b', 'ü'.repeat(32_760)));
  assert.ok(error instanceof RpcError && error.code === 413, String(error));
  const room = Number(/has (\d+) bytes/.exec(error.message)?.[1]) - 2 * 32_760;
  const most = 64 * 1024 - room;
  await assert.rejects(client.call('a.b', 'x'.repeat(most + 5)), { code: 413 });
  assert.equal(await client.call('a.b', 'x'.repeat(most - 5)), most - 5);
  assert.equal(client.state, 'connected');
  assert.equal(worker.requests.length, 1);
});

test('params without a JSON form are an error that names the method, and are not sent', async () => {
  const client = await centrifugo.connected('42');
  const circular: { self?: object } = {};
  circular.self = circular;
  for (const params of [circular, () => 1, Symbol('x')]) {
    const error = await failure(client.call('a.b', params));
    assert.ok(error instanceof EncodeError, String(error));
    assert.match(error.message, /^the params of `a\.b` /);
  }
  assert.equal(client.pendingCalls, 0);
});

test('what a caller does to its params after the call changes nothing', async (t) => {
  await centrifugo.worker(t, ({ params }) => params ?? null);
  const client = centrifugo.client('42');
  const connected = client.connect();
  const params: { list: Json[] } = { list: [1] };
  const calls = [client.call('a.b', params)];
  params.list.push(2);
  await connected;
  calls.push(client.call('a.b', params));
  params.list.push(3);
  assert.deepEqual(await Promise.all(calls), [{ list: [1] }, { list: [1, 2] }]);
});

test('closing ends the calls under way, and tells their workers to stop', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('42');
  const states: string[] = [];
  client.onState((state) => states.push(state));
  const calls = [client.call('a.b'), client.call('a.b')].map(failure);
  await worker.request(1);
  await client.close();
  for (const error of await Promise.all(calls)) {
    assert.ok(error instanceof ConnectionError && error.kind === 'closed');
    assert.equal(error.message, 'the client is closed');
  }
  await worker.request(3);
  const cancelled = worker.requests.slice(2).map(({ cancel }) => cancel);
  assert.deepEqual(cancelled.sort(), worker.requests.slice(0, 2).map(({ correlation_id }) => correlation_id).sort());
  assert.deepEqual([states, client.state, client.pendingCalls], [['closed'], 'closed', 0]);
  await client.close();
  await assert.rejects(client.call('a.b'), { name: 'ConnectionError', message: 'the client is closed' });
});
