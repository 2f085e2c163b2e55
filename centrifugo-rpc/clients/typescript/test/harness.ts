// A real Centrifugo for the tests, and a worker whose replies each test decides.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { Centrifuge } from 'centrifuge';
import { WebSocket } from 'ws';

import { CentrifugoRPCClient, type ClientEvent, type ClientOptions, type TokenSource } from '../src/index.js';

const BINARY = process.env['CENTRIFUGO'] ?? '';
assert.notEqual(BINARY, '', 'name the Centrifugo to test with: CENTRIFUGO=<target>/tools/centrifugo npm test');

const REQUESTS = 'rpc:requests';
/** The timeout of every wait of a test. */
const PATIENCE_MS = 20_000;

const RPC = {
  name: 'rpc',
  channel_regex: '^requests$',
  allow_publish_for_client: true,
  history_size: 10_000,
  history_ttl: '60s',
  force_recovery: true,
};
const REPLY = {
  name: 'reply',
  channel_regex: '^[A-Za-z0-9_-]{16,64}#[^,#]*$',
  allow_user_limited_channels: true,
  history_size: 128,
  history_ttl: '60s',
  force_recovery: true,
};

/** A namespace with a history that all users may subscribe. */
const LIVE = { name: 'live', allow_subscribe_for_client: true, history_size: 100, history_ttl: '60s', force_recovery: true };

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A request in its wire format. */
export interface WireRequest {
  method?: string;
  correlation_id?: string;
  reply_to?: string;
  params?: Json;
  timeout_ms?: number;
  traceparent?: string;
  batch?: boolean;
  cancel?: string;
}

/** A publication in the request channel. */
export type Publication = WireRequest | { readonly batch: WireRequest[] };

/** Returns the requests of a publication: one, or those of a batch. */
export function requestsOf(publication: Publication): WireRequest[] {
  return Array.isArray(publication.batch) ? publication.batch : [publication as WireRequest];
}

/** Waits until `holds` returns true. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) {
    assert.ok(performance.now() < end, `waited in vain for ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A running Centrifugo. */
export class Centrifugo {
  readonly url: string;
  readonly #api: string;
  readonly #secret = randomUUID();
  readonly #key = randomUUID();
  readonly #dir = mkdtempSync(join(tmpdir(), 'centrifugo-'));
  readonly #config: string;
  #process: ChildProcess | undefined;
  readonly #clients: CentrifugoRPCClient[] = [];

  private constructor(port: number, rpc: object | undefined, reply: object | undefined) {
    this.url = `ws://127.0.0.1:${port}/connection/websocket`;
    this.#api = `http://127.0.0.1:${port}`;
    const namespaces = [
      ...(rpc === undefined ? [] : [{ ...RPC, ...rpc }]),
      ...(reply === undefined ? [] : [{ ...REPLY, ...reply }]),
      LIVE,
    ];
    const config = {
      client: { token: { hmac_secret_key: this.#secret }, allowed_origins: ['*'] },
      http_api: { key: this.#key },
      http_server: { address: '127.0.0.1', port: String(port) },
      health: { enabled: true },
      usage_stats: { disabled: true },
      channel: { namespaces },
    };
    this.#config = join(this.#dir, 'config.json');
    writeFileSync(this.#config, JSON.stringify(config));
  }

  /** Starts a Centrifugo with the protocol's namespaces, changed by `rpc` and `reply`; `null` omits the namespace. */
  static async start({ rpc = {}, reply = {} }: { rpc?: object | null; reply?: object | null } = {}): Promise<Centrifugo> {
    for (let attempt = 1; ; attempt += 1) {
      const centrifugo = new Centrifugo(await freePort(), rpc ?? undefined, reply ?? undefined);
      try {
        await centrifugo.run();
        return centrifugo;
      } catch (error) {
        // Another program took the port between the check of `freePort` and Centrifugo's start.
        if (attempt === 5 || !String(error).includes('address already in use')) throw error;
        await centrifugo.stop();
      }
    }
  }

  async run(): Promise<void> {
    const child = spawn(BINARY, ['--config', this.#config], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    const kill = (): boolean => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += String(chunk)));
    for (;;) {
      assert.equal(child.exitCode, null, `Centrifugo ended:\n${printed}`);
      const healthy = await fetch(`${this.#api}/health`).then((response) => response.ok, () => false);
      if (healthy) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Kills Centrifugo like a crash. `run` starts it again, with empty memory. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Stops Centrifugo and closes its clients. */
  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.kill();
    rmSync(this.#dir, { recursive: true });
  }

  token(user: string, claims: object = {}): string {
    return this.sign({ sub: user, exp: Math.floor(Date.now() / 1000) + 3600, ...claims }, this.#secret);
  }

  /** Returns a token that Centrifugo refuses. */
  forgedToken(user: string): string {
    return this.sign({ sub: user, exp: Math.floor(Date.now() / 1000) + 3600 }, 'another secret');
  }

  private sign(claims: object, secret: string): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
    return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
  }

  async api(method: string, params: object): Promise<void> {
    await this.post(method, JSON.stringify(params));
  }

  async post(method: string, body: string): Promise<string> {
    const response = await fetch(`${this.#api}/api/${method}`, {
      method: 'POST',
      headers: { 'x-api-key': this.#key },
      body,
    });
    const text = await response.text();
    assert.ok(response.ok && !('error' in JSON.parse(text)), text);
    return text;
  }

  /** Ends all connections of `user`. After a code below 3500, clients reconnect. */
  async disconnect(user: string, code: number, reason: string): Promise<void> {
    await this.api('disconnect', { user, disconnect: { code, reason } });
  }

  /** Returns a client of `user`. `stop` closes it. */
  client(user: string, options: ClientOptions & { token?: TokenSource; url?: string } = {}): CentrifugoRPCClient {
    const { token = this.token(user), url = this.url, ...rest } = options;
    const client = new CentrifugoRPCClient(url, token, user, { websocket: WebSocket, ...rest });
    this.#clients.push(client);
    return client;
  }

  async connected(user: string, options: ClientOptions & { token?: TokenSource } = {}): Promise<CentrifugoRPCClient> {
    const client = this.client(user, options);
    await client.connect();
    return client;
  }

  /** Starts a worker. `answer` returns the result of each call, or `undefined` for no reply. */
  async worker(t: TestContext, answer: (request: WireRequest) => Json | undefined = () => undefined): Promise<Worker> {
    const worker = new Worker(this, answer);
    t.after(() => worker.stop());
    await worker.start();
    return worker;
  }
}

/** A worker that records all requests. It batches the replies to the requests of one batch. */
export class Worker {
  readonly requests: WireRequest[] = [];
  /** The publications that contained the requests. */
  readonly publications: Publication[] = [];
  readonly #centrifugo: Centrifugo;
  readonly #answer: (request: WireRequest) => Json | undefined;
  #sdk: Centrifuge | undefined;

  constructor(centrifugo: Centrifugo, answer: (request: WireRequest) => Json | undefined) {
    this.#centrifugo = centrifugo;
    this.#answer = answer;
  }

  async start(): Promise<void> {
    const [centrifugo, user, channel] = [this.#centrifugo, 'worker', REQUESTS];
    const sdk = new Centrifuge(centrifugo.url, { token: centrifugo.token(user), websocket: WebSocket, minReconnectDelay: 10, maxReconnectDelay: 50 });
    this.#sdk = sdk;
    const requests = sdk.newSubscription(channel, { token: centrifugo.token(user, { channel }), minResubscribeDelay: 10 });
    requests.on('publication', ({ data }) => this.#take(data as Publication));
    requests.subscribe();
    sdk.connect();
    await requests.ready();
  }

  #take(publication: Publication): void {
    this.publications.push(publication);
    const requests = requestsOf(publication);
    this.requests.push(...requests);
    const calls = requests.filter(({ correlation_id }) => correlation_id !== undefined);
    const replies = calls.flatMap((call) => {
      const result = this.#answer(call);
      return result === undefined ? [] : [{ correlation_id: call.correlation_id, result }];
    });
    if (replies.length > 0) void this.raw(calls[0] ?? {}, JSON.stringify(replies.length === 1 ? replies[0] : { batch: replies }));
  }

  stop(): void {
    this.#sdk?.disconnect();
  }

  /** Waits until the worker has reconnected after a restart of Centrifugo. */
  async returned(): Promise<void> {
    await this.#sdk?.getSubscription(REQUESTS)?.ready();
  }

  /** Waits for the `index`th request. */
  async request(index: number): Promise<WireRequest> {
    await until(() => this.requests.length > index);
    return this.requests[index] ?? {};
  }

  async result({ reply_to = '', correlation_id = '' }: WireRequest, result: Json): Promise<void> {
    await this.#centrifugo.api('publish', { channel: reply_to, data: { correlation_id, result } });
  }

  async error({ reply_to = '', correlation_id = '' }: WireRequest, error: object): Promise<void> {
    await this.#centrifugo.api('publish', { channel: reply_to, data: { correlation_id, error } });
  }

  /** Publishes `json` unchanged into the reply channel. */
  async raw({ reply_to = '' }: WireRequest, json: string): Promise<void> {
    await this.#centrifugo.post('publish', `{"channel": ${JSON.stringify(reply_to)}, "data": ${json}}`);
  }
}

/** Returns the error of a call. Call it at once: a rejection without a handler is an error of its own. */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (result) => assert.fail(`it succeeded with ${JSON.stringify(result)}`),
    (error: unknown) => error,
  );
}

/** Returns an `onEvent` that collects the events of a client in `all`. */
export function events(): { all: ClientEvent[]; onEvent: (event: ClientEvent) => void } {
  const all: ClientEvent[] = [];
  return { all, onEvent: (event) => all.push(event) };
}

/**
 * Returns a free port outside of the range of outgoing connections, so that it is still free when a killed Centrifugo
 * starts again.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
