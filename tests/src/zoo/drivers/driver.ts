// Takes every value of the zoo from the service and sends it back.

import { WebSocket } from 'ws';

import { APIClient, CentrifugoRPCClient, DecodeError } from './sdk/index.js';

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`set ${name}`);
  return value;
}

let failed = false;

async function animal(name: string, drive: () => Promise<void>): Promise<void> {
  try {
    await drive();
    console.log(`ok ${name}`);
  } catch (error) {
    failed = true;
    console.log(`FAILED ${name}: ${String(error).replaceAll('\n', ' ')}`);
  }
}

function same(at: number, isSame: boolean): void {
  if (!isSame) throw new Error(`case ${at} came back as another value`);
}

function answered(expected: string, answer: string): void {
  if (answer !== expected) throw new Error(`${expected} answered ${answer}`);
}

function shown(value: unknown): string {
  return String(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)));
}

async function refused(text: string, call: Promise<unknown>): Promise<void> {
  const result = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in result) throw new Error(`${text} gave ${shown(result.value)}`);
  if (!(result.error instanceof DecodeError)) throw result.error;
}

const rpc = new CentrifugoRPCClient(variable('ZOO_URL'), variable('ZOO_TOKEN'), 'keeper', { websocket: WebSocket });
await rpc.connect();
const api = new APIClient(rpc);
