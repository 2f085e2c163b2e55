// Calls in flight, and the decoding of their replies: no I/O.

import { onAbort, reasonOf } from './abort.js';
import { Deadline } from './deadline.js';
import { ConnectionError, RpcError, RpcTimeoutError } from './errors.js';
import type { CallOptions } from './options.js';
import { uuid } from './uuid.js';

/** A call or a notification in flight. It ends once: by its reply, its deadline or its signal. */
export class Call {
  readonly id = uuid();
  readonly method: string;
  readonly deadline: Deadline;
  /** False for a notification. */
  readonly expectsReply: boolean;
  /** Settles when the call ends. */
  readonly promise: Promise<unknown>;
  readonly #onOver: (call: Call, abandoned: boolean) => void;
  #resolve: (result: unknown) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #unwatchSignal = (): void => undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sent = false;
  #over = false;

  /**
   * `onOver` is called once, when the call ends. Its `abandoned` is true if a worker may still be running the method:
   * the worker then gets a cancel message.
   */
  constructor(
    method: string,
    timeoutMs: number,
    expectsReply: boolean,
    { signal }: CallOptions,
    onOver: (call: Call, abandoned: boolean) => void,
  ) {
    this.method = method;
    this.deadline = new Deadline(timeoutMs, performance.now());
    this.expectsReply = expectsReply;
    this.#onOver = onOver;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (signal !== undefined) this.#unwatchSignal = onAbort(signal, () => this.#abandon(reasonOf(signal)));
    this.#watchTheClock();
  }

  /** Whether the request was sent, so that a worker may have received it. */
  get sent(): boolean {
    return this.#sent;
  }

  /** Marks the request as sent. Returns false if the call is over: its request must not be sent any more. */
  sending(): boolean {
    if (!this.#over) this.#sent = true;
    return !this.#over;
  }

  succeed(result: unknown): void {
    if (this.#finish(false)) this.#resolve(result);
  }

  fail(error: unknown): void {
    if (this.#finish(false)) this.#reject(error);
  }

  /** Returns the error of a notification that Centrifugo did not confirm. */
  unconfirmed(): ConnectionError {
    const message = `Centrifugo did not confirm \`${this.method}\`: whether it was delivered is unknown`;
    return new ConnectionError('unreachable', message);
  }

  #watchTheClock(): void {
    const until = this.#sent ? this.deadline.giveUp : this.deadline.at;
    const left = until - performance.now();
    if (left > 0) {
      this.#timer = setTimeout(() => this.#watchTheClock(), Math.ceil(left));
    } else if (this.#sent && !this.expectsReply) {
      this.#abandon(this.unconfirmed());
    } else {
      this.#abandon(new RpcTimeoutError(this.method, this.deadline.timeoutMs, this.#sent));
    }
  }

  #abandon(error: unknown): void {
    if (this.#finish(this.#sent && this.expectsReply)) this.#reject(error);
  }

  #finish(abandoned: boolean): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#unwatchSignal();
    this.#onOver(this, abandoned);
    return true;
  }
}

/** A decoded reply. */
export interface Reply {
  readonly correlationId: string;
  readonly answer: { readonly result: unknown } | { readonly error: RpcError };
}

/** Whether a publication is a batch of replies. */
export function isBatch(publication: unknown): boolean {
  return isObject(publication) && Array.isArray(publication['batch']);
}

/** Reads a publication: one reply, or a batch. A malformed reply is `undefined` and does not affect the others. */
export function readReplies(publication: unknown): (Reply | undefined)[] {
  const batch = isObject(publication) ? publication['batch'] : undefined;
  if (batch === undefined) return [readReply(publication)];
  return Array.isArray(batch) ? batch.map(readReply) : [undefined];
}

function readReply(reply: unknown): Reply | undefined {
  if (!isObject(reply) || typeof reply['correlation_id'] !== 'string') return undefined;
  // Batches do not nest: a reply with a `batch` is malformed, whatever its other members are.
  if (reply['batch'] !== undefined) return undefined;
  const correlationId = reply['correlation_id'];
  const error = reply['error'];
  // A missing result is the same as `null`: the method returns nothing.
  if (error === undefined || error === null) return { correlationId, answer: { result: reply['result'] ?? null } };
  if (!isObject(error) || typeof error['code'] !== 'number' || typeof error['message'] !== 'string') return undefined;
  return { correlationId, answer: { error: new RpcError(error['code'], error['message'], error['data']) } };
}

function isObject(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
