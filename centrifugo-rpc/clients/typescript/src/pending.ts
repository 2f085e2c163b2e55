// Calls in flight: no I/O.

import { onAbort, reasonOf } from './abort.js';
import { Deadline } from './deadline.js';
import { ConnectionError, RpcTimeoutError } from './errors.js';
import type { CallOptions } from './options.js';
import { uuid } from './uuid.js';
import type { Reply } from './wire.js';

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

/** The calls and notifications in flight, by their correlation IDs. */
export class Pending {
  readonly #calls = new Map<string, Call>();

  get size(): number {
    return this.#calls.size;
  }

  add(call: Call): void {
    this.#calls.set(call.id, call);
  }

  remove(call: Call): void {
    this.#calls.delete(call.id);
  }

  /** Ends the call that `reply` is for. Returns false if no call waits for this reply (any more). */
  take({ correlationId, answer }: Reply): boolean {
    const call = this.#calls.get(correlationId);
    if (call === undefined || !call.sent) return false;
    if ('error' in answer) call.fail(answer.error);
    else call.succeed(answer.result);
    return true;
  }

  /** Ends all calls with `error`. Returns the IDs of those that a worker may still be running. */
  end(error: ConnectionError): string[] {
    const calls = [...this.#calls.values()];
    const running = calls.filter((call) => call.sent && call.expectsReply).map(({ id }) => id);
    for (const call of calls) call.fail(new ConnectionError(error.kind, error.message, error));
    return running;
  }
}
