import { reasonOf } from './abort.js';
import { Call, type Reply, isBatch, readReplies } from './calls.js';
import type { ClientState } from './client.js';
import { ConfigError, ConnectionError } from './errors.js';
import { Link } from './connection.js';
import { type CallOptions, type ClientEvent, type ClientOptions, type Settings, checkTimeout, checkUrl, settings } from './options.js';
import { publishRefusal } from './refusal.js';
import { type Outgoing, Request, cancel, gather, publication, tooLarge } from './wire.js';
import { after } from './timer.js';
import { type TokenSource, checkUser, tokenFlaw } from './token.js';
import { checkRandom, uuid } from './uuid.js';
import { read, toData } from './sdk.js';

/** The limit of queued cancels. Further ones are dropped: their methods run until the deadline. */
const MAX_CANCELS = 16 * 1024;
/** The limit of time for the last cancels of a client. */
const LINGER_MS = 1000;

/** The implementation of `CentrifugoRPCClient`: its calls and its connection. */
export class Session {
  readonly #user: string;
  readonly #url: string;
  readonly #shownUrl: string;
  readonly #token: TokenSource;
  readonly #settings: Settings;
  readonly #calls = new Map<string, Call>();
  /** Requests that wait for the connection, or for other requests of the same moment, in order. */
  readonly #unsent = new Map<Call, Request>();
  /** The IDs of the calls to cancel at their workers, once there is a connection. */
  readonly #cancels: string[] = [];
  readonly #watchers = new Set<(state: ClientState) => void>();
  #replyChannel: string | undefined;
  #state: ClientState = 'idle';
  /** Whether requests may be batched: a worker that sends batches, as seen over this connection, also reads them. */
  #mayGather = false;
  #link: Link | undefined;
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
    return this.#calls.size;
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
    if (this.#link === undefined) {
      const why = this.#endReason?.message ?? 'the client is not connected: call `connect` first';
      throw new ConnectionError(this.#endReason?.kind ?? 'closed', why, this.#endReason);
    }
    const call = new Call(method, timeoutMs, expectsReply, options, (over, abandoned) => {
      this.#calls.delete(over.id);
      this.#unsent.delete(over);
      if (abandoned) this.#cancel(over.id);
    });
    this.#calls.set(call.id, call);
    this.#unsent.set(call, request);
    const { requestChannel, messageSizeLimit } = this.#settings;
    const refused = tooLarge(request.message(call, this.replyChannel), requestChannel, messageSizeLimit);
    if (refused !== undefined) call.fail(refused);
    if (!this.#mayGather) this.#sendUnsent();
    // The first request takes along all others of the same moment.
    else if (this.#unsent.size === 1) queueMicrotask(() => this.#sendUnsent());
    return call.promise;
  }

  async #connect(): Promise<void> {
    if (this.#closing !== undefined) await this.#closing;
    const isFirst = this.#link === undefined;
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
      replyChannel: this.replyChannel,
      websocket: this.#settings.websocket,
    };
    const link = new Link(target, {
      onUp: (complete) => this.#onUp(complete),
      onDown: (code, reason) => this.#onDown(code, reason),
      onTrouble: (error) => {
        this.#trouble = error;
        this.#emit({ type: 'trouble', error });
      },
      onEnd: (error) => this.#end(error)?.close(),
      onReply: (data) => this.#onReply(data),
    });
    this.#link = link;
    this.#enter('connecting');
    link.open();
  }

  #noConnection(): ConnectionError {
    const { connectTimeoutMs } = this.#settings;
    const message = `no connection to ${this.#shownUrl} within ${connectTimeoutMs} ms: check the URL and that Centrifugo runs`;
    return new ConnectionError('unreachable', message);
  }

  async #close(): Promise<void> {
    // Requests made before `close` are sent before it.
    this.#sendUnsent();
    const link = this.#end(new ConnectionError('closed', 'the client is closed'));
    if (link === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const lingered = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LINGER_MS);
    });
    const told = link.isConnected ? this.#cancels.map((id) => this.#tellToStop(link, id)) : [];
    this.#cancels.length = 0;
    await Promise.race([Promise.all(told), lingered]);
    clearTimeout(timer);
    link.close();
  }

  /** Ends all calls. Returns the link, which the caller closes. */
  #end(error: ConnectionError): Link | undefined {
    const link = this.#link;
    if (link === undefined) return undefined;
    this.#link = undefined;
    this.#endReason = error;
    for (const call of [...this.#calls.values()]) {
      if (call.sent && call.expectsReply) this.#cancels.push(call.id);
      call.fail(new ConnectionError(error.kind, error.message, error));
    }
    this.#enter('closed');
    this.#emit({ type: 'ended', error });
    return link;
  }

  #sendUnsent(): void {
    const link = this.#link;
    if (link === undefined || this.#state !== 'connected') return;
    const outgoing: Outgoing[] = [];
    for (const [call, request] of [...this.#unsent]) {
      this.#unsent.delete(call);
      if (call.sending()) outgoing.push({ call, message: request.message(call, this.replyChannel) });
    }
    const { requestChannel, messageSizeLimit } = this.#settings;
    const publications = this.#mayGather ? gather(outgoing, requestChannel, messageSizeLimit) : outgoing.map((one) => [one]);
    for (const together of publications) void this.#send(link, together);
  }

  async #send(link: Link, together: readonly Outgoing[]): Promise<void> {
    const { requestChannel } = this.#settings;
    const failure = await link.publish(requestChannel, toData(publication(together)));
    for (const { call } of together) {
      if (failure?.code !== undefined) {
        call.fail(publishRefusal(requestChannel, this.#user, failure.code, failure.reason));
      } else if (!call.expectsReply) {
        if (failure === undefined) call.succeed(undefined);
        else call.fail(call.unconfirmed());
      }
      // Otherwise a reply may arrive, even to a request that was not confirmed.
    }
  }

  #cancel(id: string): void {
    if (this.#cancels.length < MAX_CANCELS) this.#cancels.push(id);
    this.#sendCancels();
  }

  #sendCancels(): void {
    const link = this.#link;
    if (link === undefined || this.#state !== 'connected') return;
    for (const id of this.#cancels.splice(0)) void this.#tellToStop(link, id);
  }

  async #tellToStop(link: Link, id: string): Promise<void> {
    // If the cancel is lost, the method runs until its deadline at most.
    await link.publish(this.#settings.requestChannel, toData(cancel(id, this.replyChannel)));
  }

  #onUp(recovered: boolean): void {
    this.#trouble = undefined;
    this.#enter('connected');
    this.#emit({ type: 'connected', recovered, pendingCalls: this.#calls.size });
    this.#sendCancels();
    this.#sendUnsent();
  }

  #onDown(code: number, reason: string): void {
    if (this.#state !== 'connected') return;
    this.#enter('connecting');
    this.#emit({ type: 'disconnected', code, reason, pendingCalls: this.#calls.size });
  }

  #onReply(data: unknown): void {
    let published: unknown;
    try {
      published = read(data);
    } catch {
      // Data that is not JSON is a malformed reply.
    }
    if (isBatch(published)) this.#mayGather = true;
    for (const reply of readReplies(published)) this.#take(reply);
  }

  #take(reply: Reply | undefined): void {
    if (reply === undefined) {
      this.#emit({ type: 'ignored-reply', reason: 'malformed', correlationId: undefined });
      return;
    }
    const { answer, correlationId } = reply;
    const call = this.#calls.get(correlationId);
    if (call === undefined || !call.sent) {
      this.#emit({ type: 'ignored-reply', reason: 'unknown', correlationId });
    } else if ('error' in answer) {
      call.fail(answer.error);
    } else {
      call.succeed(answer.result);
    }
  }

  #enter(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    // The next connection may have other workers behind it.
    this.#mayGather = false;
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
