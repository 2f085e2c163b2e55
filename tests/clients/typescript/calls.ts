// Outcomes of calls on a stable connection.

import assert from 'node:assert/strict';

import { ContractMismatchError, checkContractOf } from './contract.js';
import { CONTRACT_HASH, CentrifugoRPCError, type Text, codes } from './sdk/index.js';
import { answered, connected, failure, post, unique, until } from './world.js';

export async function result(): Promise<void> {
  const { api } = await connected(unique('user'));
  assert.deepEqual(await api.tasksGetStats({ user_id: '123' }), { total: 100, completed: 75 });
}

export async function every_error_code(): Promise<void> {
  const { api } = await connected(unique('user'));
  for (const code of Object.values(codes)) {
    const error = await answered(api.scenarioAnswer({ code }));
    assert.deepEqual([error.code, error.data], [code, { asked: code }]);
    assert.equal(error.isRetryable, code === 429 || code === 503);
    assert.notEqual(error.message, '');
  }
  assert.equal(Object.values(codes).length, 11);
}

export async function application_error_with_data(): Promise<void> {
  const { api } = await connected(unique('user'));
  const error = await answered(api.scenarioAnswer({ code: 1404 }));
  assert.ok(error instanceof CentrifugoRPCError);
  assert.deepEqual([error.code, error.message, error.data, error.isRetryable], [1404, 'as asked', { asked: 1404 }, false]);
}

export async function unknown_method(): Promise<void> {
  const { rpc } = await connected(unique('user'));
  assert.equal((await answered(rpc.call('scenario.unknown'))).code, codes.METHOD_NOT_FOUND);
}

export async function invalid_params(): Promise<void> {
  const { rpc, api } = await connected(unique('user'));
  const error = await answered(rpc.call('demo.echo', { text: 5 }));
  assert.equal(error.code, codes.INVALID_PARAMS);
  assert.match(error.message, /text/);
  // The typed client does not send them at all.
  await assert.rejects(api.demoEcho({ text: 5 as unknown as string }), { name: 'EncodeError', path: 'text' });
}

export async function params_too_large(): Promise<void> {
  const { api } = await connected(unique('user'));
  const before = await api.demoWhoami();
  assert.equal((await answered(api.demoEcho({ text: 'x'.repeat(70_000) }))).code, codes.TOO_LARGE);
  assert.equal((await api.demoWhoami()).client, before.client);
}

export async function timeout(): Promise<void> {
  const { api } = await connected(unique('user'));
  const key = unique('hold');
  const began = performance.now();
  const error = await answered(api.scenarioHold({ key }, { timeoutMs: 300 }));
  const took = performance.now() - began;
  assert.equal(error.code, codes.DEADLINE_EXCEEDED);
  assert.ok(error.isTimeout);
  assert.ok(took >= 300 && took < 5000, `ended after ${took} ms`);
  await until(() => api.scenarioRunning({ key }), 0);
}

export async function cancel(): Promise<void> {
  const { api } = await connected(unique('user'));
  const key = unique('hold');
  const controller = new AbortController();
  const failed = failure(api.scenarioHold({ key }, { signal: controller.signal }));
  await until(() => api.scenarioRunning({ key }), 1);
  controller.abort();
  const error = await failed;
  assert.ok(error instanceof DOMException && error.name === 'AbortError', String(error));
  await until(() => api.scenarioRunning({ key }), 0);
}

export async function cancel_before_sending(): Promise<void> {
  const { rpc, api } = await connected(unique('user'));
  const key = unique('note');
  await assert.rejects(api.scenarioNote({ key }, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  await post('refuse');
  await until(() => rpc.state, 'connecting');
  const controller = new AbortController();
  const failed = failure(api.scenarioNote({ key }, { signal: controller.signal }));
  controller.abort();
  await failed;
  await post('accept');
  // Requests arrive in their order: when this call ends, an earlier request would have run.
  await api.demoWhoami();
  assert.equal(await api.scenarioNoted({ key }), 0);
}

export async function concurrent_1000(): Promise<void> {
  const { rpc, api } = await connected(unique('user'));
  const texts = Array.from({ length: 1000 }, (_, index) => ({ text: `text ${index}` }));
  // The replies of the first round are batched, and then so are the requests.
  for (let time = 0; time < 2; time += 1) assert.deepEqual(await Promise.all(texts.map((text) => api.demoEcho(text))), texts);
  assert.equal(rpc.pendingCalls, 0);
}

export async function no_wait(): Promise<void> {
  const { api } = await connected(unique('user'));
  const key = unique('note');
  for (let index = 0; index < 3; index += 1) await api.scenarioNote({ key });
  await until(() => api.scenarioNoted({ key }), 3);
}

export async function unicode(): Promise<void> {
  const { api } = await connected(unique('user'));
  const texts = [
    '',
    'żółć "quoted" \\ back / slash',
    '日本語 🦀 👩‍👩‍👧‍👦 e\u0301',
    '\0\u0001\u007f\u0080\u2028\u2029\ufeff\ufffd\uffff\u{10ffff}',
    'line\r\nline\ttab',
    '</script> ${x} %s {{}}',
  ];
  for (const text of texts) {
    const sent: Text = { text };
    assert.deepEqual(await api.scenarioUnicode(sent), sent);
  }
  await assert.rejects(api.scenarioUnicode({ text: '\ud800' }), { name: 'EncodeError', path: 'text' });
}

export async function large_payloads(): Promise<void> {
  const { api } = await connected(unique('user'));
  const text = 'ä'.repeat(25_000);
  assert.equal((await api.demoEcho({ text })).text, text);
  assert.equal((await api.scenarioLarge({ bytes: 400_000 })).text, 'x'.repeat(400_000));
}

export async function contract_check(): Promise<void> {
  const { rpc, api } = await connected(unique('user'));
  assert.deepEqual(await api.checkContract(), { hash: CONTRACT_HASH, version: 1 });
  const error = await failure(checkContractOf(rpc, 'another'));
  assert.ok(error instanceof ContractMismatchError);
  assert.deepEqual([error.expected, error.actual], ['another', CONTRACT_HASH]);
}

export async function overload(): Promise<void> {
  const { api } = await connected(unique('user'));
  const calls = Array.from({ length: 3 }, () => api.scenarioLimited());
  const results = await Promise.allSettled(calls);
  const refused = results.flatMap((settled) => (settled.status === 'rejected' ? [settled.reason as unknown] : []));
  assert.equal(refused.length, 2);
  for (const error of refused) {
    const { code, isRetryable } = await answered(Promise.reject(error));
    assert.deepEqual([code, isRetryable], [codes.OVERLOADED, true]);
  }
  await api.scenarioLimited();
}
