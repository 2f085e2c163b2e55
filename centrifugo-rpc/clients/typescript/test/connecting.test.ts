import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { WebSocket } from 'ws';

import { CentrifugoRPCClient, ConfigError, ConnectionError, type ConnectionErrorKind, RpcTimeoutError } from '../src/index.js';
import { Centrifugo, events, failure, until } from './harness.js';

let centrifugo: Centrifugo;
before(async () => {
  centrifugo = await Centrifugo.start();
});
after(() => centrifugo.stop());

async function refused(client: CentrifugoRPCClient, kind: ConnectionErrorKind, ...says: string[]): Promise<void> {
  const error = await failure(client.connect());
  assert.ok(error instanceof ConnectionError, String(error));
  for (const part of says) assert.ok(error.message.includes(part), `${part} in ${error.message}`);
  assert.equal(error.kind, kind, error.message);
  assert.deepEqual([client.state, client.endReason], ['closed', error]);
  await assert.rejects(client.call('a.b'), { name: 'ConnectionError', message: error.message });
}

test('calls made before the client is connected wait for it, and those of one that is not told to connect fail', async (t) => {
  await centrifugo.worker(t, ({ method }) => method ?? null);
  const client = centrifugo.client('42');
  await assert.rejects(client.call('a.a'), { message: 'the client is not connected: call `connect` first' });
  const states: string[] = [];
  const unwatch = client.onState((state) => states.push(state));
  const connected = client.connect();
  assert.equal(client.connect(), connected);
  const calls = [client.call('a.b'), client.call('a.c'), client.notify('a.d')];
  assert.equal(client.state, 'connecting');
  await connected;
  await client.connect();
  assert.deepEqual(await Promise.all(calls), ['a.b', 'a.c', undefined]);
  unwatch();
  await client.close();
  assert.deepEqual(states, ['connecting', 'connected']);
});

test('a call that finds no connection within its timeout was not sent, and may be made again', async () => {
  const client = centrifugo.client('42', { url: 'ws://127.0.0.1:1/', connectTimeoutMs: 5000 });
  const connected = failure(client.connect());
  const calls = [client.call('a.b', 1, { timeoutMs: 50 }), client.notify('a.b', 1, { timeoutMs: 50 })].map(failure);
  for (const error of await Promise.all(calls)) {
    assert.ok(error instanceof RpcTimeoutError && error.isRetryable && !error.published, String(error));
    assert.match(error.message, /^no answer to `a\.b` within 50 ms: there was no connection/);
  }
  assert.equal(client.pendingCalls, 0);
  await client.close();
  assert.ok((await connected) instanceof ConnectionError);
});

test('any positive time may be given to connect, and nothing else', async (t) => {
  const refusing = createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
  t.after(() => refusing.close());
  await until(() => refusing.listening);
  const url = `ws://127.0.0.1:${(refusing.address() as AddressInfo).port}/`;
  // Timers of more than 2^31 - 1 ms fire at once.
  for (const connectTimeoutMs of [2 ** 31 - 1, 2 ** 31, 30 * 24 * 3600 * 1000, Number.MAX_VALUE, Infinity]) {
    const troubles: string[] = [];
    const client = centrifugo.client('42', { url, connectTimeoutMs, onEvent: ({ type }) => troubles.push(type) });
    const connected = failure(client.connect());
    // After a second attempt, a timer that fires at once would have fired long ago.
    await until(() => troubles.filter((type) => type === 'trouble').length > 1);
    assert.equal(client.state, 'connecting', String(connectTimeoutMs));
    await client.close();
    assert.match(String(await connected), /the client is closed/);
  }
  for (const name of ['timeoutMs', 'connectTimeoutMs']) {
    for (const wrong of [0, -0, -1, -Infinity, NaN, '5', [5], 5n, {}]) {
      assert.throws(() => centrifugo.client('42', { [name]: wrong }), { name: 'ConfigError', message: new RegExp(`^\`${name}\``) });
    }
    for (const absent of [undefined, null]) centrifugo.client('42', { [name]: absent });
  }
});

test('any positive time may be given to a call, and nothing else', async (t) => {
  const worker = await centrifugo.worker(t, ({ method }) => method ?? null);
  const client = await centrifugo.connected('42');
  const DAY = 24 * 3600 * 1000;
  const given: [number | undefined, number][] = [[undefined, 30_000], [0.5, 1], [DAY, DAY], [2 ** 31, DAY], [Number.MAX_VALUE, DAY], [Infinity, DAY]];
  for (const [timeoutMs, told] of given) {
    const before = worker.requests.length;
    const call = client.call('a.b', 1, { timeoutMs });
    if (timeoutMs !== 0.5) assert.equal(await call, 'a.b');
    else await call.catch(() => undefined);
    const { timeout_ms = 0 } = await worker.request(before);
    assert.ok(timeout_ms <= told && timeout_ms > told - 10_000, `${timeoutMs}: ${timeout_ms}`);
  }
  for (const timeoutMs of [0, -1, NaN, -Infinity, '5' as unknown as number]) {
    await assert.rejects(client.call('a.b', 1, { timeoutMs }), { name: 'ConfigError', message: /^`timeoutMs`/ });
  }
});

test('a Centrifugo that cannot be reached is named, with what went wrong', async () => {
  const client = centrifugo.client('42', { url: 'ws://127.0.0.1:1/connection/websocket?key=secret', connectTimeoutMs: 2000 });
  await refused(client, 'unreachable', 'ws://127.0.0.1:1/connection/websocket: ', 'ECONNREFUSED', 'that Centrifugo runs');
  assert.ok(!client.endReason?.message.includes('secret'));

  const http = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
  await until(() => http.listening);
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/nowhere`;
  await refused(centrifugo.client('42', { url, connectTimeoutMs: 2000 }), 'unreachable', '404', '`/connection/websocket`');
  http.close();

  const silent = createTcpServer().listen(0, '127.0.0.1');
  await until(() => silent.listening);
  const mute = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  await refused(centrifugo.client('42', { url: mute, connectTimeoutMs: 300 }), 'unreachable', 'no connection', 'within 300 ms');
  silent.close();
});

test('a token that Centrifugo refuses is named, and a client that was refused may try again', async () => {
  let token = centrifugo.forgedToken('42');
  const client = centrifugo.client('42', { token: () => token });
  await refused(client, 'setup', '3500 invalid token', '`client.token`');
  for (const user of ['42', '']) {
    const tokenless = centrifugo.client(user, { token: '' });
    await refused(tokenless, 'setup', '3501', 'is the token missing?', '`client.allow_anonymous_connect_without_token`');
  }
  token = centrifugo.token('42');
  await client.connect();
  assert.deepEqual([client.state, client.endReason], ['connected', undefined]);
});

test('what is missing in the configuration of Centrifugo is named', async (t) => {
  const start = async (options: Parameters<typeof Centrifugo.start>[0]): Promise<Centrifugo> => {
    const server = await Centrifugo.start(options);
    t.after(() => server.stop());
    return server;
  };
  const noReply = await start({ rpc: null, reply: null });
  await refused(noReply.client('42'), 'setup', '102', 'add a namespace `reply`');
  const [locked, strict] = await Promise.all([
    start({ rpc: { allow_publish_for_client: false }, reply: { allow_user_limited_channels: false } }),
    start({ rpc: { allow_publish_for_client: false }, reply: { channel_regex: '^x$' } }),
  ]);
  await refused(locked.client('42'), 'setup', '103', '`allow_user_limited_channels`', '"42"');
  await refused(strict.client('42'), 'setup', '107', '`channel_regex`');

  const [noRpc, closed] = await Promise.all([start({ rpc: null }), start({ rpc: { allow_publish_for_client: false } })]);
  for (const [server, code, fix] of [[noRpc, '102', 'add a namespace `rpc`'], [closed, '103', 'set `allow_publish_for_client`']] as const) {
    const client = await server.connected('42');
    for (const failed of [failure(client.call('a.b')), failure(client.notify('a.b'))]) {
      const error = await failed;
      assert.ok(error instanceof ConnectionError && error.kind === 'setup', String(error));
      assert.ok(error.message.includes(code) && error.message.includes(fix), error.message);
    }
  }
  const client = await centrifugo.connected('42', { requestChannel: 'rpc:others' });
  await assert.rejects(client.call('a.b'), /107.*`channel_regex`.*must match the request channel/);
  const anonymous = await centrifugo.connected('', { token: centrifugo.token('') });
  await assert.rejects(anonymous.call('a.b'), /103.*set `allow_publish_for_anonymous`/);
});

test('replies sent while the client was away reach their calls', async (t) => {
  const worker = await centrifugo.worker(t);
  const { all, onEvent } = events();
  const client = await centrifugo.connected('away', { onEvent });
  const calls = Array.from({ length: 100 }, (_, index) => client.call('a.b', index));
  await until(() => worker.requests.length === 100);
  await centrifugo.disconnect('away', 3010, 'try again');
  await until(() => client.state === 'connecting');
  await Promise.all(worker.requests.map((request) => worker.result(request, request.params ?? null)));
  const meanwhile = client.call('a.c');
  const results = await Promise.all(calls);
  results.forEach((result, index) => assert.equal(result, index));
  await worker.result(await worker.request(100), 'later');
  assert.equal(await meanwhile, 'later');
  const types = all.map(({ type }) => type);
  assert.deepEqual(types, ['connected', 'disconnected', 'connected']);
  assert.deepEqual(all[2], { type: 'connected', recovered: true, pendingCalls: 101 });
});

test('a client finds a Centrifugo that comes back with an empty memory, and the replies that are new in it', async (t) => {
  const server = await Centrifugo.start();
  t.after(() => server.stop());
  const worker = await server.worker(t);
  let isAway = false;
  /** A WebSocket that reaches no server while `isAway` is set. */
  class Network extends WebSocket {
    constructor(url: string, protocols?: string) {
      super(isAway ? 'ws://127.0.0.1:1/' : url, protocols);
    }
  }
  const { all, onEvent } = events();
  const client = await server.connected('42', { onEvent, websocket: Network });
  const answered = client.call('a.b');
  const request = await worker.request(0);
  isAway = true;
  await server.kill();
  await until(() => client.state === 'connecting');
  const meanwhile = client.call('a.c');
  await server.run();
  await worker.result(request, 'sent without a listener');
  await worker.returned();
  isAway = false;
  assert.equal(await answered, 'sent without a listener');
  await worker.result(await worker.request(1), 'as ever');
  assert.equal(await meanwhile, 'as ever');
  assert.deepEqual(all.flatMap((event) => (event.type === 'connected' ? [event.recovered] : [])), [true, false]);
  assert.equal(client.pendingCalls, 0);
});

test('a disconnect for good ends the calls under way, and says why', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('banned');
  const failed = failure(client.call('a.b'));
  await worker.request(0);
  await centrifugo.disconnect('banned', 3505, 'banned');
  const error = await failed;
  assert.ok(error instanceof ConnectionError, String(error));
  assert.match(error.message, /ended the connection \(3505 banned\)/);
  assert.equal(client.state, 'closed');
  await client.connect();
  assert.equal(client.state, 'connected');
});

test('two clients of one user get their own replies', async (t) => {
  await centrifugo.worker(t, ({ params }) => params ?? null);
  const clients = await Promise.all([centrifugo.connected('42'), centrifugo.connected('42')]);
  const calls = Array.from({ length: 100 }, (_, index) => clients[index % 2]?.call('a.b', index));
  assert.deepEqual(await Promise.all(calls), Array.from({ length: 100 }, (_, index) => index));
});

test('closing while connecting, twice and before everything is no trouble', async () => {
  const client = centrifugo.client('42');
  await client.close();
  const connected = assert.rejects(client.connect(), { message: 'the client is closed' });
  await Promise.all([client.close(), client.close()]);
  await connected;
  assert.equal(client.state, 'closed');
  const closing = client.close();
  await client.connect();
  await closing;
  assert.equal(client.state, 'connected');
});

test('arguments that cannot work are refused at once', () => {
  const make = (url: unknown, token: unknown, user: unknown, options = {}) => () =>
    new CentrifugoRPCClient(url as string, token as string, user as string, { websocket: WebSocket, ...options });
  const url = 'ws://127.0.0.1:1/';
  const other = centrifugo.token('43');
  for (const [construct, says] of [
    [make('localhost', '', '42'), /not a WebSocket URL|not a URL/],
    [make('http://localhost:8000/', '', '42'), /starts with `http:`/],
    [make(url, undefined, '42'), /neither a string nor a function/],
    [make(url, '', undefined), /user ID is missing/],
    [make(url, other, '42'), /the token is for user "43", but the client is for user "42"/],
    ...['a,b', 'a#b', 'zoë', 'a\nb'].map((user) => [make(url, '', user), /cannot own a reply channel/] as const),
    [make(url, '', '42', { timeoutMs: 0 }), /`timeoutMs`.*: 0/],
    [make(url, '', '42', { timeoutMs: NaN }), /`timeoutMs`/],
    [make(url, '', '42', { connectTimeoutMs: -1 }), /`connectTimeoutMs`/],
    [make(url, '', '42', { requestChannel: 'requests' }), /`requestChannel`/],
    [make(url, '', '42', { replyNamespace: 're:ply' }), /`replyNamespace`/],
    [make(url, '', '42', { messageSizeLimit: 0 }), /`messageSizeLimit`/],
    [make(url, '', '42', { websocket: 5 }), /install the package `ws`/],
  ] as const) {
    assert.throws(construct, (error) => error instanceof ConfigError && says.test(error.message), String(says));
  }
  make(url, '', '')();
});

test('a timeout that cannot work is refused', async () => {
  const client = await centrifugo.connected('42');
  await assert.rejects(client.call('a.b', undefined, { timeoutMs: -5 }), ConfigError);
});

test('a program ends by itself once its client is closed, and exceptions in its hooks harm only itself', async (t) => {
  await centrifugo.worker(t, ({ method }) => (method === 'a.b' ? 'done' : undefined));
  const program = fileURLToPath(new URL('program.js', import.meta.url));
  const run = promisify(execFile)(process.execPath, [program, centrifugo.url, centrifugo.token('42')], { timeout: 20_000 });
  const { stdout } = await run;
  assert.deepEqual(stdout.split('\n'), ['uncaught state', 'uncaught state', 'uncaught event', 'done', 'ConnectionError', '']);
});
