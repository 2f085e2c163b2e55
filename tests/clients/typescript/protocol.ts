// The callers' part of docs/protocol.md, rule by rule.

import assert from 'node:assert/strict';

import { ConnectionError, RpcTimeoutError } from './sdk/index.js';
import { type Connected, connected, failure, post, token, unique, until } from './world.js';

/** Marks calls that take too long for a worker: the control server replies to them. */
const LONG = 50_000;
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

interface Report {
  /** The number of requests in each publication. */
  readonly publications: readonly number[];
  readonly sessions: number;
  readonly last: { readonly [member: string]: unknown };
}

/** Waits until the user has published `count` requests, and returns a report about them. */
async function published(user: string, count: number): Promise<Report> {
  return JSON.parse(await post(`published?user=${user}&count=${count}`)) as Report;
}

const answer = (user: string, how: string): Promise<string> => post(`answer?user=${user}&how=${how}`);

/** Makes calls to which the control server replies. */
function calls({ api }: Connected, count: number): (() => Promise<void>) {
  const sent = Array.from({ length: count }, (_, index) => ({ ms: LONG + index }));
  const results = Promise.all(sent.map((sleep) => api.demoSleep(sleep)));
  return async () => assert.deepEqual(await results, sent);
}

async function disconnected({ rpc }: Connected): Promise<void> {
  await post('refuse');
  await until(() => rpc.state, 'connecting');
}

export async function on_the_wire(): Promise<void> {
  const user = unique('user');
  const caller = await connected(user);
  const controller = new AbortController();
  const options = { timeoutMs: 5000, traceparent: TRACE, signal: controller.signal };
  const call = failure(caller.api.demoSleep({ ms: LONG }, options));
  const { timeout_ms, traceparent } = (await published(user, 1)).last;
  assert.ok(typeof timeout_ms === 'number' && timeout_ms > 0 && timeout_ms <= 5000, String(timeout_ms));
  assert.equal(traceparent, TRACE);
  await caller.api.scenarioNote({ key: unique('note') });
  assert.equal((await published(user, 2)).last['method'], 'scenario.note');
  controller.abort();
  await call;
  assert.ok('cancel' in (await published(user, 3)).last);
  await disconnected(caller);
  await post('accept');
  await caller.api.demoWhoami();
  assert.equal((await published(user, 4)).sessions, 1);
  const other = await connected(user, await token(user));
  await other.api.demoWhoami();
  assert.equal((await published(user, 5)).sessions, 2);
}

export async function requests_that_go_together(): Promise<void> {
  const user = unique('user');
  const caller = await connected(user);
  const ones = Array.from({ length: 8 }, () => 1);
  const alone = calls(caller, 8);
  assert.deepEqual((await published(user, 8)).publications, ones);
  await answer(user, 'together');
  await alone();
  let count = 8;
  for (let largest = 1; largest === 1; ) {
    const text = 'x'.repeat(20_000);
    const before = calls(caller, 100);
    const controller = new AbortController();
    const cancelled = failure(caller.api.demoSleep({ ms: LONG }, { signal: controller.signal }));
    const large = caller.api.demoEcho({ text });
    const after = calls(caller, 99);
    count += 201;
    largest = Math.max(...(await published(user, count)).publications.slice(8));
    // The cancellation must be a publication of its own.
    controller.abort();
    count += 1;
    await published(user, count);
    await answer(user, 'together');
    await Promise.all([before(), after(), cancelled]);
    assert.deepEqual(await large, { text });
  }
  await disconnected(caller);
  const anew = calls(caller, 8);
  await post('accept');
  assert.deepEqual((await published(user, count + 8)).publications.slice(-8), ones);
  await answer(user, 'each');
  await anew();
}

export async function replies_that_change_nothing(): Promise<void> {
  const user = unique('user');
  const caller = await connected(user);
  const all = calls(caller, 3);
  await published(user, 3);
  await answer(user, 'hostile');
  await all();
  await caller.api.demoWhoami();
}

/** Makes one more call, whose reply is published while the caller is disconnected. */
async function missed(user: string, caller: Connected, count: number): Promise<void> {
  const one = calls(caller, 1);
  await published(user, count);
  await disconnected(caller);
  await answer(user, 'each');
  await post('accept');
  await one();
}

export async function replies_without_an_offset(): Promise<void> {
  const user = unique('user');
  const caller = await connected(user);
  for (const [index, how] of ['each', 'unremembered'].entries()) {
    const one = calls(caller, 1);
    await published(user, index + 1);
    await answer(user, how);
    await one();
  }
  await missed(user, caller, 3);
}

export async function more_replies_than_the_history_keeps(): Promise<void> {
  const user = unique('user');
  const caller = await connected(user);
  let ended = 0;
  const all = Array.from({ length: 140 }, async (_, index) => {
    const sent = { ms: LONG + index };
    try {
      assert.deepEqual(await caller.api.demoSleep(sent), sent);
      return 'kept';
    } catch (error) {
      return error instanceof ConnectionError ? 'lost' : String(error);
    } finally {
      ended += 1;
    }
  });
  await published(user, 140);
  await disconnected(caller);
  await answer(user, 'each');
  await post('accept');
  await until(() => ended >= 128, true);
  await caller.api.demoWhoami();
  await caller.rpc.close();
  const outcomes = await Promise.all(all);
  const count = (what: string): number => outcomes.filter((outcome) => outcome === what).length;
  assert.deepEqual([count('kept'), count('lost')], [128, 12], outcomes.join());
}

export async function replies_after_a_restart(): Promise<void> {
  const user = unique('user');
  const caller = await connected(user);
  const sent = Array.from({ length: 100 }, (_, number) => ({ key: user, number }));
  const results = Promise.all(sent.map((gate) => caller.api.scenarioGate(gate)));
  await published(user, 100);
  await disconnected(caller);
  await post('restart');
  await post(`open?key=${user}`);
  await post(`answered?user=${user}&count=100`);
  await post('accept');
  assert.deepEqual(await results, sent);
  // The client recovers from the next loss in the usual way.
  await missed(user, caller, 101);
}

export async function replies_lost_twice(): Promise<void> {
  const user = unique('user');
  const caller = await connected(user);
  for (const count of [1, 2]) {
    const one = calls(caller, 1);
    await published(user, count);
    await disconnected(caller);
    await post('restart');
    await answer(user, 'each');
    await post('accept');
    await one();
  }
  // With an empty history Centrifugo cannot recover from 128 replies back either.
  const controller = new AbortController();
  const lost = failure(caller.api.demoSleep({ ms: LONG }, { signal: controller.signal }));
  await published(user, 3);
  await disconnected(caller);
  await answer(user, 'each');
  await post(`forget?user=${user}`);
  await post('accept');
  await caller.api.demoWhoami();
  controller.abort();
  await lost;
  await published(user, 5);
  await missed(user, caller, 6);
}

export async function giving_up(): Promise<void> {
  const user = unique('user');
  const { api } = await connected(user);
  await post('pause');
  try {
    const started = performance.now();
    const error = await failure(api.demoSleep({ ms: LONG }, { timeoutMs: 1000 }));
    const took = performance.now() - started;
    assert.ok(error instanceof RpcTimeoutError && error.published, String(error));
    assert.ok(took >= 1200, `it waited ${took} ms, no longer than the worker`);
    assert.ok('cancel' in (await published(user, 2)).last);
  } finally {
    await post('resume');
  }
}
