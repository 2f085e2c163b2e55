import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Centrifuge } from 'centrifuge';
import { WebSocket } from 'ws';

import { ConnectionError, UnauthorizedError } from '../src/index.js';
import { tokenFlaw } from '../src/token.js';
import { Centrifugo, events, failure, until } from './harness.js';

let centrifugo: Centrifugo;
before(async () => {
  centrifugo = await Centrifugo.start();
});
after(() => centrifugo.stop());

const soon = (seconds: number): { exp: number } => ({ exp: Math.floor(Date.now() / 1000) + seconds });

test('a token function is asked for every connection', async () => {
  let asked = 0;
  const token = (): string => {
    asked += 1;
    return centrifugo.token('asked');
  };
  const client = await centrifugo.connected('asked', { token });
  assert.equal(asked, 1);
  for (const times of [2, 3]) {
    await centrifugo.disconnect('asked', 3010, 'again');
    await until(() => asked === times);
    await until(() => client.state === 'connected');
  }
});

test('a token function is asked before its token expires, while calls go on', async (t) => {
  await centrifugo.worker(t, () => 1);
  let asked = 0;
  const { all, onEvent } = events();
  const token = async (): Promise<string> => {
    asked += 1;
    return centrifugo.token('42', soon(3));
  };
  const client = await centrifugo.connected('42', { token, onEvent });
  while (asked < 3) assert.equal(await client.call('a.b'), 1);
  assert.deepEqual(all.map(({ type }) => type), ['connected'], 'no reconnect was needed');
});

test('a token string that expires ends the client, and says what to do', async () => {
  const client = await centrifugo.connected('42', { token: centrifugo.token('42', soon(3)) });
  const call = client.call('a.b');
  const error = await failure(call);
  assert.ok(error instanceof ConnectionError && error.kind === 'setup', String(error));
  assert.match(error.message, /give the client a token function/);
  await assert.rejects(client.connect(), /expired.*token function/);
});

test('a token function that fails is asked again', async () => {
  let asked = 0;
  const { all, onEvent } = events();
  const token = (): string => {
    asked += 1;
    if (asked < 3) throw new Error('no network');
    return centrifugo.token('42');
  };
  const client = await centrifugo.connected('42', { token, onEvent });
  assert.equal(client.state, 'connected');
  const troubles = all.flatMap((event) => (event.type === 'trouble' ? [event.error.message] : []));
  assert.deepEqual(troubles, Array(2).fill('the token function failed: no network'));
});

test('connecting fails with the reason of a token function that keeps failing', async () => {
  const cause = new Error('no network');
  const client = centrifugo.client('42', { token: () => Promise.reject(cause), connectTimeoutMs: 1000 });
  const error = await failure(client.connect());
  assert.ok(error instanceof ConnectionError);
  assert.deepEqual([error.message, (error as { cause?: unknown }).cause], ['the token function failed: no network', cause]);
});

test('a token function that hangs does not hold up connecting for ever', async () => {
  const client = centrifugo.client('42', { token: () => new Promise<string>(() => undefined), connectTimeoutMs: 300 });
  await assert.rejects(client.connect(), /no connection to .* within 300 ms/);
});

test('a token function says that there will be no token', async (t) => {
  const worker = await centrifugo.worker(t);
  let session = true;
  const token = (): string => {
    if (!session) throw new UnauthorizedError('logged out');
    return centrifugo.token('out');
  };
  const client = await centrifugo.connected('out', { token });
  const failed = failure(client.call('a.b'));
  await worker.request(0);
  session = false;
  await centrifugo.disconnect('out', 3010, 'again');
  const error = await failed;
  assert.ok(error instanceof ConnectionError, String(error));
  assert.equal(error.message, 'the token function failed: logged out');
  assert.equal(client.state, 'closed');
  await assert.rejects(client.connect(), /logged out/);
  session = true;
  await client.connect();
});

test('no token, and that of another user, end the client at once', async () => {
  for (const nothing of ['', undefined, null, 5]) {
    const client = centrifugo.client('42', { token: () => nothing as string });
    await assert.rejects(client.connect(), /gave no token.*UnauthorizedError/);
  }
  const client = centrifugo.client('42', { token: () => centrifugo.token('43') });
  await assert.rejects(client.connect(), /for user "43", but the client is for user "42": a client belongs to one user/);
});

test('a token that the client cannot read is left to Centrifugo', async () => {
  await assert.rejects(centrifugo.client('42', { token: 'opaque' }).connect(), /3500 invalid token.*JWT of three parts/);
});

/** Connects with the SDK alone. Resolves with the code of the refusal; 0 if Centrifugo accepts the token. */
async function refusal(token: string): Promise<number> {
  const sdk = new Centrifuge(centrifugo.url, { token, websocket: WebSocket });
  const code = await new Promise<number>((resolve) => {
    sdk.on('connected', () => resolve(0));
    sdk.on('disconnected', ({ code }) => resolve(code));
    sdk.connect();
  });
  sdk.disconnect();
  return code;
}

test('tokens are refused as Centrifugo would refuse them, and no others', async () => {
  const good = centrifugo.token('42');
  const claims = (name: string, value: unknown): string => centrifugo.token('42', { [name]: value });
  const accepted = [good, `${good}\n`, `${good}\r\n`, claims('exp', '1900000000.5'), claims('nbf', '1e9'), claims('iat', null)];
  for (const token of accepted) {
    assert.deepEqual([tokenFlaw(token, '42'), await refusal(token)], [undefined, 0], JSON.stringify(token));
  }
  const times = ['exp', 'nbf', 'iat'].flatMap((name) => [claims(name, '2026-11-30T00:00:00Z'), claims(name, true), claims(name, [1])]);
  for (const token of [`Bearer ${good}`, `"${good}"`, ` ${good}`, `${good} `, `\n${good}`, `${good}=`, claims('sub', 42), ...times]) {
    assert.equal(await refusal(token), 3500, token);
    const client = centrifugo.client('42', { token: () => token });
    const error = await failure(client.connect());
    assert.ok(error instanceof ConnectionError && error.kind === 'config', String(error));
    assert.match(error.message, /which no JWT contains|which is not a (number|string)/);
    assert.ok(!error.message.includes(good.slice(0, 20)), error.message);
    assert.throws(() => centrifugo.client('42', { token }), { name: 'ConfigError', message: error.message });
  }
});
