// What is published into the request channel, as JSON texts.

import type { Call } from './calls.js';
import { EncodeError, RpcError, codes } from './errors.js';
import { encodeUtf8 } from './utf8.js';
import { PUBLISH_OVERHEAD, write } from './wire.js';

/** How many bytes a publication of several requests has at most. */
const MAX_BATCH = 16 * 1024;
const EMPTY_BATCH = '{"batch":[]}';

/** The request of one call. The params are read when it is made: what its caller does to them later changes nothing. */
export class Request {
  readonly #head: { readonly [member: string]: string | undefined };
  readonly #params: string;

  /** Throws an `EncodeError` for params that have no JSON form. */
  constructor(method: string, params: unknown, traceparent: string | undefined) {
    this.#head = { method, traceparent };
    this.#params = members(method, params);
  }

  /** The message that goes out now. `replyTo` is where the reply is expected. */
  message(call: Call, replyTo: string): string {
    // `batch` lets the worker put several replies into one publication.
    const address = call.expectsReply ? { correlation_id: call.id, reply_to: replyTo, batch: true } : {};
    const head = write({ ...this.#head, ...address, timeout_ms: call.deadline.remainingMs(performance.now()) });
    return `${head.slice(0, -1)}${this.#params}}`;
  }
}

/** A message that goes out now, and whose it is. */
export interface Outgoing {
  readonly call: Call;
  readonly message: string;
}

/** What goes out together, in order: as many messages as one publication takes. A message that is too large for company goes alone. */
export function gather(outgoing: readonly Outgoing[], channel: string, messageSizeLimit: number): Outgoing[][] {
  const limit = Math.min(MAX_BATCH, messageSizeLimit - channel.length - PUBLISH_OVERHEAD);
  const publications: Outgoing[][] = [];
  let last: Outgoing[] = [];
  let room = 0;
  for (const one of outgoing) {
    const comma = 1;
    const size = comma + encodeUtf8(one.message).length;
    if (size > room) {
      last = [];
      publications.push(last);
      // The first has no comma.
      room = comma + limit - EMPTY_BATCH.length;
    }
    last.push(one);
    room -= size;
  }
  return publications;
}

/** The JSON text of one publication. */
export function publication(together: readonly Outgoing[]): string {
  const messages = together.map(({ message }) => message).join(',');
  return together.length === 1 ? messages : `{"batch":[${messages}]}`;
}

/** The message that tells a worker to stop. */
export function cancel(id: string, replyTo: string): string {
  return write({ cancel: id, reply_to: replyTo });
}

/** The answer to a message that Centrifugo would not take; nothing if it will. */
export function tooLarge(message: string, channel: string, limit: number): RpcError | undefined {
  // A character has at most three bytes for each of its UTF-16 units: most messages need not be measured.
  const overhead = channel.length + PUBLISH_OVERHEAD;
  if (message.length * 3 + overhead <= limit) return undefined;
  const size = encodeUtf8(message).length + overhead;
  if (size <= limit) return undefined;
  return new RpcError(codes.TOO_LARGE, `the request has ${size} bytes, more than Centrifugo's limit of ${limit} for one message`);
}

/** Nothing for params that are `null`: methods without params take none. */
function members(method: string, params: unknown): string {
  if (params === undefined || params === null) return '';
  try {
    return `,"params":${write(params)}`;
  } catch (error) {
    throw new EncodeError(method, '', error instanceof Error ? error.message : String(error), error);
  }
}
