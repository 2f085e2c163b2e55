import type { ConnectionError } from './errors.js';
import type { CallOptions, ClientOptions } from './options.js';
import type { TokenSource } from './token.js';
/**
 * `idle`, not connected yet; `connecting`, for the first time or again; `connected`; `closed`, by `close` or because Centrifugo ended
 * the connection for good. `connect` starts an `idle` or `closed` client.
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'closed';
/** What typed clients call methods with. */
export interface Caller {
    call(method: string, params?: unknown, options?: CallOptions): Promise<unknown>;
    notify(method: string, params?: unknown, options?: CallOptions): Promise<void>;
}
/**
 * Calls methods of workers, over one WebSocket to Centrifugo.
 *
 * A call ends exactly once: with its result, the worker's error, a timeout, its signal, or the end of the client.
 *
 * - **Deadline.** The worker is told the timeout and ends the method by then with 408. The caller waits a tenth of it longer, at
 *   least 250 ms and at most 1 s, so that this answer usually arrives: an `RpcTimeoutError` means that nobody answered.
 * - **Cancellation.** When the signal of a call is aborted, the worker is told to stop the method.
 * - **Lost connections.** The client reconnects for as long as it lives. Calls under way go on: replies sent meanwhile are recovered.
 *   Calls made meanwhile wait for the connection, within their timeout.
 * - **At most once.** A request is published once. If the connection breaks before Centrifugo confirms, nobody knows whether a worker
 *   has it: the call then waits for a reply until its timeout.
 * - **Together.** Requests made in the same moment go out as one publication where the workers can read that: where, over the same
 *   connection, replies came that way. Nothing waits for company, and each call has its own end.
 */
export declare class CentrifugoRPCClient implements Caller {
    /** The ID of the user whose calls these are. */
    readonly user: string;
    /**
     * `url` is Centrifugo's WebSocket endpoint, like `wss://rt.example.com/connection/websocket`. `token` is a connection token or a
     * function that gets one. `user` is the `sub` claim of the tokens: the user that Centrifugo takes this client for.
     *
     * Throws a `ConfigError` for arguments that cannot work.
     */
    constructor(url: string, token: TokenSource, user: string, options?: ClientOptions);
    /**
     * Connects and subscribes to the reply channel. Rejects with a `ConnectionError` if Centrifugo refuses, or if there is no connection
     * after `connectTimeoutMs`; the message says what to do. A client that failed to connect may try again.
     */
    connect(): Promise<void>;
    /**
     * Closes the connection. Calls under way reject with a `ConnectionError` at once, and their workers are told to stop, which takes at
     * most about a second.
     */
    close(): Promise<void>;
    /** The channel of this client's replies. Its random session is kept as long as the object lives. */
    get replyChannel(): string;
    /** Whether there is a connection at this moment. Calls need not ask: they wait for it. */
    get state(): ClientState;
    /** Why the client is `closed`, while it is. */
    get endReason(): ConnectionError | undefined;
    /** How many calls are under way. */
    get pendingCalls(): number;
    /** Tells `watcher` every new state. Returns the function that ends this. */
    onState(watcher: (state: ClientState) => void): () => void;
    /** Calls `method`, and resolves with its result as it is on the wire. */
    call(method: string, params?: unknown, options?: CallOptions): Promise<unknown>;
    /**
     * Notifies `method`: it runs, and nothing is answered. Resolves when Centrifugo has taken the notification. If the connection breaks
     * meanwhile it rejects, and nobody knows whether it was taken.
     */
    notify(method: string, params?: unknown, options?: CallOptions): Promise<void>;
}
