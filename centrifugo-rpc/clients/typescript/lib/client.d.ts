import type { ConnectionError } from './errors.js';
import type { CallOptions, ClientOptions, ClientState } from './options.js';
import type { TokenSource } from './token.js';
/** The interface through which typed clients call methods. */
export interface Caller {
    call(method: string, params?: unknown, options?: CallOptions): Promise<unknown>;
    notify(method: string, params?: unknown, options?: CallOptions): Promise<void>;
}
/**
 * Calls methods of a service, over one WebSocket to Centrifugo.
 *
 * A call ends exactly once: with its result, an error reply, a timeout, its signal, or the end of the client.
 *
 * - **Deadline.** The request contains the timeout, and the worker stops the method at the deadline with 408. The
 *   client waits a tenth of the timeout longer, at least 250 ms and at most 1 s, so that this reply usually arrives: an
 *   `RpcTimeoutError` means that no reply arrived at all.
 * - **Cancellation.** When the signal of a call is aborted, the client asks the worker to stop the method.
 * - **Lost connections.** The client reconnects for as long as it lives. Calls in flight survive: replies that were
 *   sent during the outage are recovered. Calls made during the outage wait for the connection, within their timeout.
 * - **At most once.** A request is published once. If the connection breaks before Centrifugo confirms the request, the
 *   client cannot tell whether a worker received it: the call then waits for a reply until its timeout.
 * - **Batching.** Requests of the same moment are sent as one publication if the workers can read batches, which the
 *   client knows once it has received a batch over the same connection. No request is delayed to fill a batch, and each
 *   call of a batch ends on its own.
 */
export declare class CentrifugoRPCClient implements Caller {
    /** The ID of the user that makes the calls. */
    readonly user: string;
    /**
     * `url` is Centrifugo's WebSocket endpoint, like `wss://rt.example.com/connection/websocket`. `token` is a connection
     * token or a function that returns one. `user` is the `sub` claim of the tokens: Centrifugo's user ID of this client.
     *
     * Throws a `ConfigError` for arguments that cannot work.
     */
    constructor(url: string, token: TokenSource, user: string, options?: ClientOptions);
    /**
     * Connects and subscribes to the reply channel. Rejects with a `ConnectionError` if Centrifugo refuses the connection
     * or the subscription, or if there is no connection after `connectTimeoutMs`; the message names the fix. A client
     * that failed to connect may try again.
     */
    connect(): Promise<void>;
    /**
     * Closes the connection. Calls in flight reject with a `ConnectionError` at once. The client asks their workers to
     * stop the methods, which takes at most about a second.
     */
    close(): Promise<void>;
    /**
     * The channel of this client's replies. The random session ID in its name is that of this object, for all its life.
     */
    get replyChannel(): string;
    /** The current state. There is no need to check it before a call: calls wait for the connection. */
    get state(): ClientState;
    /** The reason why the client is `closed`; `undefined` in other states. */
    get endReason(): ConnectionError | undefined;
    /** The number of calls in flight. */
    get pendingCalls(): number;
    /** Calls `watcher` with each new state. Returns the function that removes `watcher` again. */
    onState(watcher: (state: ClientState) => void): () => void;
    /** Calls `method` and resolves with its result, unchecked. */
    call(method: string, params?: unknown, options?: CallOptions): Promise<unknown>;
    /**
     * Notifies `method`: the method runs, and there is no reply. Resolves when Centrifugo has accepted the notification.
     * If the connection breaks before that, the promise rejects, and whether Centrifugo accepted the notification is
     * unknown.
     */
    notify(method: string, params?: unknown, options?: CallOptions): Promise<void>;
}
