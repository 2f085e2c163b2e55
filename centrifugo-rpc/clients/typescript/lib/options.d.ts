/**
 * A constructor of WebSockets: the global one of browsers, Deno, Bun and Node 22 or later, or `WebSocket` of the
 * package `ws`.
 */
export type WebSocketConstructor = new (url: string, protocols?: string) => object;
/**
 * Options of a client. The names of channels and the message size limit must match Centrifugo's configuration and the
 * workers.
 */
export interface ClientOptions {
    /** The timeout of calls without their own, in milliseconds; at most a day. Default: 30 000, as at the workers. */
    readonly timeoutMs?: number | undefined;
    /**
     * How long `connect` tries, in milliseconds; with `Infinity`, until it succeeds. After the first connection, the
     * client never stops trying to reconnect. Default: 10 000.
     */
    readonly connectTimeoutMs?: number | undefined;
    /** The channel that requests are published into. Default: `rpc:requests`. */
    readonly requestChannel?: string | undefined;
    /** The namespace of reply channels. Default: `reply`. */
    readonly replyNamespace?: string | undefined;
    /**
     * Centrifugo's `websocket.message_size_limit`, in bytes. The client itself answers a request over the limit with 413:
     * Centrifugo would end the connection. Default: 65 536, as in Centrifugo.
     */
    readonly messageSizeLimit?: number | undefined;
    /**
     * The constructor of WebSockets. Default: the global one; Node before 22 has none and needs that of the package `ws`.
     */
    readonly websocket?: WebSocketConstructor | undefined;
    /** Receives events of the connection, and ignored replies, for logs. Default: none. */
    readonly onEvent?: ((event: ClientEvent) => void) | undefined;
}
/** Options of one call. */
export interface CallOptions {
    /** The timeout of the call, in milliseconds; at most a day. Default: that of the client. */
    readonly timeoutMs?: number | undefined;
    /**
     * Cancels the call: the client asks the worker to stop the method, and the call rejects with the reason of the
     * signal.
     */
    readonly signal?: AbortSignal | undefined;
    /** The W3C trace context of the call, like `00-<trace id>-<span id>-01`. The worker receives it unchanged. */
    readonly traceparent?: string | undefined;
}
/**
 * The state of a client: `idle` before the first `connect`; `connecting`, for the first time or again; `connected`;
 * `closed`, by `close` or because the connection ended permanently. `connect` starts an `idle` or `closed` client.
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'closed';
/** An event of the connection, or an ignored reply. */
export type ClientEvent = 
/**
 * Connected. `recovered` is false if Centrifugo could not continue from the last reply. The client then reads all
 * replies that Centrifugo still has; calls whose reply is lost run into their timeout.
 */
{
    readonly type: 'connected';
    readonly recovered: boolean;
    readonly pendingCalls: number;
}
/** The connection is lost; the client reconnects. */
 | {
    readonly type: 'disconnected';
    readonly code: number;
    readonly reason: string;
    readonly pendingCalls: number;
}
/** An attempt to connect failed; the client tries again. */
 | {
    readonly type: 'trouble';
    readonly error: Error;
}
/** The client ended permanently. */
 | {
    readonly type: 'ended';
    readonly error: Error;
}
/** A reply was ignored: it is malformed, or no call waits for it (any more). */
 | {
    readonly type: 'ignored-reply';
    readonly reason: 'malformed' | 'unknown';
    readonly correlationId: string | undefined;
};
/** Options with all defaults filled in. */
export interface Settings {
    readonly timeoutMs: number;
    readonly connectTimeoutMs: number;
    readonly requestChannel: string;
    readonly replyNamespace: string;
    readonly messageSizeLimit: number;
    readonly websocket: WebSocketConstructor;
    readonly onEvent: (event: ClientEvent) => void;
}
/** Fills in the defaults. Throws a `ConfigError` that names the first option that cannot work. */
export declare function settings(options: ClientOptions): Settings;
/** Returns `timeoutMs`. Throws a `ConfigError` unless it is a positive number. */
export declare function checkTimeout(name: string, timeoutMs: number): number;
/** Returns `url` as messages show it: without user, password, query and fragment, which may contain secrets. */
export declare function checkUrl(url: string): string;
