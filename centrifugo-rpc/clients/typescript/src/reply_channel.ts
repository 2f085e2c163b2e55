// The subscription to the reply channel of a session, and the recovery of missed replies. It reports its events to a
// `ReplyListener`.

import type { Connection } from './connection.js';
import { ConnectionError } from './errors.js';
import { subscribeRefusal } from './refusal.js';
import { type StreamPosition, read } from './sdk.js';
import { KEPT_REPLIES, type Reply, isBatch, readReplies } from './wire.js';

export interface ReplyListener {
  /**
   * The channel is subscribed, so replies arrive: requests may be sent. `complete` is false if replies may have been
   * lost during the outage.
   */
  onReady(complete: boolean): void;
  /** No more replies arrive until the next `onReady`. */
  onInterrupted(code: number, reason: string): void;
  /** An attempt to subscribe failed; the connection tries again. */
  onTrouble(error: ConnectionError): void;
  /** Centrifugo refuses the channel permanently. */
  onEnd(error: ConnectionError): void;
  /** The replies of one publication; `undefined` stands for a malformed one. `areBatched` if they are a batch. */
  onReplies(replies: readonly (Reply | undefined)[], areBatched: boolean): void;
}

/** The reply channel, across all reconnects of its connection. */
export class ReplyChannel {
  readonly #connection: Connection;
  readonly #name: string;
  readonly #user: string;
  readonly #listener: ReplyListener;

  constructor(connection: Connection, name: string, user: string, listener: ReplyListener) {
    this.#connection = connection;
    this.#name = name;
    this.#user = user;
    this.#listener = listener;
  }

  /** Subscribes, and stays subscribed until the connection ends. */
  open(): void {
    this.#subscribe(undefined);
  }

  #subscribe(since: StreamPosition | undefined): void {
    const listener = this.#listener;
    const name = this.#name;
    let readsAgain = since !== undefined;
    const subscription = this.#connection.subscribe(
      name,
      {
        onSubscribed: ({ isComplete, position }) => {
          const again = readsAgain;
          readsAgain = false;
          if (isComplete || again || position === undefined) {
            listener.onReady(isComplete && !again);
            return;
          }
          // Centrifugo cannot continue from the last reply, so the client reads all replies that it has: in a new
          // stream, after a restart with the memory engine, the replies since the restart; in the old stream, the
          // newest ones, because more replies were missed than the history keeps.
          subscription.close();
          this.#subscribe({ ...position, offset: Math.max(0, position.offset - KEPT_REPLIES) });
        },
        onInterrupted: (code, reason) => listener.onInterrupted(code, reason),
        onData: (data) => this.#onData(data),
        onTrouble: (reason) => {
          listener.onTrouble(new ConnectionError('setup', `the reply channel \`${name}\` cannot be subscribed: ${reason}`));
        },
        onEnd: (code, reason) => listener.onEnd(subscribeRefusal(name, this.#user, code, reason)),
      },
      since,
    );
  }

  #onData(data: unknown): void {
    let publication: unknown;
    try {
      publication = read(data);
    } catch {
      // Data that is not JSON is a malformed reply.
    }
    this.#listener.onReplies(readReplies(publication), isBatch(publication));
  }
}
