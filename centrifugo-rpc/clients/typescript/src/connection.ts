// The connection to Centrifugo, and the only user of the SDK. It carries publications and any number of subscriptions,
// and knows nothing about requests and replies. It reports its events to a `ConnectionListener`.

import { ConnectionError, UnauthorizedError } from './errors.js';
import type { WebSocketConstructor } from './options.js';
import { connectRefusal, disconnection } from './refusal.js';
import { Centrifuge, NoToken, type StreamPosition } from './sdk.js';
import { type TokenSource, tokenFlaw } from './token.js';

/**
 * The SDK's timeout for Centrifugo's reply to one command. All missed publications arrive in one message, behind other
 * queued data. On a slow link this can take as long as the `websocket.write_timeout` that `centrifugo_config` prints.
 */
export const COMMAND_TIMEOUT_MS = 30_000;
// Calls wait for the connection: the delays are short, so that it is back soon after Centrifugo is.
const MIN_RECONNECT_DELAY_MS = 200;
const MAX_RECONNECT_DELAY_MS = 5_000;

/** The endpoint, the user and the settings of a connection. */
export interface Target {
  readonly url: string;
  /** The URL for messages, without secrets. */
  readonly shownUrl: string;
  readonly user: string;
  readonly token: TokenSource;
  readonly websocket: WebSocketConstructor;
}

/** Receives the events of a connection. Its methods must not throw: the SDK would end the connection. */
export interface ConnectionListener {
  /** An attempt to connect failed; the connection tries again. */
  onTrouble(error: ConnectionError): void;
  /** The connection ended permanently. */
  onEnd(error: ConnectionError): void;
}

/** Receives the events of a subscription, until it is closed. Its methods must not throw, either. */
export interface SubscriptionListener {
  /** The channel is subscribed, for the first time or again. */
  onSubscribed(subscribed: Subscribed): void;
  /** The subscription is interrupted, in most cases with the connection. The connection subscribes again. */
  onInterrupted(code: number, reason: string): void;
  /** The data of a publication, for `read` of `sdk.ts`. */
  onData(data: unknown): void;
  /** An attempt to subscribe failed; the connection tries again. */
  onTrouble(reason: string): void;
  /** Centrifugo ended the subscription permanently, and the connection goes on. */
  onEnd(code: number, reason: string): void;
}

/** The state of a new subscription, or of one that was interrupted. */
export interface Subscribed {
  /** False if publications since the last position may be missing. */
  readonly isComplete: boolean;
  /** A position in the stream of the channel; `undefined` if Centrifugo keeps no history of it. */
  readonly position: StreamPosition | undefined;
}

/** A subscription, from `subscribe` to `close`, across all reconnects. */
export interface Subscription {
  /** Ends the subscription. The listener gets no further events, and the channel may be subscribed again. */
  close(): void;
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
export class Connection {
  readonly #target: Target;
  readonly #listener: ConnectionListener;
  readonly #sdk: Centrifuge;
  /** The last error of the WebSocket, which the SDK does not report. */
  #socketError = '';
  #closed = false;

  constructor(target: Target, listener: ConnectionListener) {
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

  /** Starts connecting. */
  open(): void {
    this.#sdk.connect();
  }

  /**
   * Publishes `data` once, without retries: a retry could publish it twice. Never rejects; `undefined` means success.
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

  /**
   * Subscribes to `channel` once there is a connection, and stays subscribed. The publications after `since` come
   * first; without it, those after the first subscription. A connection has one subscription to a channel at a time.
   */
  subscribe(channel: string, listener: SubscriptionListener, since?: StreamPosition): Subscription {
    let isOpen = true;
    const heard = <E>(handle: (event: E) => void): ((event: E) => void) =>
      this.#heard((event: E) => {
        if (isOpen) handle(event);
      });
    const subscription = this.#sdk.newSubscription(channel, {
      recoverable: true,
      minResubscribeDelay: MIN_RECONNECT_DELAY_MS,
      maxResubscribeDelay: MAX_RECONNECT_DELAY_MS,
      ...(since === undefined ? {} : { since }),
    });
    const close = (): void => {
      isOpen = false;
      this.#sdk.removeSubscription(subscription);
    };
    subscription.on('subscribed', heard(({ wasRecovering, recovered, streamPosition }) => {
      listener.onSubscribed({ isComplete: !wasRecovering || recovered, position: streamPosition });
    }));
    subscription.on('publication', heard(({ data }) => listener.onData(data)));
    subscription.on('error', heard(({ error }) => listener.onTrouble(error.message)));
    subscription.on('unsubscribed', heard(({ code, reason }) => {
      close();
      listener.onEnd(code, reason);
    }));
    subscription.subscribe();
    // From here on: the first attempt to subscribe is not an interruption.
    subscription.on('subscribing', heard(({ code, reason }) => listener.onInterrupted(code, reason)));
    return { close };
  }

  /** Whether messages can be published, even if no channel is subscribed. */
  get isConnected(): boolean {
    return !this.#closed && this.#sdk.state === 'connected';
  }

  /** Ends the connection with its subscriptions. The listeners get no further events. */
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
