// The implementation of `CentrifugoRPCClient`: its calls and its connection, and the state of both.

import { reasonOf } from './abort.js';
import { Batcher } from './batcher.js';
import { CancelQueue } from './cancel_queue.js';
import { Connection, type ConnectionListener } from './connection.js';
import { ConfigError, ConnectionError } from './errors.js';
import {
  type CallOptions,
  type ClientEvent,
  type ClientOptions,
  type ClientState,
  type Settings,
  checkTimeout,
  checkUrl,
  settings,
} from './options.js';
import { Call, Pending } from './pending.js';
import { ReplyChannel, type ReplyListener } from './reply_channel.js';
import { after } from './timer.js';
import { type TokenSource, checkUser, tokenFlaw } from './token.js';
import { checkRandom, uuid } from './uuid.js';
import { type Reply, Request } from './wire.js';

/** The limit of time for the last cancels of a client. */
const LINGER_MS = 1000;

export class Session {
  readonly #user: string;
  readonly #url: string;
  readonly #shownUrl: string;
  readonly #token: TokenSource;
  readonly #settings: Settings;
  readonly #pending = new Pending();
  readonly #batcher: Batcher;
  readonly #cancels: CancelQueue;
  readonly #watchers = new Set<(state: ClientState) => void>();
  #replyChannel: string | undefined;
  #state: ClientState = 'idle';
  #connection: Connection | undefined;
  /** The last error while there is no connection. */
  #trouble: ConnectionError | undefined;
  #endReason: ConnectionError | undefined;
  #connecting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(url: string, token: TokenSource, user: string, options: ClientOptions) {
    this.#shownUrl = checkUrl(url);
    checkUser(user);
    if (typeof token !== 'string' && typeof token !== 'function') {
      throw new ConfigError('the token is neither a string nor a function that gets one');
    }
    const flaw = typeof token === 'string' ? tokenFlaw(token, user) : undefined;
    if (flaw !== undefined) throw new ConfigError(flaw);
    this.#settings = settings(options);
    this.#url = url;
    this.#token = token;
    this.#user = user;
    const { requestChannel, messageSizeLimit } = this.#settings;
    const replyTo = (): string => this.replyChannel;
    this.#batcher = new Batcher({ requestChannel, messageSizeLimit, user, replyTo });
    this.#cancels = new CancelQueue(requestChannel, replyTo);
    checkRandom();
  }

  // The session ID is drawn at the first use: Next.js renders pages in advance, and forbids random values meanwhile.
  get replyChannel(): string {
    return (this.#replyChannel ??= `${this.#settings.replyNamespace}:${uuid()}#${this.#user}`);
  }

  connect(): Promise<void> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close().finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  get state(): ClientState {
    return this.#state;
  }

  get endReason(): ConnectionError | undefined {
    return this.#endReason;
  }

  get pendingCalls(): number {
    return this.#pending.size;
  }

  onState(watcher: (state: ClientState) => void): () => void {
    // A function of its own for each call: a watcher that is added twice is called twice, and removed one at a time.
    const own = (state: ClientState): void => watcher(state);
    this.#watchers.add(own);
    return () => {
      this.#watchers.delete(own);
    };
  }

  /** Calls or notifies `method`. The promise of a notification resolves once Centrifugo has accepted it. */
  start(method: string, params: unknown, options: CallOptions, expectsReply: boolean): Promise<unknown> {
    const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? this.#settings.timeoutMs);
    if (options.signal?.aborted === true) throw reasonOf(options.signal);
    const request = new Request(method, params, options.traceparent);
    if (this.#connection === undefined) {
      const why = this.#endReason?.message ?? 'the client is not connected: call `connect` first';
      throw new ConnectionError(this.#endReason?.kind ?? 'closed', why, this.#endReason);
    }
    const call = new Call(method, timeoutMs, expectsReply, options, (over, abandoned) => {
      this.#pending.remove(over);
      this.#batcher.remove(over);
      if (abandoned) this.#cancels.add(over.id);
    });
    this.#pending.add(call);
    this.#batcher.add(call, request);
    return call.promise;
  }

  async #connect(): Promise<void> {
    if (this.#closing !== undefined) await this.#closing;
    const isFirst = this.#connection === undefined;
    if (isFirst) this.#open();
    let stopTimer = (): void => undefined;
    let unwatch = (): void => undefined;
    const connected = new Promise<void>((resolve, reject) => {
      const look = (state: ClientState): void => {
        if (state === 'connected') resolve();
        if (state === 'closed') reject(this.#endReason);
      };
      unwatch = this.onState(look);
      const giveUp = (): void => {
        const error = this.#trouble ?? this.#noConnection();
        // A client that was connected before continues to reconnect.
        if (isFirst) this.#end(error)?.close();
        else reject(error);
      };
      stopTimer = after(this.#settings.connectTimeoutMs, giveUp);
      look(this.#state);
    });
    await connected.finally(() => {
      stopTimer();
      unwatch();
    });
  }

  #open(): void {
    this.#trouble = undefined;
    this.#endReason = undefined;
    const target = {
      url: this.#url,
      shownUrl: this.#shownUrl,
      user: this.#user,
      token: this.#token,
      websocket: this.#settings.websocket,
    };
    const listener: ConnectionListener & ReplyListener = {
      onReady: (complete) => this.#onReady(connection, complete),
      onInterrupted: (code, reason) => this.#onInterrupted(code, reason),
      onTrouble: (error) => {
        this.#trouble = error;
        this.#emit({ type: 'trouble', error });
      },
      onEnd: (error) => this.#end(error)?.close(),
      onReplies: (replies, areBatched) => {
        if (areBatched) this.#batcher.gather();
        for (const reply of replies) this.#take(reply);
      },
    };
    const connection = new Connection(target, listener);
    this.#connection = connection;
    this.#enter('connecting');
    new ReplyChannel(connection, this.replyChannel, this.#user, listener).open();
    connection.open();
  }

  #noConnection(): ConnectionError {
    const { connectTimeoutMs } = this.#settings;
    const message = `no connection to ${this.#shownUrl} within ${connectTimeoutMs} ms: check the URL and that Centrifugo runs`;
    return new ConnectionError('unreachable', message);
  }

  async #close(): Promise<void> {
    // Requests made before `close` are sent before it.
    this.#batcher.flush();
    const connection = this.#end(new ConnectionError('closed', 'the client is closed'));
    if (connection === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const lingered = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LINGER_MS);
    });
    await Promise.race([this.#cancels.drain(connection), lingered]);
    clearTimeout(timer);
    connection.close();
  }

  /** Ends all calls. Returns the connection, which the caller closes. */
  #end(error: ConnectionError): Connection | undefined {
    const connection = this.#connection;
    if (connection === undefined) return undefined;
    this.#connection = undefined;
    this.#endReason = error;
    this.#holdBack();
    this.#cancels.keep(this.#pending.end(error));
    this.#enter('closed');
    this.#emit({ type: 'ended', error });
    return connection;
  }

  #onReady(connection: Connection, recovered: boolean): void {
    this.#trouble = undefined;
    this.#cancels.open(connection);
    this.#batcher.open(connection);
    this.#enter('connected');
    this.#emit({ type: 'connected', recovered, pendingCalls: this.#pending.size });
  }

  #onInterrupted(code: number, reason: string): void {
    if (this.#state !== 'connected') return;
    this.#holdBack();
    this.#enter('connecting');
    this.#emit({ type: 'disconnected', code, reason, pendingCalls: this.#pending.size });
  }

  #holdBack(): void {
    this.#batcher.close();
    this.#cancels.close();
  }

  #take(reply: Reply | undefined): void {
    if (reply === undefined) {
      this.#emit({ type: 'ignored-reply', reason: 'malformed', correlationId: undefined });
    } else if (!this.#pending.take(reply)) {
      this.#emit({ type: 'ignored-reply', reason: 'unknown', correlationId: reply.correlationId });
    }
  }

  #enter(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const watcher of [...this.#watchers]) guarded(() => watcher(state));
  }

  #emit(event: ClientEvent): void {
    guarded(() => this.#settings.onEvent(event));
  }
}

/**
 * Runs a callback of the program. An exception of the callback becomes an uncaught one, and does not stop the client.
 */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
