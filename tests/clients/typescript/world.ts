// Shared parts of the scenarios: addresses, tokens and clients.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { WebSocket } from 'ws';

import { APIClient, CentrifugoRPCClient, type ClientOptions, RpcError, type TokenSource } from './sdk/index.js';

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `set ${name}: tests/clients/README.md says what it is`);
  return value;
}

export const URL_OF_CENTRIFUGO = variable('SCENARIO_URL');
const CONTROL = variable('SCENARIO_CONTROL');

/** A client and its connection. */
export interface Connected {
  readonly rpc: CentrifugoRPCClient;
  readonly api: APIClient;
}

/** The clients of the running scenario. */
const open: CentrifugoRPCClient[] = [];

/** Gets a token from the control server. */
export async function token(user: string, query: { [name: string]: string } = {}): Promise<string> {
  const response = await fetch(`${CONTROL}/token?${new URLSearchParams({ user, ...query }).toString()}`);
  assert.ok(response.ok, `no token: ${response.status}`);
  return response.text();
}

/** Posts a command to the control server, such as `cut`. */
export async function post(what: string): Promise<string> {
  const response = await fetch(`${CONTROL}/${what}`, { method: 'POST' });
  const text = await response.text();
  assert.ok(response.ok, `${what}: ${response.status} ${text}`);
  return text;
}

/** Creates a client without connecting it. */
export function client(user: string, source: TokenSource, options: ClientOptions = {}): Connected {
  const rpc = new CentrifugoRPCClient(URL_OF_CENTRIFUGO, source, user, { websocket: WebSocket, ...options });
  open.push(rpc);
  return { rpc, api: new APIClient(rpc) };
}

export async function connected(user: string, source?: TokenSource, options: ClientOptions = {}): Promise<Connected> {
  const made = client(user, source ?? (await token(user)), options);
  await made.rpc.connect();
  return made;
}

/** Closes the clients that a scenario left open. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((rpc) => rpc.close()));
}

/** Returns the error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (result) => assert.fail(`it succeeded with ${JSON.stringify(result)}`),
    (error: unknown) => error,
  );
}

/** Returns the error reply of a call. */
export async function answered(call: Promise<unknown>): Promise<RpcError> {
  const error = await failure(call);
  if (!(error instanceof RpcError)) throw error;
  return error;
}

/** Polls until the answer is the expected one. */
export async function until<T>(ask: () => Promise<T> | T, expected: T): Promise<void> {
  while ((await ask()) !== expected) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Returns a user, or a key, that no other scenario uses. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}
