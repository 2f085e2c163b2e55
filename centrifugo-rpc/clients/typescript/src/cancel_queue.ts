import type { Connection } from './connection.js';
import { toData } from './sdk.js';
import { cancel } from './wire.js';

/** The limit of queued cancels. Further ones are dropped: their methods run until the deadline. */
const MAX_CANCELS = 16 * 1024;

/** Cancellations on their way to the workers. They always go alone, because they are meant for all workers. */
export class CancelQueue {
  readonly #requestChannel: string;
  readonly #replyTo: () => string;
  /** The IDs of the calls to cancel, once there is a connection. */
  readonly #ids: string[] = [];
  /** The connection, while its reply channel is ready. */
  #connection: Connection | undefined;

  constructor(requestChannel: string, replyTo: () => string) {
    this.#requestChannel = requestChannel;
    this.#replyTo = replyTo;
  }

  /** Cancels an abandoned call. */
  add(id: string): void {
    if (this.#ids.length < MAX_CANCELS) this.#ids.push(id);
    this.#flush();
  }

  /** Cancels the calls of a client that has ended, over its next connection or with `drain`. */
  keep(ids: readonly string[]): void {
    for (const id of ids) this.#ids.push(id);
  }

  /** Sends cancels over `connection` from now on. */
  open(connection: Connection): void {
    this.#connection = connection;
    this.#flush();
  }

  /** Holds cancels back. */
  close(): void {
    this.#connection = undefined;
  }

  /** Sends all cancels over `connection`, even if its reply channel is not ready. Resolves when they are published. */
  async drain(connection: Connection): Promise<void> {
    if (connection.isConnected) await this.#sendAll(connection);
    this.#ids.length = 0;
  }

  #flush(): void {
    if (this.#connection !== undefined) void this.#sendAll(this.#connection);
  }

  // If a cancel is lost, the method runs until its deadline at most.
  async #sendAll(connection: Connection): Promise<void> {
    const replyTo = this.#replyTo();
    const sent = this.#ids.splice(0).map((correlationId) => {
      return connection.publish(this.#requestChannel, toData(cancel({ correlationId, replyTo })));
    });
    await Promise.all(sent);
  }
}
