// The connection to Centrifugo, and the only user of the SDK. It reports its events to a `LinkListener`.

import { ConnectionError, UnauthorizedError } from './errors.js';
import type { WebSocketConstructor } from './options.js';
import { connectRefusal, disconnection, subscribeRefusal } from './refusal.js';
import { type TokenSource, tokenFlaw } from './token.js';
import { Centrifuge, NoToken, type StreamPosition } from './sdk.js';

/**
 * The SDK's timeout for Centrifugo's reply to one command. All missed replies arrive in one message, behind other
 * queued data. On a slow link this can take as long as the `websocket.write_timeout` that `centrifugo_config` prints.
 */
const COMMAND_TIMEOUT_MS = 30_000;
// Calls wait for the connection: the delays are short, so that it is back soon after Centrifugo is.
const MIN_RECONNECT_DELAY_MS = 200;
const MAX_RECONNECT_DELAY_MS = 5_000;
/**
 * The number of replies that Centrifugo keeps in a reply channel (`history_size`), unless it is configured otherwise.
 */
const KEPT_REPLIES = 128;

/** The endpoint, the user and the settings of a connection. */
export interface Target {
  readonly url: string;
  /** The URL for messages, without secrets. */
  readonly shownUrl: string;
  readonly user: string;
  readonly token: TokenSource;
  readonly replyChannel: string;
  readonly websocket: WebSocketConstructor;
}

export interface LinkListener {
  /**
   * The connection is up, with the reply channel. `complete` is false if replies may have been lost during the outage.
   */
  onUp(complete: boolean): void;
  /** The connection is lost; the link reconnects. */
  onDown(code: number, reason: string): void;
  /** An attempt to connect failed; the link tries again. */
  onTrouble(error: ConnectionError): void;
  /** The connection ended permanently. */
  onEnd(error: ConnectionError): void;
  /** A publication in the reply channel. */
  onReply(data: unknown): void;
}

/**
 * The reason why a message was not published. Without a code, the connection broke or Centrifugo did not reply: the
 * message may have been published.
 */
export interface PublishFailure {
  readonly code: number | undefined;
  readonly reason: string;
}

/** A connection, from `open` to `close`, across all reconnects. */
export class Link {
  readonly #target: Target;
  readonly #listener: LinkListener;
  readonly #sdk: Centrifuge;
  /** The last error of the WebSocket, which the SDK does not report. */
  #socketError = '';
  #closed = false;

  constructor(target: Target, listener: LinkListener) {
    this.#target = target;
    this.#listener = listener;
    const { token } = target;
    this.#sdk = new Centrifuge(target.url, {
      name: 'centrifugo-rpc',
      websocket: this.#listenedTo(target.websocket),
      timeout: COMMAND_TIMEOUT_MS,
      minReconnectDelay: MIN_RECONNECT_DELAY_MS,
      maxReconnectDelay: MAX_RECONNECT_DELAY_MS,
      ...(typeof token === 'string' ? { token } : { getToken: () => this.#freshToken(token) }),
    });
    this.#listen();
  }

  /** Starts connecting and subscribing to the reply channel. */
  open(): void {
    this.#sdk.connect();
  }

  /**
   * Publishes `data` once, without retries: a retry could run a method twice. Never rejects; `undefined` means success.
   */
  async publish(channel: string, data: unknown): Promise<PublishFailure | undefined> {
    try {
      await this.#sdk.publish(channel, data);
      return undefined;
    } catch (error) {
      const { code, message } = error as { code?: number; message?: string };
      // Codes below 100 are those of the SDK.
      return { code: code !== undefined && code >= 100 ? code : undefined, reason: message ?? '' };
    }
  }

  /** Whether messages can be published, even if the reply channel is not subscribed. */
  get isConnected(): boolean {
    return !this.#closed && this.#sdk.state === 'connected';
  }

  /** Ends the connection. The listener gets no further events. */
  close(): void {
    this.#closed = true;
    this.#sdk.disconnect();
  }

  #listen(): void {
    const { shownUrl, token } = this.#target;
    if (typeof token !== 'string') {
      // Otherwise the SDK would request a new token only after the old one has expired.
      this.#sdk.on('connecting', this.#heard(() => this.#sdk.setToken('')));
    }
    this.#sdk.on('error', this.#heard(({ type, error }) => this.#onError(type, error.code, error.message)));
    this.#sdk.on('disconnected', this.#heard(({ code, reason }) => this.#end(disconnection(shownUrl, code, reason))));
    this.#subscribe(undefined);
  }

  /** Subscribes to the reply channel and stays subscribed. The replies after `since` come first. */
  #subscribe(since: StreamPosition | undefined): void {
    const { user, replyChannel } = this.#target;
    const replies = this.#sdk.newSubscription(replyChannel, {
      recoverable: true,
      minResubscribeDelay: MIN_RECONNECT_DELAY_MS,
      maxResubscribeDelay: MAX_RECONNECT_DELAY_MS,
      ...(since === undefined ? {} : { since }),
    });
    let readsAgain = since !== undefined;
    let isReplaced = false;
    replies.on('subscribed', this.#heard(({ wasRecovering, recovered, streamPosition }) => {
      const isComplete = !wasRecovering || recovered;
      const again = readsAgain;
      readsAgain = false;
      if (isComplete || again || streamPosition === undefined) {
        this.#listener.onUp(isComplete && !again);
        return;
      }
      // Centrifugo cannot continue from the last reply, so the client reads all replies that it has: in a new stream,
      // after a restart with the memory engine, the replies since the restart; in the old stream, the newest ones,
      // because more replies were missed than the history keeps.
      isReplaced = true;
      this.#sdk.removeSubscription(replies);
      this.#subscribe({ ...streamPosition, offset: Math.max(0, streamPosition.offset - KEPT_REPLIES) });
    }));
    replies.on('subscribing', this.#heard(({ code, reason }) => this.#listener.onDown(code, reason)));
    replies.on('unsubscribed', this.#heard(({ code, reason }) => {
      if (!isReplaced) this.#end(subscribeRefusal(replyChannel, user, code, reason));
    }));
    replies.on('publication', this.#heard(({ data }) => this.#listener.onReply(data)));
    replies.on('error', this.#heard(({ error }) => {
      const message = `the reply channel \`${replyChannel}\` cannot be subscribed: ${error.message}`;
      this.#listener.onTrouble(new ConnectionError('setup', message));
    }));
    replies.subscribe();
  }

  /** Returns `handle` as a listener that ignores events after `close`. */
  #heard<E>(handle: (event: E) => void): (event: E) => void {
    return (event) => {
      if (!this.#closed) handle(event);
    };
  }

  /** Reports a failed attempt to connect. The SDK tries again, unless `disconnected` follows. */
  #onError(type: string, code: number, message: string): void {
    const { shownUrl } = this.#target;
    switch (type) {
      case 'connect':
        this.#listener.onTrouble(connectRefusal(shownUrl, code, message));
        break;
      case 'transport': {
        const why = this.#socketError === '' ? message : this.#socketError;
        const hint = `check the URL, by default it ends in \`/connection/websocket\`, and that Centrifugo runs${allowsOrigin()}`;
        this.#listener.onTrouble(new ConnectionError('unreachable', `cannot connect to ${shownUrl}: ${why}: ${hint}`));
        break;
      }
      default:
        // `#freshToken` reports errors of tokens, with their cause.
        break;
    }
  }

  async #freshToken(source: () => string | Promise<string>): Promise<string> {
    let token: string;
    try {
      token = await source();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const failed = new ConnectionError('other', `the token function failed: ${reason}`, error);
      if (error instanceof UnauthorizedError) return this.#endWithoutToken(failed);
      if (!this.#closed) this.#listener.onTrouble(failed);
      throw error;
    }
    if (typeof token !== 'string' || token === '') {
      const message = 'the token function gave no token: let it throw `UnauthorizedError` if there will be none, and any other error to be asked again';
      return this.#endWithoutToken(new ConnectionError('config', message));
    }
    const flaw = tokenFlaw(token, this.#target.user);
    if (flaw !== undefined) return this.#endWithoutToken(new ConnectionError('config', flaw));
    return token;
  }

  #endWithoutToken(error: ConnectionError): never {
    this.#end(error);
    throw new NoToken('');
  }

  #end(error: ConnectionError): void {
    if (!this.#closed) this.#listener.onEnd(error);
  }

  #listenedTo(websocket: WebSocketConstructor): WebSocketConstructor {
    const heard = (event: { message?: unknown }): void => {
      this.#socketError = typeof event.message === 'string' ? event.message : '';
    };
    return class {
      constructor(url: string, protocols?: string) {
        const socket = protocols === undefined ? new websocket(url) : new websocket(url, protocols);
        (socket as Partial<Pick<EventTarget, 'addEventListener'>>).addEventListener?.('error', heard as (event: unknown) => void);
        return socket;
      }
    };
  }
}

/** A hint for pages: browsers do not report that Centrifugo refused the origin. */
function allowsOrigin(): string {
  const { location } = globalThis as { location?: { origin?: string } };
  return location?.origin === undefined ? '' : ` with \`${location.origin}\` among its \`client.allowed_origins\``;
}
