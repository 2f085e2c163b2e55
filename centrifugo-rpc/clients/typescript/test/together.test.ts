// Batches of requests. Unless a test says otherwise, its client already knows that the workers read batches.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { WebSocket } from 'ws';

import { type CentrifugoRPCClient, type ClientOptions, ConnectionError, RpcError, RpcTimeoutError } from '../src/index.js';
import { PUBLISH_OVERHEAD } from '../src/sdk.js';
import * as exact from '../src/sdk.exact.js';
import { Centrifugo, type Publication, failure, requestsOf, until } from './harness.js';

/** Whether this build has the exact wire format. */
const IS_EXACT = (PUBLISH_OVERHEAD as number) === exact.PUBLISH_OVERHEAD;

let centrifugo: Centrifugo;
before(async () => {
  centrifugo = await Centrifugo.start();
});
after(() => centrifugo.stop());

/** Sends a batch of replies to a client, which then knows that workers read batches. */
async function teach(server: Centrifugo, client: CentrifugoRPCClient, heard: () => number): Promise<void> {
  const before = heard();
  await server.api('publish', { channel: client.replyChannel, data: { batch: [{ correlation_id: 'unknown', result: null }] } });
  await until(() => heard() > before);
}

interface Taught {
  readonly client: CentrifugoRPCClient;
  /** Sends another batch to the client. */
  readonly again: () => Promise<void>;
}

async function taught(user: string, options: ClientOptions = {}, server = centrifugo): Promise<Taught> {
  let heard = 0;
  const onEvent = ({ type }: { type: string }): number => (heard += Number(type === 'ignored-reply'));
  const client = await server.connected(user, { ...options, onEvent });
  const again = (): Promise<void> => teach(server, client, () => heard);
  await again();
  return { client, again };
}

/** Returns the methods of each publication: a list for a batch. */
function methods(publications: readonly Publication[]): unknown[] {
  return publications.map((publication) => {
    const names = requestsOf(publication).map(({ method, cancel }) => method ?? `cancel ${cancel}`);
    return 'batch' in publication && Array.isArray(publication.batch) ? names : names[0];
  });
}

/** A network that records the frames sent, and that can fail. */
class Network {
  readonly sent: Buffer[] = [];
  readonly sockets: WebSocket[] = [];
  readonly websocket: NonNullable<ClientOptions['websocket']>;
  /** Whether the client loses all frames that Centrifugo sends. */
  isDeaf = false;
  /** Whether Centrifugo is unreachable. */
  isAway = false;
  /** Runs just before the client gets the event that its socket is closed. */
  onClosed = (): void => undefined;

  constructor() {
    const network = this;
    this.websocket = class extends WebSocket {
      constructor(url: string, protocols?: string) {
        super(network.isAway ? 'ws://127.0.0.1:1/' : url, protocols);
        network.sockets.push(this);
        const send = this.send.bind(this);
        this.send = (data: Parameters<typeof send>[0]): void => {
          network.sent.push(Buffer.from(data as string));
          send(data);
        };
      }

      override emit(event: string | symbol, ...args: unknown[]): boolean {
        if (network.isDeaf && event === 'message') return true;
        if (event === 'close') network.onClosed();
        return super.emit(event, ...args);
      }
    };
  }

  /** The frames sent to the request channel. */
  get published(): Buffer[] {
    return this.sent.filter((frame) => frame.includes('rpc:requests'));
  }

  cut(): void {
    for (const socket of this.sockets.splice(0)) socket.terminate();
  }
}

test('requests go alone until replies have come together, and together from then on', async (t) => {
  const worker = await centrifugo.worker(t);
  const client = await centrifugo.connected('42');
  const calls = ['a.a', 'a.b', 'a.c'].map((method) => client.call(method));
  await worker.request(2);
  assert.deepEqual(methods(worker.publications), ['a.a', 'a.b', 'a.c']);
  const [a = {}, b = {}, c = {}] = worker.requests;
  await worker.result(a, 'alone');
  assert.equal(await calls[0], 'alone');
  await Promise.all([client.notify('a.d'), client.notify('a.e')]);
  await worker.request(4);
  assert.deepEqual(methods(worker.publications.slice(3)), ['a.d', 'a.e']);

  const reply = ({ correlation_id = '' }): object => ({ correlation_id, result: 'together' });
  await worker.raw(b, JSON.stringify({ batch: [reply(b), reply(c)] }));
  assert.deepEqual(await Promise.all(calls), ['alone', 'together', 'together']);
  const options = { timeoutMs: 5000, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const later = [failure(client.call('a.f', { x: 1 }, options)), client.call('a.g')];
  await client.notify('a.h', [1]);
  await worker.request(7);
  const [publication] = worker.publications.slice(5);
  assert.deepEqual(Object.keys(publication ?? {}), ['batch']);
  const [f = {}, g = {}, h = {}] = worker.requests.slice(5);
  assert.deepEqual(methods(worker.publications.slice(5)), [['a.f', 'a.g', 'a.h']]);
  const { correlation_id: _, timeout_ms: left = 0, ...rest } = f;
  const { replyChannel: reply_to } = client;
  assert.deepEqual(rest, { method: 'a.f', reply_to, batch: true, params: { x: 1 }, traceparent: options.traceparent });
  assert.ok(left > 1000 && left <= 5000, `${left} ms`);
  assert.deepEqual([g.reply_to, g.batch, typeof g.timeout_ms], [reply_to, true, 'number']);
  assert.deepEqual([h.reply_to, h.correlation_id, h.batch, h.params], [undefined, undefined, undefined, [1]]);
  await Promise.all([worker.result(g, 'g'), worker.error(f, { code: 1404, message: 'f' })]);
  const [failed, result] = await Promise.all(later);
  assert.ok(failed instanceof RpcError && failed.code === 1404, String(failed));
  assert.equal(result, 'g');
  assert.equal(client.pendingCalls, 0);
});

test('a request without company goes alone, and what is asked for later goes later', async (t) => {
  const worker = await centrifugo.worker(t, ({ method }) => method ?? null);
  const { client } = await taught('42');
  assert.equal(await client.call('a.a'), 'a.a');
  const first = client.call('a.b');
  // Until the request is sent, and a little longer.
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(await Promise.all([first, client.call('a.c'), client.call('a.d')]), ['a.b', 'a.c', 'a.d']);
  assert.deepEqual(methods(worker.publications), ['a.a', 'a.b', ['a.c', 'a.d']]);
});

test('a request has the same bytes in company as alone', async (t) => {
  const worker = await centrifugo.worker(t);
  const { client } = await taught('42');
  const params = { ü: [1.5, -0, 'a"\\\u2028'], 10: null, ...(IS_EXACT ? { wide: 2n ** 64n - 1n } : {}) };
  const ask = (): void => void client.call('a.b', params).catch(() => undefined);
  ask();
  await worker.request(0);
  ask();
  ask();
  await worker.request(2);
  const history = await centrifugo.post('history', JSON.stringify({ channel: 'rpc:requests', limit: 2, reverse: true }));
  const bare = (text = ''): string => text.replace(/"correlation_id":"[^"]*"/, 'ID').replace(/"timeout_ms":\d+/, 'LEFT');
  const texts = /"data":\{"batch":\[(\{"method".*?\}\}),(\{"method".*?\}\})\]\}.*"data":(\{"method".*?\}\})/.exec(history);
  const [one, two, alone] = (texts ?? []).slice(1).map(bare);
  assert.ok(alone?.startsWith('{"method":"a.b",ID,"reply_to":'), history);
  assert.deepEqual([one, two], [alone, alone]);
  assert.equal(alone?.includes('"wide":18446744073709551615'), IS_EXACT);
});

test('a publication of several requests has at most 16 KiB, and a larger request goes by itself in its place', async (t) => {
  const worker = await centrifugo.worker(t, ({ params }) => (typeof params === 'string' ? params.length : null));
  const { client } = await taught('42');
  await client.call('a.b', '');
  const size = (publication?: Publication): number => Buffer.byteLength(JSON.stringify(publication));
  const around = size(worker.publications[0]);
  // The limit without `{"batch":[`, a comma and `]}`.
  const room = 16_384 - 13 - 2 * around;
  const send = async (...lengths: number[]): Promise<Publication[]> => {
    const already = worker.publications.length;
    const calls = lengths.map((length) => client.call('a.b', 'x'.repeat(length)));
    assert.deepEqual(await Promise.all(calls), lengths);
    return worker.publications.slice(already);
  };
  const [fits, ...none] = await send(100, room - 100);
  assert.deepEqual([size(fits), none], [16_384, []]);
  const order = (publications: Publication[]): number[][] =>
    publications.map((publication) => requestsOf(publication).map(({ params }) => String(params).length));
  const over = await send(100, room - 99);
  assert.deepEqual(order(over), [[100], [room - 99]]);
  assert.ok(over.every((publication) => !('batch' in publication && Array.isArray(publication.batch))));
  assert.deepEqual(order(await send(1, 2, 20_000, 3, 4)), [[1, 2], [20_000], [3, 4]]);
});

test('no publication is larger than the message limit', async (t) => {
  await centrifugo.worker(t, ({ params }) => params ?? null);
  const network = new Network();
  const { client } = await taught('42', { websocket: network.websocket, messageSizeLimit: 1500 });
  const calls = Array.from({ length: 30 }, (_, index) => client.call('a.b', [index, 'x'.repeat(100)]));
  (await Promise.all(calls)).forEach((result, index) => assert.deepEqual((result as number[])[0], index));
  const sizes = network.published.map(({ length }) => length);
  assert.ok(sizes.length > 1 && sizes.length < 30 && Math.max(...sizes) <= 1500, String(sizes));
});

test('a thousand calls at a time go together and each get their own result', async (t) => {
  const worker = await centrifugo.worker(t, ({ params }) => params ?? null);
  const { client } = await taught('42');
  const results = await Promise.all(Array.from({ length: 1000 }, (_, index) => client.call('a.b', [index])));
  results.forEach((result, index) => assert.deepEqual(result, [index]));
  assert.deepEqual(worker.requests.map(({ params }) => params), Array.from({ length: 1000 }, (_, index) => [index]));
  assert.ok(worker.publications.length < 50, String(worker.publications.length));
  assert.equal(client.pendingCalls, 0);
});

test('loops of calls whose replies come together go on together', async (t) => {
  const worker = await centrifugo.worker(t, ({ params }) => params ?? null);
  const { client } = await taught('42');
  const loops = Array.from({ length: 10 }, async (_, loop) => {
    for (let round = 0; round < 10; round += 1) assert.deepEqual(await client.call('a.b', [loop, round]), [loop, round]);
  });
  await Promise.all(loops);
  assert.deepEqual(worker.publications.map((publication) => requestsOf(publication).length), Array(10).fill(10));
});

test('a call that is aborted before its publication goes out is left out of it', async (t) => {
  const worker = await centrifugo.worker(t, ({ method }) => method ?? null);
  const { client } = await taught('42');
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error('enough');
  const calls = [client.call('a.a', undefined, { signal }), client.call('a.b'), client.call('a.c'), client.notify('a.d', 1, { signal })];
  controller.abort(reason);
  const ends = await Promise.allSettled(calls);
  assert.deepEqual(ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason)), [reason, 'a.b', 'a.c', reason]);
  const [left, last] = [new AbortController(), client.call('a.e')];
  const failed = failure(client.call('a.f', undefined, { signal: left.signal }));
  left.abort(reason);
  assert.deepEqual([await failed, await last], [reason, 'a.e']);
  // Nothing was sent, so there is no cancel either.
  await client.call('a.g');
  assert.deepEqual(methods(worker.publications), [['a.b', 'a.c'], 'a.e', 'a.g']);
  assert.equal(client.pendingCalls, 0);
});

test('a call that is aborted while its publication is on its way disturbs no other, and its cancel goes alone', async (t) => {
  const worker = await centrifugo.worker(t);
  const network = new Network();
  const { client } = await taught('42', { websocket: network.websocket });
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [client.call('a.a'), client.call('a.b', undefined, { signal }), client.call('a.c')];
  const noted = client.notify('a.d');
  const failed = failure(calls[1] ?? Promise.resolve());
  while (network.published.length === 0) await Promise.resolve();
  controller.abort(new Error('enough'));
  const more = [client.call('a.e'), client.call('a.f')];
  await noted;
  await worker.request(6);
  const [a = {}, b = {}, c = {}] = worker.requests;
  assert.deepEqual(methods(worker.publications), [['a.a', 'a.b', 'a.c', 'a.d'], `cancel ${b.correlation_id}`, ['a.e', 'a.f']]);
  await Promise.all([a, c, ...worker.requests.slice(5)].map((request) => worker.result(request, request.method ?? '')));
  assert.deepEqual(await Promise.all([calls[0], calls[2], ...more]), ['a.a', 'a.c', 'a.e', 'a.f']);
  assert.equal(String(await failed), 'Error: enough');
  assert.equal(client.pendingCalls, 0);
});

test('each call of a publication has its own deadline', async (t) => {
  const worker = await centrifugo.worker(t);
  const { client } = await taught('42');
  const slow = client.call('a.slow');
  const quick = await failure(client.call('a.quick', undefined, { timeoutMs: 50 }));
  assert.ok(quick instanceof RpcTimeoutError && quick.published, String(quick));
  const [first = {}, second = {}] = worker.requests;
  assert.deepEqual(methods(worker.publications.slice(0, 1)), [['a.slow', 'a.quick']]);
  assert.deepEqual(await worker.request(2), { cancel: second.correlation_id, reply_to: client.replyChannel });
  await worker.result(first, 'late');
  assert.equal(await slow, 'late');
});

test('a publication that Centrifugo refuses fails each of its calls', async (t) => {
  const closed = await Centrifugo.start({ rpc: { allow_publish_for_client: false } });
  t.after(() => closed.stop());
  const network = new Network();
  const { client } = await taught('42', { websocket: network.websocket }, closed);
  const errors = await Promise.all([client.call('a.a'), client.call('a.b'), client.notify('a.c')].map(failure));
  for (const error of errors) {
    assert.ok(error instanceof ConnectionError && error.kind === 'setup' && !error.isRetryable, String(error));
    assert.match(error.message, /103.*set `allow_publish_for_client`/);
  }
  assert.equal(new Set(errors).size, 3, 'each has an error of its own');
  assert.equal(network.published.length, 1);
  assert.deepEqual([client.pendingCalls, client.state], [0, 'connected']);
});

test('calls of a publication that was not confirmed wait for their replies, and what comes after goes alone', async (t) => {
  const worker = await centrifugo.worker(t);
  const network = new Network();
  const { client, again } = await taught('42', { websocket: network.websocket });
  const controller = new AbortController();
  network.isDeaf = true;
  const calls = [client.call('a.a'), client.call('a.b'), client.call('a.c', undefined, { signal: controller.signal })];
  const [unheard, unconfirmed] = [failure(calls[2] ?? Promise.resolve()), failure(client.notify('a.d'))];
  await worker.request(3);
  network.isAway = true;
  network.cut();
  const error = await unconfirmed;
  assert.ok(error instanceof ConnectionError && error.kind === 'unreachable', String(error));
  assert.match(error.message, /did not confirm `a\.d`/);
  await until(() => client.state === 'connecting');
  controller.abort(new Error('enough'));
  assert.equal(String(await unheard), 'Error: enough');
  calls.push(client.call('a.e'), client.call('a.f'));
  const [a = {}, b = {}, c = {}] = worker.requests;
  await worker.result(a, 'a.a');
  network.isDeaf = network.isAway = false;
  await worker.request(6);
  // The client does not know yet whether the workers of this connection read batches.
  assert.deepEqual(methods(worker.publications), [['a.a', 'a.b', 'a.c', 'a.d'], `cancel ${c.correlation_id}`, 'a.e', 'a.f']);
  await again();
  calls.push(client.call('a.g'), client.call('a.h'));
  await worker.request(8);
  assert.deepEqual(methods(worker.publications.slice(4)), [['a.g', 'a.h']]);
  await Promise.all([b, ...worker.requests.slice(5)].map((request) => worker.result(request, request.method ?? '')));
  const [first, second, , ...later] = calls;
  assert.deepEqual(await Promise.all([first, second, ...later]), ['a.a', 'a.b', 'a.e', 'a.f', 'a.g', 'a.h']);
  assert.equal(client.pendingCalls, 0);
});

test('what is known of the workers ends with each connection', async (t) => {
  const worker = await centrifugo.worker(t, ({ method }) => method ?? null);
  const { client, again } = await taught('forgetful');
  const both = async (): Promise<unknown> => {
    const already = worker.publications.length;
    await Promise.all([client.call('a.a'), client.call('a.b')]);
    return methods(worker.publications.slice(already));
  };
  assert.deepEqual(await both(), [['a.a', 'a.b']]);
  let connections = 0;
  client.onState((state) => (connections += Number(state === 'connected')));
  await centrifugo.disconnect('forgetful', 3010, 'try again');
  await until(() => connections === 1);
  assert.deepEqual(await both(), ['a.a', 'a.b']);
  await again();
  assert.deepEqual(await both(), [['a.a', 'a.b']]);
  await client.close();
  await client.connect();
  assert.deepEqual(await both(), ['a.a', 'a.b']);
});

test('requests of the moment in which the connection is lost wait for the next, and are not sent if they time out', async (t) => {
  const worker = await centrifugo.worker(t, ({ method }) => method ?? null);
  const network = new Network();
  const { client } = await taught('42', { websocket: network.websocket });
  const states: string[] = [];
  const calls: Promise<unknown>[] = [];
  const late: Promise<unknown>[] = [];
  network.onClosed = () => {
    network.onClosed = () => undefined;
    states.push(client.state);
    calls.push(client.call('a.a'));
    late.push(failure(client.call('a.b', undefined, { timeoutMs: 50 })), failure(client.notify('a.c', 1, { timeoutMs: 50 })));
    calls.push(client.call('a.d'));
  };
  network.isAway = true;
  network.cut();
  await until(() => late.length === 2);
  for (const error of await Promise.all(late)) {
    assert.ok(error instanceof RpcTimeoutError && error.isRetryable && !error.published, String(error));
  }
  network.isAway = false;
  assert.deepEqual(await Promise.all(calls), ['a.a', 'a.d']);
  assert.deepEqual(states, ['connected'], 'the client did not know yet');
  assert.deepEqual(methods(worker.publications), ['a.a', 'a.d']);
});

test('what was asked for in the moment of closing goes out, and workers are told to stop', async (t) => {
  const worker = await centrifugo.worker(t);
  const { client } = await taught('42');
  const ends = [client.call('a.a'), client.notify('a.b')].map(failure);
  await client.close();
  for (const error of await Promise.all(ends)) assert.ok(error instanceof ConnectionError && error.kind === 'closed', String(error));
  await worker.request(2);
  const [a = {}] = worker.requests;
  assert.deepEqual(methods(worker.publications), [['a.a', 'a.b'], `cancel ${a.correlation_id}`]);
});
