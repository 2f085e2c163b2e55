// Outcomes of calls when connections, tokens and identities change.

import assert from 'node:assert/strict';

import { ConnectionError, UnauthorizedError, codes } from './sdk/index.js';
import { type Connected, URL_OF_CENTRIFUGO, answered, client, connected, failure, post, token, unique, until } from './world.js';

/** Makes 100 calls that end while the connection is down, and afterwards. */
async function survive(breakIt: (user: string) => string): Promise<void> {
  const user = unique('user');
  const { api } = await connected(user);
  const before = await api.demoWhoami();
  const times = Array.from({ length: 100 }, (_, index) => ({ ms: 1500 + index }));
  const slept = Promise.all(times.map((time) => api.demoSleep(time)));
  // All earlier requests are published when the reply to this one arrives.
  await api.demoEcho({ text: 'mark' });
  await post(breakIt(user));
  assert.deepEqual(await slept, times);
  assert.notEqual((await api.demoWhoami()).client, before.client, 'the connection was never broken');
}

export const reconnect_by_server = (): Promise<void> => survive((user) => `disconnect?user=${user}&code=3010`);
export const reconnect_after_cut = (): Promise<void> => survive(() => 'cut');

export async function calls_made_while_disconnected(): Promise<void> {
  const { rpc, api } = await connected(unique('user'));
  await post('refuse');
  await until(() => rpc.state, 'connecting');
  const times = Array.from({ length: 10 }, (_, ms) => ({ ms }));
  const slept = Promise.all(times.map((time) => api.demoSleep(time)));
  await post('accept');
  assert.deepEqual(await slept, times);
}

/** Returns a token function that counts its calls: `of` gets the number of the call, from 0. */
function counted(of: (index: number) => Promise<string>): { asked: () => number; source: () => Promise<string> } {
  let asked = 0;
  const source = (): Promise<string> => {
    asked += 1;
    return of(asked - 1);
  };
  return { asked: () => asked, source };
}

async function callUntil({ api }: Connected, asked: () => number, times: number): Promise<void> {
  while (asked() < times) assert.deepEqual(await api.demoSleep({ ms: 20 }), { ms: 20 });
  assert.deepEqual(await api.demoEcho({ text: 'and now' }), { text: 'and now' });
}

export async function token_refresh(): Promise<void> {
  const user = unique('user');
  const { asked, source } = counted(() => token(user, { ttl: '2' }));
  await callUntil(await connected(user, source), asked, 3);
}

export async function refused_token(): Promise<void> {
  const user = unique('user');
  const error = await failure(client(user, await token(user, { refused: '1' })).rpc.connect());
  assert.ok(error instanceof ConnectionError, String(error));
  assert.equal(error.kind, 'setup');
  assert.ok(error.message.includes(URL_OF_CENTRIFUGO), error.message);

  // If a later token is refused, pending calls end.
  const { source } = counted((index) => token(user, index === 0 ? { ttl: '2' } : { refused: '1' }));
  const { rpc, api } = await connected(user, source);
  const later = await failure(api.demoSleep({ ms: 50_000 }, { timeoutMs: 60_000 }));
  assert.ok(later instanceof ConnectionError, String(later));
  assert.equal(rpc.state, 'closed');
}

export async function slow_link(): Promise<void> {
  const { api } = await connected(unique('user'));
  await post('throttle?rate=600000');
  try {
    const calls = Array.from({ length: 20 }, () => api.scenarioLarge({ bytes: 400_000 }, { timeoutMs: 60_000 }));
    await Promise.race(calls);
    await post('cut');
    for (const { text } of await Promise.all(calls)) assert.equal(text, 'x'.repeat(400_000));
  } finally {
    await post('throttle?rate=0');
  }
}

export async function long_user_id(): Promise<void> {
  const user = unique('user').padEnd(255, 'x');
  const { api } = await connected(user);
  assert.equal((await api.demoWhoami()).user, user);
}

export async function token_words(): Promise<void> {
  const number = await token('42', { claims: JSON.stringify({ sub: 42 }) });
  assert.throws(() => client('42', number), /42, which is not a string/);

  const user = unique('user');
  const early = (): Promise<string> => token(user, { claims: JSON.stringify({ nbf: Math.floor(Date.now() / 1000) + 3600 }) });
  for (const source of [await early(), early]) {
    const error = await failure(client(user, source, { connectTimeoutMs: 3000 }).rpc.connect());
    assert.match(String(error), /`nbf`.*clocks/);
  }
}

export async function channel_limit(): Promise<void> {
  const beside = async (channels: number): Promise<Connected> => {
    const user = unique('user');
    const names = Array.from({ length: channels }, (_, index) => `channel-${index}`);
    return client(user, await token(user, { claims: JSON.stringify({ channels: names }) }));
  };
  const { rpc, api } = await beside(127);
  await rpc.connect();
  await api.demoWhoami();
  const error = await failure((await beside(128)).rpc.connect());
  assert.ok(error instanceof ConnectionError, String(error));
  assert.equal(error.kind, 'setup');
  assert.match(error.message, /`client\.channel_limit`/);
}

export async function failing_token_function(): Promise<void> {
  const user = unique('user');
  const refusing = client(user, () => Promise.reject(new UnauthorizedError('there is no session')));
  await assert.rejects(refusing.rpc.connect(), { name: 'ConnectionError', message: /there is no session/ });
  const failing = client(user, () => Promise.reject(new Error('no network')), { connectTimeoutMs: 500 });
  await assert.rejects(failing.rpc.connect(), { name: 'ConnectionError', message: /no network/ });

  // After other errors, the token function is called again.
  const { asked, source } = counted((index) =>
    index % 2 === 0 ? Promise.reject(new Error('no network')) : token(user, { ttl: '2' }),
  );
  await callUntil(await connected(user, source), asked, 4);
}

export async function two_clients_of_one_user(): Promise<void> {
  const user = unique('user');
  const [one, two] = await Promise.all([connected(user), connected(user)]);
  const echoes = [one, two].flatMap(({ api }, index) =>
    Array.from({ length: 50 }, async (_, call) => {
      const sent = { text: `${index} ${call}` };
      assert.deepEqual(await api.demoEcho(sent), sent);
    }),
  );
  await Promise.all(echoes);
  await one.rpc.close();
  assert.deepEqual(await two.api.demoEcho({ text: 'alone' }), { text: 'alone' });
}

export async function close_with_calls_pending(): Promise<void> {
  const [{ rpc, api }, other] = await Promise.all([connected(unique('user')), connected(unique('user'))]);
  const key = unique('hold');
  const holds = Array.from({ length: 10 }, () => failure(api.scenarioHold({ key })));
  await until(() => other.api.scenarioRunning({ key }), 10);
  await rpc.close();
  for (const error of await Promise.all(holds)) assert.ok(error instanceof ConnectionError, String(error));
  await until(() => other.api.scenarioRunning({ key }), 0);
  assert.ok((await failure(api.demoEcho({ text: 'late' }))) instanceof ConnectionError);
}

export async function identity(): Promise<void> {
  const user = unique('user');
  const info = { role: 'reader', näme: 1 };
  const { api } = await connected(user, await token(user, { info: JSON.stringify(info) }));
  const me = await api.demoWhoami();
  assert.deepEqual([me.user, me.info], [user, info]);
  assert.notEqual(me.client, '');
}

export async function guard(): Promise<void> {
  const { api } = await connected(unique('user'));
  assert.equal((await answered(api.demoAdmin())).code, codes.PERMISSION_DENIED);
  const user = unique('admin');
  const admin = await connected(user, await token(user, { info: '{"role":"admin"}' }));
  assert.deepEqual(await admin.api.demoAdmin(), {});
}

export async function anonymous(): Promise<void> {
  const { api } = await connected('');
  assert.equal((await api.demoWhoami()).user, '');
  assert.equal((await answered(api.demoAdmin())).code, codes.UNAUTHENTICATED);
}
